package org.quantalang.bench.cli;

import org.quantalang.bench.workload.CollectorChoice;
import org.quantalang.memory.CycleOptions;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The options that choose a cycle collector. */
final class CollectorOptions {
    /** The collectors. */
    enum Collector {
        /** Looks near single candidates first. */
        LOCAL,
        /** The three phases of Bacon and Rajan's paper. */
        PLAIN;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final long MOST_MICROS = TimeUnit.HOURS.toMicros(1);

    @Option(
            names = "--collector",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "local")
    private Collector collector = Collector.LOCAL;

    @Option(
            names = "--budget",
            description =
                    "Microseconds that a long trace works at once; 0 never interrupts one"
                            + " (default: ${DEFAULT-VALUE}).",
            defaultValue = "200")
    private long budgetMicros;

    CollectorOptions() {}

    /** Refuses a budget that is no time. */
    void check(CommandSpec spec) {
        OptionRange.within(spec, "--budget", budgetMicros, 0, MOST_MICROS);
    }

    CollectorChoice choice() {
        return new CollectorChoice(CycleOptions.Algorithm.valueOf(collector.name()), budgetMicros);
    }
}
