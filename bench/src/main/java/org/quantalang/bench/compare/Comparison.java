package org.quantalang.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs rows and engines in turn, so that a slow minute of the machine meets all of them. */
public final class Comparison {
    private final Path peers;
    private final List<String> quanta;
    private final long timeoutSeconds;

    /**
     * Prepares a comparison.
     *
     * @param peers the folder {@code bench/peers}
     * @param quanta the command that starts {@code quanta bench}, without a workload
     * @param timeoutSeconds after which a process is ended and left out
     */
    public Comparison(Path peers, List<String> quanta, long timeoutSeconds) {
        this.peers = peers;
        this.quanta = List.copyOf(quanta);
        this.timeoutSeconds = timeoutSeconds;
    }

    /** Which of the peers can run here. */
    public List<Engine> available() {
        return Engine.peers().stream().filter(this::exists).toList();
    }

    private boolean exists(Engine engine) {
        if (engine.executable().startsWith("build/")) {
            return Files.isExecutable(peers.resolve(engine.executable()));
        }
        String path = System.getenv().getOrDefault("PATH", "");
        boolean command =
                Stream.of(path.split(java.io.File.pathSeparator, -1))
                        .anyMatch(
                                folder -> Files.isExecutable(Path.of(folder, engine.executable())));
        return command && Files.exists(peers.resolve(engine.prefix().getLast()));
    }

    /**
     * Runs one row.
     *
     * @param row the workload
     * @param engines the programs to run beside this runtime
     * @param rounds processes of each
     * @param ourRepetitions repetitions in each process of this runtime
     * @return measurements by engine, this runtime first
     * @throws IOException if a program cannot be started
     * @throws InterruptedException if interrupted
     */
    public Map<String, Measurement> run(
            Row row, List<Engine> engines, int rounds, int ourRepetitions)
            throws IOException, InterruptedException {
        var results = new LinkedHashMap<String, Measurement>();
        results.put(Engine.QUANTA, new Measurement());
        engines.forEach(engine -> results.put(engine.name(), new Measurement()));
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Measurement> each : results.entrySet()) {
                List<String> command =
                        each.getKey().equals(Engine.QUANTA)
                                ? ours(row, ourRepetitions)
                                : theirs(row, engines, each.getKey());
                each.getValue().add(output(command));
            }
        }
        return results;
    }

    private List<String> ours(Row row, int repetitions) {
        var command = new ArrayList<>(quanta);
        command.addAll(row.ours());
        command.addAll(List.of("--repetitions", String.valueOf(repetitions), "--plain"));
        return command;
    }

    private List<String> theirs(Row row, List<Engine> engines, String name) {
        Engine engine =
                engines.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
        var command = new ArrayList<String>();
        command.add(
                engine.executable().startsWith("build/")
                        ? peers.resolve(engine.executable()).toString()
                        : engine.executable());
        command.addAll(engine.prefix());
        command.addAll(row.theirs());
        command.add(String.valueOf(engine.repetitions()));
        return command;
    }

    private List<String> output(List<String> command) throws IOException, InterruptedException {
        Path file = Files.createTempFile("quanta-bench", ".txt");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .directory(peers.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(file.toFile())
                            .start();
            if (!process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            return Files.readAllLines(file);
        } finally {
            Files.delete(file);
        }
    }

    /** The engines whose checksum differs from this runtime's, for an error message. */
    public static String disagreeing(Map<String, Measurement> results) {
        Measurement ours = results.get(Engine.QUANTA);
        if (ours == null || !ours.any()) {
            return "";
        }
        return results.entrySet().stream()
                .filter(each -> each.getValue().any())
                .filter(each -> each.getValue().checksum() != ours.checksum())
                .map(each -> each.getKey() + "=" + each.getValue().checksum())
                .collect(Collectors.joining(" "));
    }
}
