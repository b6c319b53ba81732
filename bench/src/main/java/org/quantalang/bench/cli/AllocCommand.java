package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Alloc;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench alloc}. */
@Command(
        name = "alloc",
        description = "Allocate and free leaves of 32 to 256 bytes in a random order of sizes.")
final class AllocCommand extends WorkloadCommand {
    @Option(
            names = "--pattern",
            description =
                    "Order of frees: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}); the last"
                            + " takes two threads and a shared heap.",
            defaultValue = "lifo1")
    private Alloc.Pattern pattern = Alloc.Pattern.LIFO1;

    @Option(
            names = "--count",
            description = "Objects in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "20000000")
    private long count;

    @Option(names = "--zero", description = "Zero the objects.")
    private boolean zero;

    AllocCommand() {}

    @Override
    Workload workload() {
        operations("--count", count, 1);
        if (pattern == Alloc.Pattern.CROSS) {
            sharedOnly("--pattern " + pattern);
        }
        return new Alloc(openHeap(), pattern, count, zero);
    }
}
