package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Mutate;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code quanta bench mutate}. */
@Command(
        name = "mutate",
        description =
                "Store random references into a live graph: nearly every release leaves a count.")
final class MutateCommand extends WorkloadCommand {
    @Option(
            names = "--live",
            description = "Nodes of the graph (default: ${DEFAULT-VALUE}).",
            defaultValue = "100000")
    private int live;

    @Option(
            names = "--stores",
            description = "Stores in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "5000000")
    private long stores;

    @Mixin private CollectorOptions collector = new CollectorOptions();

    MutateCommand() {}

    @Override
    Workload workload() {
        confinedOnly();
        atLeast("--live", live, 1);
        operations("--stores", stores, 1);
        fits("--live", live, Mutate.heapBytes(live));
        fitsJavaHeap("--live", live, (long) live * Long.BYTES);
        collector.check(spec);
        return new Mutate(live, stores, collector.choice());
    }
}
