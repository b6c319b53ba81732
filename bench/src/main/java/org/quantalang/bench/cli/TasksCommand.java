package org.quantalang.bench.cli;

import org.jspecify.annotations.Nullable;
import org.quantalang.bench.scheduler.TaskMeasurement;
import org.quantalang.bench.scheduler.TaskPeer;
import org.quantalang.bench.scheduler.TaskRow;
import org.quantalang.bench.workload.WorkloadResult;
import org.quantalang.core.cli.CommandFailure;
import org.quantalang.core.cli.JsonOption;
import org.quantalang.scheduler.ExecutorConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code quanta bench tasks}: the scheduler's rows, alone or beside its peers. */
@Command(
        name = "tasks",
        description =
                "Spawn, chain, yield, wait: the scheduler's rows, each in a process of its own when"
                        + " there are several or peers are asked for.")
final class TasksCommand implements Callable<Integer> {
    private static final int MAX_WARMUP_SECONDS = 60;
    private static final String GO = "go";

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    @Parameters(
            paramLabel = "ROW",
            arity = "0..*",
            description =
                    "spawn-local, spawn-remote, chained, ping-pong, yield, remote-N (N threads,"
                            + " 1 to 64), semaphore, channel, timers, skynet (default: all, with"
                            + " N = 1, 2, 4, 8).")
    private List<String> names = List.of();

    @Option(names = "--workers", description = "Worker threads (default: one for each processor).")
    private int workers = ExecutorConfig.defaults().workers();

    @Option(
            names = "--peers",
            description =
                    "Measure ForkJoinPool, virtual threads, Kotlin coroutines and Cats Effect as"
                            + " well, and, if bench/peers/build.sh has built it, Go.")
    private boolean peers;

    @Option(
            names = "--repetitions",
            description =
                    "How often to run each row in a process; the first is left out of the median"
                            + " (default: ${DEFAULT-VALUE}).",
            defaultValue = "11")
    private int repetitions;

    @Option(
            names = "--warmup",
            paramLabel = "SECONDS",
            description =
                    "How long to run each row in a process before it is measured (default:"
                            + " ${DEFAULT-VALUE}).",
            defaultValue = "2")
    private double warmupSeconds;

    @Option(names = "--only", split = ",", description = "Of the peers, only these (with --peers).")
    private List<String> only = List.of();

    @Option(names = "--engine", hidden = true, description = "Run this peer in this process.")
    private @Nullable String engine;

    @Option(
            names = "--plain",
            hidden = true,
            description = "Print name=value lines, as the programs in other languages do.")
    private boolean plain;

    TasksCommand() {}

    /** Adds {@code tasks} to {@code quanta bench}. */
    public static final class Provider implements BenchSubcommand {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public Object command() {
            return new TasksCommand();
        }
    }

