package org.quantalang.bench.cli;

import org.quantalang.bench.compare.Comparison;
import org.quantalang.bench.compare.Engine;
import org.quantalang.bench.compare.Row;
import org.quantalang.core.cli.CommandFailure;
import org.quantalang.core.cli.JsonOption;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** {@code quanta bench compare}: prints this runtime beside other programs. */
@Command(
        name = "compare",
        description =
                "Run workloads here and in other languages, process by process in turn, and print a"
                        + " Markdown table or JSON. Build the others first: bench/peers/build.sh")
final class CompareCommand implements Callable<Integer> {
    private static final int MOST_ROUNDS = 10_000;
    private static final long MOST_TIMEOUT_SECONDS = TimeUnit.DAYS.toSeconds(1);

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    @Option(
            names = "--rows",
            split = ",",
            completionCandidates = RowNames.class,
            description =
                    "Names of rows, or starts of names (default: all). There are:"
                            + " ${COMPLETION-CANDIDATES}.")
    private List<String> rows = List.of();

    @Option(
            names = "--engines",
            split = ",",
            completionCandidates = EngineNames.class,
            description =
                    "Engines beside this runtime (default: those of each row that are there). There"
                            + " are: ${COMPLETION-CANDIDATES}.")
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

    /** The rows, for the help. */
    static final class RowNames implements Iterable<String> {
        RowNames() {}

        @Override
        public Iterator<String> iterator() {
            return Row.all().stream().map(Row::name).iterator();
        }
    }

    /** The engines, for the help. */
    static final class EngineNames implements Iterable<String> {
        EngineNames() {}

        @Override
        public Iterator<String> iterator() {
            return Stream.concat(
                            Stream.of(Engine.QUANTA), Engine.peers().stream().map(Engine::name))
                    .iterator();
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        OptionRange.within(spec, "--rounds", rounds, 1, MOST_ROUNDS);
        OptionRange.within(spec, "--repetitions", repetitions, 1, WorkloadCommand.MOST_REPETITIONS);
        OptionRange.within(spec, "--timeout", timeoutSeconds, 1, MOST_TIMEOUT_SECONDS);
        checkNames();
        if (!Files.isDirectory(peers)) {
            throw new CommandFailure(
                    "no such folder: peers=%s; name it with --peers".formatted(peers));
        }
        var comparison = new Comparison(peers, OwnCommand.upToBench("compare"), timeoutSeconds);
        List<Engine> available = comparison.available();
        sayWhatIsMissing(available);
        PrintWriter out = spec.commandLine().getOut();
        if (!json.requested()) {
            ComparisonReport.printHead(out);
        }
        var reports = new ArrayList<ComparisonReport>();
        for (Row row : chosenRows()) {
            ComparisonReport report = measure(comparison, row, available);
            reports.add(report);
            if (!json.requested()) {
                report.print(out);
                out.flush();
            }
            report.checkThatAllAgree();
        }
        if (json.requested()) {
            JsonOption.print(
                    out,
                    generator -> {
                        generator.writeStartArray();
                        for (ComparisonReport each : reports) {
                            each.write(generator);
                        }
                        generator.writeEndArray();
                    });
        }
        return 0;
    }

    private ComparisonReport measure(Comparison comparison, Row row, List<Engine> available)
            throws IOException, InterruptedException {
        List<String> wanted = engines.isEmpty() ? row.engines() : engines;
        List<Engine> chosen =
                available.stream()
                        .filter(engine -> wanted.contains(engine.name()))
                        .filter(engine -> engine.workloads().contains(row.theirs().getFirst()))
                        .toList();
        return new ComparisonReport(row, comparison.run(row, chosen, rounds, repetitions));
    }

    private List<Row> chosenRows() {
        return Row.all().stream()
                .filter(row -> rows.isEmpty() || rows.stream().anyMatch(row.name()::startsWith))
                .toList();
    }

    private void checkNames() {
        for (String row : rows) {
            checkName("row", row, new RowNames(), name -> name.startsWith(row));
        }
        for (String engine : engines) {
            checkName("engine", engine, new EngineNames(), engine::equals);
        }
    }

    /** The empty name is the start of every name, but nothing that anybody means. */
    private void checkName(
            String kind, String name, Iterable<String> known, Predicate<String> fits) {
        List<String> names = new ArrayList<>();
        known.forEach(names::add);
        if (name.isEmpty()) {
            throw wrongUse(
                    "--%ss has an empty name; there are %s"
                            .formatted(kind, String.join(" ", names)));
        }
        if (names.stream().noneMatch(fits)) {
            throw wrongUse(
                    "no such %s: %s=%s %ss=%s"
                            .formatted(kind, kind, name, kind, String.join(" ", names)));
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
}
