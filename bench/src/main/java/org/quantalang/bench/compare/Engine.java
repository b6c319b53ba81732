package org.quantalang.bench.compare;

import java.util.List;
import java.util.Set;

/**
 * A program that runs workloads.
 *
 * @param name as in tables and on the command line
 * @param executable the file in {@code bench/peers/build}, or a command on the path
 * @param prefix arguments before those of the workload
 * @param workloads the workloads it can run
 * @param repetitions how often it repeats a workload in a process; the first is cold
 */
public record Engine(
        String name,
        String executable,
        List<String> prefix,
        Set<String> workloads,
        int repetitions) {
    /** This runtime. */
    public static final String QUANTA = "quanta";

    private static final int NATIVE_REPETITIONS = 4;
    private static final int INTERPRETER_REPETITIONS = 2;
    private static final Set<String> ALL =
            Set.of("trees", "cycles", "counts", "mutate", "lru", "alloc", "chain");
    private static final Set<String> ALL_BUT_ALLOC =
            Set.of("trees", "cycles", "counts", "mutate", "lru", "chain");

    /** Deep structures overflow the stack of the programs that release by recursion. */
    private static final Set<String> SHALLOW = Set.of("trees", "cycles", "counts", "mutate", "lru");

    /** What measures a collector. */
    private static final Set<String> COLLECTED = Set.of("cycles", "mutate");

    /**
     * The programs in other languages that {@code bench/peers/build.sh} makes or that run as is.
     */
    public static List<Engine> peers() {
        return List.of(
                built("c-plain", ALL),
                built("c-local", ALL),
                built("c-malloc", ALL),
                built("c-mimalloc", ALL),
                built("nim-orc", SHALLOW),
                built("nim-arc", Set.of("trees", "counts")),
                built("java-ffm", Set.of("trees", "alloc", "chain")),
                built("jvm-g1-256m", COLLECTED),
                built("jvm-g1", COLLECTED),
                built("jvm-parallel", COLLECTED),
                built("jvm-zgc", COLLECTED),
                script("php-jit", "php", PHP_JIT, "php/workloads.php"),
                script("cpython", "python3", List.of(), "python/workloads.py"));
    }

    private static final List<String> PHP_JIT =
            List.of(
                    "-d", "memory_limit=-1",
                    "-d", "opcache.enable_cli=1",
                    "-d", "opcache.jit=tracing",
                    "-d", "opcache.jit_buffer_size=64M");

    private static Engine built(String name, Set<String> workloads) {
        return new Engine(name, "build/" + name, List.of(), workloads, NATIVE_REPETITIONS);
    }

    private static Engine script(String name, String command, List<String> flags, String file) {
        var prefix = new java.util.ArrayList<>(flags);
        prefix.add(file);
        Set<String> workloads = name.startsWith("php") ? SHALLOW : ALL_BUT_ALLOC;
        return new Engine(name, command, List.copyOf(prefix), workloads, INTERPRETER_REPETITIONS);
    }
}
