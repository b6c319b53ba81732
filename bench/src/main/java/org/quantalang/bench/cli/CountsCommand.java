package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Counts;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.Locale;

/** {@code quanta bench counts}. */
@Command(name = "counts", description = "Retain and release, again and again.")
final class CountsCommand extends WorkloadCommand {
    /** Which objects are counted, and by whom. */
    enum Pattern {
        /** One object. */
        ONE,
        /** 1024 objects in turn. */
        MANY,
        /** Two threads, one object. */
        SHARED,
        /** Two threads, an object each. */
        DISJOINT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--pattern",
            description =
                    "Which objects: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE});"
                            + " the last two take two threads.",
            defaultValue = "one")
    private Pattern pattern = Pattern.ONE;

    @Option(
            names = "--pairs",
            description = "Pairs in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "20000000")
    private long pairs;

    CountsCommand() {}

    @Override
    Workload workload() {
        atLeast("--pairs", pairs, 1);
        if (pattern == Pattern.SHARED || pattern == Pattern.DISJOINT) {
            throw notYet(
                    "--pattern shared and disjoint take two threads and a shared heap, which is not"
                            + " available yet; use one or many");
        }
        return new Counts(pattern == Pattern.MANY, pairs);
    }
}
