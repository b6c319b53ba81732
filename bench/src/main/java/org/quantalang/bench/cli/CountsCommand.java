package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Counts;
import org.quantalang.bench.workload.CountsByHandles;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench counts}. */
@Command(name = "counts", description = "Retain and release, again and again.")
final class CountsCommand extends WorkloadCommand {
    @Option(
            names = "--pattern",
            description =
                    "Which objects: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE});"
                            + " the last two take two threads and a shared heap.",
            defaultValue = "one")
    private Counts.Pattern pattern = Counts.Pattern.ONE;

    @Option(
            names = "--pairs",
            description = "Pairs in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "20000000")
    private long pairs;

    @Option(
            names = "--tier",
            description =
                    "How objects are held: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "address")
    private Tier tier = Tier.ADDRESS;

    CountsCommand() {}

    @Override
    Workload workload() {
        operations("--pairs", pairs, 1);
        if (pattern.twoThreads()) {
            sharedOnly("--pattern " + pattern);
        }
        if (tier == Tier.HANDLE) {
            if (pattern.twoThreads()) {
                throw wrongUse("--tier handle has no patterns of two threads; use one or many");
            }
            return new CountsByHandles(openHeap(), pattern, pairs);
        }
        return new Counts(openHeap(), pattern, pairs);
    }
}
