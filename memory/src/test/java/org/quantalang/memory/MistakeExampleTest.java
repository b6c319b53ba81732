package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantalang.memory.ChildJvm.Outcome;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The README's program with a mistake: compiled and run in a JVM of its own, it says that. */
class MistakeExampleTest {
    @Test
    void offTellsNothing(@TempDir Path folder) throws Exception {
        assertEquals("0", run(folder, "off"));
    }

    @Test
    void fullSaysWhatTheReadmeSays(@TempDir Path folder) throws Exception {
        String expected = Readme.block("today a 0. In full:", "");
        assertEquals(withoutAddresses(expected), withoutAddresses(run(folder, "full")));
    }

    private static String run(Path folder, String level) throws Exception {
        Path source = folder.resolve("Main.java");
        Files.writeString(source, Readme.block("## Mistakes", "java"));
        ProcessBuilder compiler =
                ChildJvm.tool("javac", List.of("-cp", ChildJvm.classPath(), source.toString()));
        Outcome compiled = ChildJvm.finish(compiler);
        assertEquals(0, compiled.exitCode(), compiled.output());
        List<String> flags =
                List.of(
                        "-Dquanta.heap.checked=" + level,
                        "-cp",
                        folder + File.pathSeparator + ChildJvm.classPath());
        return ChildJvm.finish(ChildJvm.java(flags, "Main"))
                .output()
                .lines()
                .filter(line -> !line.startsWith("\tat ")) // the stack of the wrong use
                .collect(Collectors.joining("\n"));
    }

    private static String withoutAddresses(String text) {
        return text.replaceAll("0x[0-9a-f]+", "0x");
    }
}
