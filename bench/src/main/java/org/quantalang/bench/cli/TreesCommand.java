package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Trees;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench trees}. */
@Command(name = "trees", description = "Build complete binary trees, count their nodes, drop them.")
final class TreesCommand extends WorkloadCommand {
    /** Deeper trees overflow the stack of a recursive build long after they fill any memory. */
    private static final int DEEPEST = 40;

    @Option(
            names = "--depth",
            description = "Depth of the largest tree but one (default: ${DEFAULT-VALUE}).",
            defaultValue = "18")
    private int depth;

    TreesCommand() {}

    @Override
    Workload workload() {
        atLeast("--depth", depth, 1);
        return new Trees(openHeap(), Math.min(depth, DEEPEST));
    }
}
