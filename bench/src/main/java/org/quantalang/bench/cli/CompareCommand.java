package org.quantalang.bench.cli;

import org.quantalang.bench.compare.Comparison;
import org.quantalang.bench.compare.Engine;
import org.quantalang.bench.compare.Measurement;
import org.quantalang.bench.compare.Row;
import org.quantalang.core.cli.CommandFailure;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code quanta bench compare}: prints a Markdown table of this runtime beside other programs. */
@Command(
        name = "compare",
        description =
                "Run workloads here and in other languages, process by process in turn, and print a"
                        + " Markdown table. Build the others first: bench/peers/build.sh")
final class CompareCommand implements Callable<Integer> {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double MEGABYTE = 1e6;
    private static final int MOST_ROUNDS = 10_000;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--rows",
            split = ",",
            description = "Names of rows, or starts of names (default: all).")
    private List<String> rows = List.of("");

    @Option(
            names = "--engines",
            split = ",",
            description =
                    "Engines beside this runtime (default: those of each row that are there).")
    private List<String> engines = List.of();

    @Option(
            names = "--rounds",
            description = "Processes of each (default: ${DEFAULT-VALUE}).",
            defaultValue = "5")
    private int rounds;

    @Option(
            names = "--repetitions",
            description =
                    "Repetitions in each process of this runtime (default: ${DEFAULT-VALUE}).",
            defaultValue = "8")
    private int repetitions;

    @Option(
            names = "--timeout",
            description = "Seconds after which a process is left out (default: ${DEFAULT-VALUE}).",
            defaultValue = "120")
    private long timeoutSeconds;

    @Option(names = "--peers", description = "The folder bench/peers (default: of this checkout).")
    private Path peers =
            Path.of(System.getProperty("quanta.home", "."), "bench", "peers").toAbsolutePath();

    CompareCommand() {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        OptionRange.within(spec, "--rounds", rounds, 1, MOST_ROUNDS);
        OptionRange.within(spec, "--repetitions", repetitions, 1, WorkloadCommand.MOST_REPETITIONS);
        OptionRange.atLeast(spec, "--timeout", timeoutSeconds, 1);
        checkNames();
        if (!Files.isDirectory(peers)) {
            throw new CommandFailure(
                    "no such folder: peers=%s; name it with --peers".formatted(peers));
        }
        var comparison = new Comparison(peers, OwnCommand.upToBench("compare"), timeoutSeconds);
        List<Engine> available = comparison.available();
        sayWhatIsMissing(available);
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                "| row | engine | ns a unit | least | most | times quanta | process MB | heap MB"
                        + " | worst batch us |");
        out.println("|---|---|--:|--:|--:|--:|--:|--:|--:|");
        for (Row row : Row.all()) {
            if (rows.stream().noneMatch(row.name()::startsWith)) {
                continue;
            }
            List<String> wanted = engines.isEmpty() ? row.engines() : engines;
            List<Engine> chosen =
                    available.stream()
                            .filter(engine -> wanted.contains(engine.name()))
                            .filter(engine -> engine.workloads().contains(row.theirs().getFirst()))
                            .toList();
            Map<String, Measurement> results = comparison.run(row, chosen, rounds, repetitions);
            print(out, row, results);
            out.flush();
            String disagreeing = Comparison.disagreeing(results);
            if (!disagreeing.isEmpty()) {
                throw new CommandFailure(
                        "checksums differ: row=%s %s".formatted(row.name(), disagreeing));
            }
        }
        return 0;
    }

    private void checkNames() {
        List<String> rowNames = Row.all().stream().map(Row::name).toList();
        for (String row : rows) {
            if (rowNames.stream().noneMatch(name -> name.startsWith(row))) {
                throw wrongUse(
                        "no such row: row=%s rows=%s".formatted(row, String.join(" ", rowNames)));
            }
        }
        List<String> engineNames = new ArrayList<>(List.of(Engine.QUANTA));
        Engine.peers().forEach(engine -> engineNames.add(engine.name()));
        for (String engine : engines) {
            if (!engineNames.contains(engine)) {
                throw wrongUse(
                        "no such engine: engine=%s engines=%s"
                                .formatted(engine, String.join(" ", engineNames)));
            }
        }
    }

    private ParameterException wrongUse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Engines that were asked for by name and cannot run here. */
    private void sayWhatIsMissing(List<Engine> available) {
        for (Engine engine : Engine.peers()) {
            if (engines.contains(engine.name()) && !available.contains(engine)) {
                spec.commandLine()
                        .getErr()
                        .println(
                                "skipped: %s: %s not found; run bench/peers/build.sh"
                                        .formatted(engine.name(), engine.executable()));
            }
        }
    }

    private static void print(PrintWriter out, Row row, Map<String, Measurement> results) {
        Measurement ours = results.get(Engine.QUANTA);
        if (ours == null || !ours.any()) {
            throw new CommandFailure("this runtime did not finish: row=%s".formatted(row.name()));
        }
        results.forEach(
                (engine, measured) -> {
                    if (!measured.any()) {
                        out.printf(
                                "| %s | %s | did not finish | | | | | | |%n", row.name(), engine);
                        return;
                    }
                    long units = row.units() == 0 ? measured.checksum() : row.units();
                    double perUnit = NANOS_PER_MILLI / units;
                    out.printf(
                            Locale.ROOT,
                            "| %s | %s | %.2f | %.2f | %.2f | %.2f | %.1f | %.1f | %.0f |%n",
                            row.name(),
                            engine,
                            measured.millis() * perUnit,
                            measured.leastMillis() * perUnit,
                            measured.mostMillis() * perUnit,
                            measured.millis() / ours.millis(),
                            measured.peakResidentBytes() / MEGABYTE,
                            measured.heapResidentBytes() / MEGABYTE,
                            measured.worstBatchMicros());
                });
    }
}
