package org.quantalang.bench.compare;

import java.util.List;
import java.util.Locale;

/**
 * A workload with parameters, for this runtime and for the programs in other languages.
 *
 * @param name as in tables
 * @param ours the arguments of {@code quanta bench}
 * @param theirs the arguments of the other programs, without the number of repetitions
 * @param units units of work in a repetition; 0 if the checksum tells
 * @param engines which engines stand in its table
 */
public record Row(
        String name, List<String> ours, List<String> theirs, long units, List<String> engines) {
    private static final List<String> COUNTING =
            List.of("c-plain", "c-mimalloc", "java-ffm", "nim-orc");
    private static final List<String> ALLOCATING =
            List.of("c-plain", "c-mimalloc", "java-ffm", "c-malloc");
    private static final List<String> COLLECTING =
            List.of(
                    "c-plain",
                    "c-local",
                    "nim-orc",
                    "jvm-g1-256m",
                    "jvm-g1",
                    "jvm-parallel",
                    "jvm-zgc",
                    "php-jit",
                    "cpython");
    private static final long MILLION = 1_000_000;

    /** All rows, in the order of the tables. */
    public static List<Row> all() {
        return List.of(
                row("counts-one", "counts --pattern one", "counts one 20000000", 20, COUNTING),
                row("counts-many", "counts --pattern many", "counts many 20000000", 20, COUNTING),
                alloc("lifo1"),
                alloc("lifo100"),
                alloc("fifo"),
                row("trees", "trees", "trees 18", 0, COUNTING),
                row("lru", "lru", "lru 50000 500000 2000000", 2, COUNTING),
                row("chain", "chain", "chain 10000000", 10, ALLOCATING),
                cycles("ring-100k", "ring", 10, 100_000, false, false),
                cycles("list-100k", "list", 10, 100_000, false, false),
                cycles("tree-100k", "tree", 15, 100_000, false, false),
                cycles("ring-100k-attached", "ring", 10, 100_000, true, false),
                cycles("ring-1M-attached", "ring", 10, 1_000_000, true, false),
                cycles("ring-1M-attached-root", "ring", 10, 1_000_000, true, true),
                mutate("mutate-100k", 100_000),
                mutate("mutate-1M", 1_000_000));
    }

    private static Row row(
            String name, String ours, String theirs, long millions, List<String> engines) {
        return new Row(
                name,
                List.of(ours.split(" ", -1)),
                List.of(theirs.split(" ", -1)),
                millions * MILLION,
                engines);
    }

    private static Row alloc(String pattern) {
        return row(
                "alloc-" + pattern,
                "alloc --pattern " + pattern,
                "alloc " + pattern + " 20000000 raw",
                20,
                ALLOCATING);
    }

    private static Row mutate(String name, int live) {
        return row(name, "mutate --live " + live, "mutate " + live + " 5000000", 5, COLLECTING);
    }

    private static Row cycles(
            String name, String shape, int size, int live, boolean attached, boolean root) {
        String ours =
                String.format(
                        Locale.ROOT,
                        "cycles --shape %s --size %d --live %d%s%s",
                        shape,
                        size,
                        live,
                        attached ? " --attached" : "",
                        root ? " --held root" : "");
        String theirs =
                String.format(
                        Locale.ROOT,
                        "cycles %s %d %d 10000000 %s %s",
                        shape,
                        size,
                        live,
                        attached ? "attached" : "isolated",
                        root ? "root" : "table");
        return row(name, ours, theirs, 10, COLLECTING);
    }
}
