package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Trees;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench trees}. */
@Command(name = "trees", description = "Build complete binary trees, count their nodes, drop them.")
final class TreesCommand extends WorkloadCommand {
    @Option(
            names = "--depth",
            description = "Depth of the largest tree but one (default: ${DEFAULT-VALUE}).",
            defaultValue = "18")
    private int depth;

    @Option(
            names = "--threads",
            description =
                    "1, or 2 on a shared heap, each with trees of its own (default:"
                            + " ${DEFAULT-VALUE}).",
            defaultValue = "1")
    private int threads;

    TreesCommand() {}

    @Override
    Workload workload() {
        atLeast("--depth", depth, 1);
        atLeast("--threads", threads, 1);
        if (threads > 2) {
            throw wrongUse("--threads is 1 or 2: value=" + threads);
        }
        if (threads == 2) {
            sharedOnly("--threads 2");
        }
        fits("--depth", depth, Trees.heapBytes(depth, threads));
        return new Trees(openHeap(), depth, threads == 2);
    }
}
