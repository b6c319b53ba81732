package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Alloc;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.Locale;

/** {@code quanta bench alloc}. */
@Command(
        name = "alloc",
        description = "Allocate and free leaves of 32 to 256 bytes in a random order of sizes.")
final class AllocCommand extends WorkloadCommand {
    /** In which order, and by whom, objects are freed. */
    enum Pattern {
        /** Each at once. */
        LIFO1,
        /** A hundred at a time. */
        LIFO100,
        /** The oldest of ten thousand. */
        FIFO,
        /** By another thread, in batches of a thousand. */
        CROSS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--pattern",
            description =
                    "Order of frees: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}); the last"
                            + " takes two threads.",
            defaultValue = "lifo1")
    private Pattern pattern = Pattern.LIFO1;

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
        atLeast("--count", count, 1);
        return new Alloc(
                switch (pattern) {
                    case LIFO1 -> Alloc.Pattern.LIFO1;
                    case LIFO100 -> Alloc.Pattern.LIFO100;
                    case FIFO -> Alloc.Pattern.FIFO;
                    case CROSS ->
                            throw notYet(
                                    "--pattern cross takes two threads and a shared heap, which is"
                                            + " not available yet; use lifo1, lifo100 or fifo");
                },
                count,
                zero);
    }
}
