package org.quantalang.core.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.quantalang.abi.Target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The README's program is the consumer example, which the build has built and run against the
 * installed artifacts by the time this test runs.
 */
class ReadmeIT {
    private static final Path PROJECT = Path.of("..");

    @Test
    void showsTheProgramOfTheConsumerExample() throws IOException {
        String readme = Files.readString(PROJECT.resolve("README.md"));
        int start = readme.indexOf("```java\n") + "```java\n".length();
        String program = readme.substring(start, readme.indexOf("```", start));

        assertEquals(
                Files.readString(PROJECT.resolve("examples/consumer/src/main/java/Main.java")),
                program);
    }

    @Test
    void listsTheTargets() throws IOException {
        String readme = Files.readString(PROJECT.resolve("README.md"));
        for (Target target : Target.values()) {
            assertTrue(readme.contains("`" + target.triple() + "`"), target.triple());
        }
    }

    @Test
    void saysWhatTheProgramPrints() throws IOException {
        String log = Files.readString(Path.of("target/examples/consumer/build.log"));

        assertTrue(log.contains("\nfreed 2\n"), log);
    }
}
