package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The example of the README: what it says it prints, and that the README has these very lines. */
@Timeout(60)
class TaskExampleTest {
    private final StringBuilder printed = new StringBuilder();

    private void println(@Nullable Object line) {
        printed.append(line).append('\n');
    }

    private void example() throws Exception {
        // README
        JoinHandle<Boolean> sleeper;
        try (TaskExecutor executor = TaskExecutor.start()) { // a worker for each processor
            JoinHandle<Integer> half = executor.spawn(context -> Poll.ready(21));
            JoinHandle<Integer> answer =
                    executor.spawn(context -> half.poll(context).map(n -> 2 * n)); // waits for half
            println(answer.join()); // 42

            Channel<String> words = new Channel<>(8);
            executor.spawn(words.send("no worker waits"));
            println(executor.blockOn(words.receive())); // no worker waits

            sleeper = executor.spawn(Sleep.of(Duration.ofHours(1)));
            executor.spawnChild(sleeper, Sleep.of(Duration.ofHours(1)));
            sleeper.cancel(); // its children too
        } // waits until every task has ended
        println(sleeper.state()); // CANCELLED

        Simulation simulation = new Simulation(7); // one thread, virtual time, and 7 as its seed
        simulation.spawn(Sleep.of(Duration.ofDays(1)));
        simulation.run();
        println(Duration.ofNanos(simulation.nanoTime())); // PT24H
        // end
    }

    @Test
    void printsWhatItsCommentsSay() throws Exception {
        example();
        assertEquals("42\nno worker waits\nCANCELLED\nPT24H\n", printed.toString());
    }

    @Test
    void standsInTheReadme() throws Exception {
        String source =
                Files.readString(
                        Path.of("src/test/java/org/quantalang/scheduler/TaskExampleTest.java"));
        int start = source.indexOf("// README\n") + "// README\n".length();
        String lines = source.substring(start, source.indexOf("        // end", start));
        String readme = Files.readString(Path.of("../README.md"));
        assertTrue(
                readme.contains("```java\n" + lines.stripTrailing().stripIndent() + "\n```\n"),
                lines);
    }
}
