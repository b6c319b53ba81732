package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** C that is compiled with AddressSanitizer touches freed objects and redzones. */
class SanitizerTest {
    private static final String SOURCE = "int read_int(int *at) { return *at; }";

    @ParameterizedTest
    @ValueSource(strings = {"off", "counts", "sampled", "full"})
    void readingAFreedObjectInCIsReportedInEveryLevel(String level, @TempDir Path folder)
            throws IOException, InterruptedException {
        assertReported(run(folder, level, "freed"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingAnObjectInCThatDiedWithItsHolderIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException {
        assertReported(run(folder, level, "held"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingACollectedObjectInCIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException {
        assertReported(run(folder, level, "collected"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingAFreedObjectOfASharedHeapInCIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException {
        assertReported(run(folder, level, "shared"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "sampled", "full"})
    void anObjectWhereAFreedOneWasMayBeReadInC(String level, @TempDir Path folder)
            throws IOException, InterruptedException {
        String output = run(folder, level, "reused");
        assertTrue(output.contains("reused block reads 42"), output);
        assertFalse(output.contains("AddressSanitizer:"), output);
    }

    @Test
    void readingPastTheEndInCIsReported(@TempDir Path folder)
            throws IOException, InterruptedException {
        assertReported(run(folder, "full", "24"), "past the end reads");
    }

    private static void assertReported(String output, String never) {
        assertTrue(output.contains("live object reads 42"), output);
        assertTrue(output.contains("AddressSanitizer: use-after-poison"), output);
        assertFalse(output.contains(never), output);
    }

    private static String run(Path folder, String level, String what)
            throws IOException, InterruptedException {
        String sanitizer = sanitizer();
        Path source = Files.writeString(folder.resolve("read.c"), SOURCE);
        Path library = folder.resolve("libread.so");
        assertEquals(
                0,
                new ProcessBuilder(
                                "gcc",
                                "-g",
                                "-fsanitize=address",
                                "-shared",
                                "-fPIC",
                                "-o",
                                library.toString(),
                                source.toString())
                        .inheritIO()
                        .start()
                        .waitFor());
        ProcessBuilder child =
                ChildJvm.java(
                        List.of(
                                "-XX:TieredStopAtLevel=1",
                                "-Dquanta.heap.checked=" + level,
                                "-Dquanta.heap.quarantine=65536"),
                        SanitizerChild.class.getName(),
                        library.toString(),
                        what);
        child.environment().put("LD_PRELOAD", sanitizer);
        child.environment().put("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0");
        return ChildJvm.finish(child).output();
    }

    /** Path of the sanitizer's library; gcc answers with the bare name if it has none. */
    private static String sanitizer() throws InterruptedException {
        String name = "libasan.so";
        String path = name;
        try {
            Process gcc = new ProcessBuilder("gcc", "-print-file-name=" + name).start();
            path = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
            gcc.waitFor();
        } catch (IOException noCompiler) {
            Assumptions.abort("gcc not found: " + noCompiler.getMessage());
        }
        Assumptions.assumeFalse(path.equals(name), "libasan of gcc not found");
        return path;
    }
}
