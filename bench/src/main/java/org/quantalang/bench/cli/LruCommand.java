package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Lru;
import org.quantalang.bench.workload.LruByHandles;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench lru}. */
@Command(
        name = "lru",
        description = "Use a cache of strings in a hash table and a doubly linked list.")
final class LruCommand extends WorkloadCommand {
    @Option(
            names = "--capacity",
            description = "Entries at most (default: ${DEFAULT-VALUE}).",
            defaultValue = "50000")
    private int capacity;

    @Option(
            names = "--keys",
            description = "Keys asked for (default: ${DEFAULT-VALUE}).",
            defaultValue = "500000")
    private int keys;

    @Option(
            names = "--accesses",
            description = "Accesses in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "2000000")
    private long accesses;

    @Option(
            names = "--tier",
            description =
                    "How objects are held: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "address")
    private Tier tier = Tier.ADDRESS;

    LruCommand() {}

    @Override
    Workload workload() {
        atLeast("--capacity", capacity, 1);
        atLeast("--keys", keys, 1);
        operations("--accesses", accesses, 1);
        fits("--capacity", capacity, Lru.heapBytes(Math.min(accesses, Math.min(capacity, keys))));
        fitsJavaHeap("--keys", keys, (long) keys * Double.BYTES);
        if (tier == Tier.HANDLE) {
            return new LruByHandles(openHeap(), capacity, keys, accesses);
        }
        return new Lru(openHeap(), capacity, keys, accesses);
    }
}