    @Override
    public Integer call() throws Exception {
        OptionRange.within(spec, "--workers", workers, 1, ExecutorConfig.MAX_WORKERS);
        OptionRange.within(spec, "--repetitions", repetitions, 1, WorkloadCommand.MOST_REPETITIONS);
        if (!(warmupSeconds >= 0 && warmupSeconds <= MAX_WARMUP_SECONDS)) {
            throw wrong(
                    "--warmup is out of range: value=%s range=0..%d"
                            .formatted(warmupSeconds, MAX_WARMUP_SECONDS));
        }
        List<String> known = knownPeers();
        for (String name : only) {
            if (!known.contains(name)) {
                throw wrong(
                        "no such peer: peer=%s peers=%s".formatted(name, String.join(" ", known)));
            }
        }
        if (!only.isEmpty() && !peers) {
            throw wrong("--only chooses among the peers; add --peers");
        }
        List<TaskRow> rows = rows();
        var results = new ArrayList<WorkloadResult>();
        PrintWriter out = spec.commandLine().getOut();
        if (peers && !json.requested() && !plain) {
            out.println("| row | engine | ns a unit | least | most | times quanta |");
            out.println("|---|---|--:|--:|--:|--:|");
        }
        for (TaskRow row : rows) {
            WorkloadResult result =
                    peers || (rows.size() > 1 && engine == null)
                            ? besidePeers(row)
                            : TaskMeasurement.measure(
                                    row, here(), workers, warmupSeconds, repetitions);
            results.add(result);
            if (plain) {
                WorkloadCommand.printPlain(out, result);
            } else if (!json.requested() && !peers) {
                WorkloadCommand.print(out, result);
            }
            out.flush();
        }
        if (json.requested()) {
            JsonOption.print(
                    out,
                    generator -> {
                        // One row is an object, as of every workload; several are an array.
                        if (results.size() > 1) {
                            generator.writeStartArray();
                        }
                        for (WorkloadResult each : results) {
                            WorkloadCommand.write(generator, each);
                        }
                        if (results.size() > 1) {
                            generator.writeEndArray();
                        }
                    });
        }
        return 0;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private List<TaskRow> rows() {
        if (names.isEmpty()) {
            return TaskRow.all();
        }
        var rows = new ArrayList<TaskRow>();
        for (String name : names) {
            if (name.toLowerCase(Locale.ROOT).equals("remote-n")) {
                TaskRow.all().stream()
                        .filter(row -> row.name().startsWith("remote-"))
                        .forEach(rows::add);
            } else {
                rows.add(
                        TaskRow.named(name)
                                .orElseThrow(
                                        () ->
                                                wrong(
                                                        "no such row: row=%s rows=%s"
                                                                .formatted(name, rowNames()))));
            }
        }
        return rows;
    }

    private static List<String> knownPeers() {
        var names = new ArrayList<String>();
        for (TaskPeer.Provider each : TaskMeasurement.peers()) {
            if (!each.name().equals(TaskMeasurement.QUANTA)) {
                names.add(each.name());
            }
        }
        names.add(GO);
        return names;
    }

    private static String rowNames() {
        return String.join(" ", TaskRow.all().stream().map(TaskRow::name).toList());
    }

    private TaskPeer.Provider here() {
        String wanted = engine == null ? TaskMeasurement.QUANTA : engine;
        return TaskMeasurement.peers().stream()
                .filter(each -> each.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> wrong("no such engine: engine=" + wanted));
    }

    /** Measures the row in a process of this runtime and, if asked for, one of each peer. */
    private WorkloadResult besidePeers(TaskRow row) throws IOException, InterruptedException {
        WorkloadResult ours = inOwnProcess(row, TaskMeasurement.QUANTA);
        if (!peers) {
            return ours;
        }
        Map<String, Object> nanos = new LinkedHashMap<>();
        for (TaskPeer.Provider each : TaskMeasurement.peers()) {
            if (!each.name().equals(TaskMeasurement.QUANTA) && wanted(each.name())) {
                addPeer(nanos, row, each.name(), inOwnProcess(row, each.name()), ours);
            }
        }
        Path go = Path.of(System.getProperty("quanta.home", "."), "bench/peers/build/go-tasks");
        if (wanted(GO) && go.toFile().canExecute()) {
            var command =
                    new TaskProcess(
                            List.of(
                                    go.toString(),
                                    row.name(),
                                    String.valueOf(workers),
                                    String.valueOf(repetitions)));
            addPeer(nanos, row, GO, command.run(row, workers), ours);
        } else if (wanted(GO)) {
            spec.commandLine()
                    .getErr()
                    .println(
                            "skipped: go: %s not found; run bench/peers/build.sh, which needs"
                                            .formatted(go)
                                    + " golang-go");
        }
        return new WorkloadResult(
                ours.workload(),
                ours.parameters(),
                ours.unit(),
                ours.repetitions(),
                ours.nsPerUnit(),
                ours.peakResidentBytes(),
                ours.heapResidentBytes(),
                Map.of("peers", nanos));
    }

    private boolean wanted(String peer) {
        return only.isEmpty() || only.contains(peer);
    }

    private void addPeer(
            Map<String, Object> nanos,
            TaskRow row,
            String name,
            WorkloadResult theirs,
            WorkloadResult ours) {
        long ourSum = ours.repetitions().getFirst().checksum();
        long theirSum = theirs.repetitions().getFirst().checksum();
        if (theirSum != ourSum) {
            throw new CommandFailure(
                    "checksums differ: row=%s quanta=%d %s=%d"
                            .formatted(row.name(), ourSum, name, theirSum));
        }
        nanos.put(name, theirs.nsPerUnit());
        if (!json.requested() && !plain) {
            PrintWriter out = spec.commandLine().getOut();
            if (nanos.size() == 1) {
                printLine(out, row, TaskMeasurement.QUANTA, ours, ours);
            }
            printLine(out, row, name, theirs, ours);
            out.flush();
        }
    }

    /** A line of a table: median, least and most of the warm repetitions, and the ratio. */
    private static void printLine(
            PrintWriter out,
            TaskRow row,
            String name,
            WorkloadResult measured,
            WorkloadResult ours) {
        double[] warm =
                measured.repetitions().stream()
                        .skip(measured.repetitions().size() > 1 ? 1 : 0)
                        .mapToDouble(each -> each.millis() * row.nanosPerMilli())
                        .sorted()
                        .toArray();
        out.printf(
                Locale.ROOT,
                "| %s | %s | %.1f | %.1f | %.1f | %.2f |%n",
                row.name(),
                name,
                measured.nsPerUnit(),
                warm[0],
                warm[warm.length - 1],
                measured.nsPerUnit() / ours.nsPerUnit());
    }

    private WorkloadResult inOwnProcess(TaskRow row, String name)
            throws IOException, InterruptedException {
        List<String> command = OwnCommand.upToBench("tasks");
        command.addAll(
                List.of(
                        "tasks",
                        row.name(),
                        "--plain",
                        "--engine",
                        name,
                        "--workers",
                        String.valueOf(workers),
                        "--warmup",
                        String.valueOf(warmupSeconds),
                        "--repetitions",
                        String.valueOf(repetitions)));
        return new TaskProcess(command).run(row, workers);
    }
}
