package org.quantalang.bench.workload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** Resident memory, and what there is, as Linux counts them. */
public final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path MACHINE = Path.of("/proc/meminfo");

    /** Of control groups, version 2 and 1. */
    private static final List<Path> GROUP_LIMITS =
            List.of(
                    Path.of("/sys/fs/cgroup/memory.max"),
                    Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes"));

    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final int HEXADECIMAL = 16;
    private static final long KILOBYTE = 1024;

    /** Words of a mapping's first line without a file: addresses, rights, offset, device, inode. */
    private static final int ANONYMOUS_WORDS = 5;

    private record Mapping(long start, long end, boolean anonymous, long residentBytes) {}

    private ResidentMemory() {}

    /** The most that this process ever had resident (VmHWM); 0 on other systems. */
    public static long peakBytes() {
        return bytesNamed("VmHWM:", STATUS).orElse(0);
    }

    /**
     * What processes can still take before the system swaps or ends one of them, or the limit of
     * the control group if that is less; {@link Long#MAX_VALUE} on other systems.
     */
    public static long availableBytes() {
        long available = bytesNamed("MemAvailable:", MACHINE).orElse(Long.MAX_VALUE);
        for (Path limit : GROUP_LIMITS) {
            try {
                String text = Files.exists(limit) ? Files.readString(limit).strip() : "max";
                available =
                        text.equals("max") ? available : Math.min(available, Long.parseLong(text));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return available;
    }

    private static OptionalLong bytesNamed(String name, Path file) {
        if (!Files.exists(file)) {
            return OptionalLong.empty();
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .mapToLong(ResidentMemory::kilobytes)
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What is resident of the reservation around an address: the anonymous mapping that has it and
     * those that touch it on either side, since commits cut a reservation into several.
     */
    static long bytesAround(long address) {
        List<Mapping> all = mappings();
        int at = 0;
        while (at < all.size() && all.get(at).end() <= address) {
            at++;
        }
        if (at == all.size() || all.get(at).start() > address) {
            return 0;
        }
        int first = at;
        while (first > 0
                && all.get(first - 1).anonymous()
                && all.get(first - 1).end() == all.get(first).start()) {
            first--;
        }
        int last = at;
        while (last + 1 < all.size()
                && all.get(last + 1).anonymous()
                && all.get(last + 1).start() == all.get(last).end()) {
            last++;
        }
        return all.subList(first, last + 1).stream().mapToLong(Mapping::residentBytes).sum();
    }

    private static List<Mapping> mappings() {
        var mappings = new ArrayList<Mapping>();
        if (!Files.exists(MAPPINGS)) {
            return mappings;
        }
        String head = "";
        try {
            for (String line : Files.readAllLines(MAPPINGS)) {
                if (line.startsWith("Rss:")) {
                    mappings.add(mapping(head, kilobytes(line)));
                } else if (!Character.isUpperCase(line.charAt(0))) {
                    head = line;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return mappings;
    }

    private static Mapping mapping(String head, long residentBytes) {
        int dash = head.indexOf('-');
        int space = head.indexOf(' ');
        return new Mapping(
                Long.parseUnsignedLong(head, 0, dash, HEXADECIMAL),
                Long.parseUnsignedLong(head, dash + 1, space, HEXADECIMAL),
                head.trim().split("\\s+", -1).length == ANONYMOUS_WORDS,
                residentBytes);
    }

    /** The number in {@code Name: 123 kB}, in bytes. */
    private static long kilobytes(String line) {
        return Long.parseLong(line.split("\\s+", -1)[1]) * KILOBYTE;
    }
}
