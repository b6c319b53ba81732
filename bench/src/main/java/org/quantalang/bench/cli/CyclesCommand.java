package org.quantalang.bench.cli;

import org.quantalang.bench.workload.Cycles;
import org.quantalang.bench.workload.Workload;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.Locale;

/** {@code quanta bench cycles}. */
@Command(
        name = "cycles",
        description = "Build small cyclic structures and drop them, beside a live graph.")
final class CyclesCommand extends WorkloadCommand {
    /** What holds the live graph. */
    enum Held {
        /** A table with a reference to every node. */
        TABLE,
        /** One reference to one node. */
        ROOT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--shape",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "ring")
    private Cycles.Shape shape = Cycles.Shape.RING;

    @Option(
            names = "--size",
            description = "Nodes of a structure (default: ${DEFAULT-VALUE}).",
            defaultValue = "10")
    private int size;

    @Option(
            names = "--live",
            description = "Nodes of the live graph (default: ${DEFAULT-VALUE}).",
            defaultValue = "100000")
    private int live;

    @Option(
            names = "--dropped",
            description = "Nodes dropped in a repetition (default: ${DEFAULT-VALUE}).",
            defaultValue = "10000000")
    private long dropped;

    @Option(names = "--attached", description = "Every structure refers to a live node.")
    private boolean attached;

    @Option(
            names = "--held",
            description =
                    "What holds the live graph: ${COMPLETION-CANDIDATES} (default:"
                            + " ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Held held = Held.TABLE;

    @Mixin private CollectorOptions collector = new CollectorOptions();

    CyclesCommand() {}

    @Override
    Workload workload() {
        confinedOnly();
        atLeast("--size", size, 1);
        atLeast("--live", live, attached ? 1 : 0);
        operations("--dropped", dropped, size);
        fits("--size", size, Cycles.heapBytes(size));
        fits("--live", live, Cycles.heapBytes(live));
        fitsJavaHeap("--live", live, (long) live * Long.BYTES);
        collector.check(spec);
        return new Cycles(
                new Cycles.Settings(
                        shape,
                        size,
                        live,
                        dropped,
                        attached,
                        held == Held.ROOT,
                        collector.choice()));
    }
}
