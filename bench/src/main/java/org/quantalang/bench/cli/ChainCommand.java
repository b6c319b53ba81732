package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Chain;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quanta bench chain}. */
@Command(name = "chain", description = "Build a long list and drop it with one release.")
final class ChainCommand extends WorkloadCommand {
    @Option(
            names = "--length",
            description = "Nodes in the list (default: ${DEFAULT-VALUE}).",
            defaultValue = "10000000")
    private long length;

    ChainCommand() {}

    @Override
    Workload workload() {
        atLeast("--length", length, 1);
        fits("--length", length, Chain.heapBytes(length));
        return new Chain(openHeap(), length);
    }
}
