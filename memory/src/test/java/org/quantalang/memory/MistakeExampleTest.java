package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The README's program with a mistake: compiled and run in a JVM of its own, it says that. */
class MistakeExampleTest {
    private static final Path BIN = Path.of(System.getProperty("java.home"), "bin");

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
        String path = SanitizerTest.classPath();
        output(BIN.resolve("javac").toString(), "-cp", path, source.toString());
        return output(
                        BIN.resolve("java").toString(),
                        "-Dquanta.heap.checked=" + level,
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        folder + ":" + path,
                        "Main")
                .lines()
                .filter(line -> !line.startsWith("\tat ")) // the stack of the wrong use
                .collect(Collectors.joining("\n"));
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }

    private static String withoutAddresses(String text) {
        return text.replaceAll("0x[0-9a-f]+", "0x");
    }
}
