package org.quantalang.memory;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Writes the numbers of every heap when it closes, and of those still open when the process ends,
 * if the environment variable {@value #VARIABLE} or the system property {@value #PROPERTY} asks for
 * it: {@code stderr}, or the name of a file, which is appended to. A heap is a line of JSON:
 *
 * <pre>{"pid":4711,"when":"close","numbers":{"heap":"heap","kind":"confined",...}}</pre>
 *
 * <p>{@code when} is {@code close} or {@code exit}. The numbers of a heap that another thread uses
 * at exit are about right.
 *
 * <p>Any thread; what is open is under one lock, which also keeps a heap from closing while its
 * numbers are taken at exit.
 */
final class NumbersOut {
    static final String VARIABLE = "QUANTA_HEAP_STATS";
    static final String PROPERTY = "quanta.heap.stats";

    private static final String STDERR = "stderr";
    private static final @Nullable String TARGET = target();

    /** By number, in the order in which they were opened. */
    private static final Map<Long, WeakReference<PayloadAccess>> OPEN = new HashMap<>();

    private static long opened;

    static {
        if (TARGET != null) {
            try {
                Runtime.getRuntime().addShutdownHook(new Thread(NumbersOut::atExit));
            } catch (IllegalStateException ending) {
                System.getLogger("org.quantalang.memory")
                        .log(
                                System.Logger.Level.WARNING,
                                "numbers of heaps that are open at exit are not written: first"
                                        + " heap was opened when the process was ending");
            }
        }
    }

    private NumbersOut() {}

    private static @Nullable String target() {
        String property = System.getProperty(PROPERTY);
        String target = property != null ? property : System.getenv(VARIABLE);
        return target == null || target.isBlank() ? null : target;
    }

    /** A heap opened; returns the number for {@link #closing}. */
    static long opened(PayloadAccess heap) {
        if (TARGET == null) {
            return 0;
        }
        synchronized (OPEN) {
            OPEN.values().removeIf(each -> each.refersTo(null));
            OPEN.put(++opened, new WeakReference<>(heap));
            return opened;
        }
    }

    /** A heap is about to close. */
    static void closing(long number, PayloadAccess heap) {
        if (TARGET == null) {
            return;
        }
        synchronized (OPEN) {
            OPEN.remove(number);
            write("close", heap);
        }
    }

    private static void atExit() {
        synchronized (OPEN) {
            OPEN.keySet().stream()
                    .sorted()
                    .map(OPEN::get)
                    .forEach(
                            each -> {
                                PayloadAccess heap = each == null ? null : each.get();
                                if (heap != null) {
                                    write("exit", heap);
                                }
                            });
        }
    }

    private static void write(String when, PayloadAccess heap) {
        try {
            String line =
                    String.format(
                            Locale.ROOT, // some have digits that are none in JSON
                            "{\"pid\":%d,\"when\":\"%s\",\"numbers\":%s}%n",
                            ProcessHandle.current().pid(),
                            when,
                            heap.numbersNow().toJson());
            if (STDERR.equals(TARGET)) {
                System.err.print(line);
            } else if (TARGET != null) {
                Files.write(
                        Path.of(TARGET),
                        line.getBytes(StandardCharsets.UTF_8),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            }
        } catch (IOException | RuntimeException failure) {
            System.getLogger("org.quantalang.memory")
                    .log(
                            System.Logger.Level.WARNING,
                            // Who asked for numbers knows the file; a stack would tell no more.
                            "numbers of a heap were not written: %s=%s cause=%s"
                                    .formatted(VARIABLE, TARGET, failure));
        }
    }
}
