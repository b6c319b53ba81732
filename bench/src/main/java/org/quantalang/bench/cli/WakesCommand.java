package org.quantalang.bench.cli;

import org.HdrHistogram.Histogram;
import org.quantalang.bench.scheduler.TaskMeasurement;
import org.quantalang.bench.scheduler.TaskPeer;
import org.quantalang.bench.scheduler.WakeLatency;
import org.quantalang.core.cli.JsonOption;
import org.quantalang.scheduler.ExecutorConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** {@code quanta bench wakes}: how fast sleeping workers answer, beside the peers. */
@Command(
        name = "wakes",
        description =
                "How long a task spawned while all workers sleep waits until it runs, beside the"
                        + " peers on this virtual machine.")
final class WakesCommand implements Callable<Integer> {
    private static final double NANOS_PER_MICRO = 1e3;
    private static final int MAX_SAMPLES = 1_000_000;
    private static final int MAX_PAUSE_MICROS = 1_000_000;

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    @Option(names = "--workers", description = "Worker threads (default: one for each processor).")
    private int workers = ExecutorConfig.defaults().workers();

    @Option(
            names = "--samples",
            description = "Tasks measured with each (default: ${DEFAULT-VALUE}).",
            defaultValue = "5000")
    private int samples;

    @Option(
            names = "--pause",
            paramLabel = "MICROS",
            description = "Time between two tasks (default: ${DEFAULT-VALUE}).",
            defaultValue = "500")
    private int pauseMicros;

    WakesCommand() {}

    /** Adds {@code wakes} to {@code quanta bench}. */
    public static final class Provider implements BenchSubcommand {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public Object command() {
            return new WakesCommand();
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        OptionRange.within(spec, "--workers", workers, 1, ExecutorConfig.MAX_WORKERS);
        OptionRange.within(spec, "--samples", samples, 1, MAX_SAMPLES);
        OptionRange.within(spec, "--pause", pauseMicros, 1, MAX_PAUSE_MICROS);
        long pauseNanos = TimeUnit.MICROSECONDS.toNanos(pauseMicros);
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Histogram> results = new LinkedHashMap<>();
        if (!json.requested()) {
            out.println("| engine | p50 us | p90 us | p99 us | most us |");
            out.println("|---|--:|--:|--:|--:|");
        }
        for (TaskPeer.Provider each : TaskMeasurement.peers()) {
            Histogram latency = WakeLatency.measure(each, workers, samples, pauseNanos);
            results.put(each.name(), latency);
            if (!json.requested()) {
                print(out, each.name(), latency);
            }
        }
        if (json.requested()) {
            JsonOption.print(
                    out,
                    generator -> {
                        generator.writeStartObject();
                        generator.writeStringField("workload", "wakes");
                        generator.writeNumberField("workers", workers);
                        generator.writeNumberField("samples", samples);
                        generator.writeNumberField("pauseMicros", pauseMicros);
                        generator.writeObjectFieldStart("latencyMicros");
                        for (var entry : results.entrySet()) {
                            generator.writeObjectFieldStart(entry.getKey());
                            for (int percentile : new int[] {50, 90, 99}) {
                                generator.writeNumberField(
                                        "p" + percentile, micros(entry.getValue(), percentile));
                            }
                            generator.writeNumberField("max", micros(entry.getValue(), 100));
                            generator.writeEndObject();
                        }
                        generator.writeEndObject();
                        generator.writeEndObject();
                    });
        }
        return 0;
    }

    private static void print(PrintWriter out, String name, Histogram latency) {
        out.printf(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %.1f | %.1f |%n",
                name,
                micros(latency, 50),
                micros(latency, 90),
                micros(latency, 99),
                micros(latency, 100));
        out.flush();
    }

    private static double micros(Histogram latency, double percentile) {
        return latency.getValueAtPercentile(percentile) / NANOS_PER_MICRO;
    }
}
