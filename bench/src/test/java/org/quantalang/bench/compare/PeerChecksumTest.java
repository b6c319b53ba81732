package org.quantalang.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.quantalang.bench.scheduler.Outside;
import org.quantalang.bench.scheduler.TaskMeasurement;
import org.quantalang.bench.scheduler.TaskPeer;
import org.quantalang.bench.scheduler.TaskRow;
import org.quantalang.core.cli.Quanta;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Every program in another language does the same work as ours: small sizes, checksum by checksum.
 */
class PeerChecksumTest {
    private static final Path PEERS = Path.of("peers").toAbsolutePath();
    private static final Pattern CHECKSUM = Pattern.compile("checksum=(-?\\d+)");

    private record Work(String ours, String theirs) {}

    private static final List<Work> WORK =
            List.of(
                    new Work("trees --depth 10", "trees 10"),
                    new Work(
                            "cycles --shape ring --size 10 --live 1000 --dropped 50000",
                            "cycles ring 10 1000 50000 isolated table"),
                    new Work(
                            "cycles --shape list --size 10 --live 1000 --dropped 50000 --attached",
                            "cycles list 10 1000 50000 attached table"),
                    new Work(
                            "cycles --shape tree --size 15 --live 1000 --dropped 50000 --attached"
                                    + " --held root",
                            "cycles tree 15 1000 50000 attached root"),
                    new Work("mutate --live 1000 --stores 20000", "mutate 1000 20000"),
                    new Work(
                            "lru --capacity 500 --keys 5000 --accesses 20000",
                            "lru 500 5000 20000"),
                    new Work("chain --length 5000", "chain 5000"));

    @BeforeAll
    static void buildPeers() throws IOException, InterruptedException {
        Path log = Files.createTempFile("peers", ".log");
        int code =
                new ProcessBuilder(PEERS.resolve("build.sh").toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start()
                        .waitFor();
        assertEquals(0, code, Files.readString(log));
    }

    @TestFactory
    List<DynamicTest> agreesWithOurs() {
        var tests = new ArrayList<DynamicTest>();
        var available = new Comparison(PEERS, List.of(), 60).available();
        for (Engine engine : Engine.peers()) {
            for (Work work : WORK) {
                String workload = work.theirs().substring(0, work.theirs().indexOf(' '));
                if (engine.workloads().contains(workload)) {
                    tests.add(
                            DynamicTest.dynamicTest(
                                    engine.name() + " " + work.theirs(),
                                    () -> {
                                        if (!available.contains(engine)) {
                                            Assumptions.abort(
                                                    "skipped: %s not found; see bench/peers/README.md"
                                                            .formatted(engine.name()));
                                        }
                                        assertEquals(ours(work), theirs(engine, work));
                                    }));
                }
            }
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> agreesWithOursInGo() {
        return TaskRow.all().stream()
                .map(
                        row ->
                                DynamicTest.dynamicTest(
                                        "go " + row.name(),
                                        () -> assertEquals(oursOnce(row), theirsInGo(row))))
                .toList();
    }

    private static long oursOnce(TaskRow row) throws InterruptedException {
        try (TaskPeer peer = TaskMeasurement.peers().getFirst().start(2);
                var outside = new Outside()) {
            return row.program().run(peer, outside) * row.runs();
        }
    }

    private static long theirsInGo(TaskRow row) throws IOException, InterruptedException {
        Path program = PEERS.resolve("build/go-tasks");
        if (!Files.isExecutable(program)) {
            Assumptions.abort("skipped: go not found; apt-get install golang-go");
        }
        Process process =
                new ProcessBuilder(program.toString(), row.name(), "2", "1")
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(0, process.waitFor(), output);
        return checksum(output);
    }

    private static long ours(Work work) {
        var out = new StringWriter();
        var err = new StringWriter();
        var arguments = new ArrayList<String>();
        arguments.add("bench");
        arguments.addAll(List.of(work.ours().split(" ", -1)));
        arguments.addAll(List.of("--repetitions", "1", "--plain"));
        int code =
                Quanta.execute(
                        new PrintWriter(out),
                        new PrintWriter(err),
                        arguments.toArray(String[]::new));
        assertEquals(0, code, err.toString());
        return checksum(out.toString());
    }

    private static long theirs(Engine engine, Work work) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(
                engine.executable().startsWith("build/")
                        ? PEERS.resolve(engine.executable()).toString()
                        : engine.executable());
        command.addAll(engine.prefix());
        command.addAll(List.of(work.theirs().split(" ", -1)));
        command.add("1");
        Process process =
                new ProcessBuilder(command)
                        .directory(PEERS.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(0, process.waitFor(), output);
        return checksum(output);
    }

    private static long checksum(String output) {
        Matcher found = CHECKSUM.matcher(output);
        assertTrue(found.find(), output);
        return Long.parseLong(found.group(1));
    }
}
