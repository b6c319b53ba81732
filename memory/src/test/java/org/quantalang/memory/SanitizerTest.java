package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** C that is compiled with AddressSanitizer touches freed objects and redzones. */
class SanitizerTest {
    private static final String SOURCE = "int read_int(int *at) { return *at; }";

    @ParameterizedTest
    @ValueSource(strings = {"off", "counts", "sampled", "full"})
    void readingAFreedObjectInCIsReportedInEveryLevel(String level, @TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        assertReported(run(folder, level, "freed"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingAnObjectInCThatDiedWithItsHolderIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        assertReported(run(folder, level, "held"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingACollectedObjectInCIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        assertReported(run(folder, level, "collected"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "full"})
    void readingAFreedObjectOfASharedHeapInCIsReported(String level, @TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        assertReported(run(folder, level, "shared"), "freed object reads");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "sampled", "full"})
    void anObjectWhereAFreedOneWasMayBeReadInC(String level, @TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        String output = run(folder, level, "reused");
        assertTrue(output.contains("reused block reads 42"), output);
        assertFalse(output.contains("AddressSanitizer:"), output);
    }

    @Test
    void readingPastTheEndInCIsReported(@TempDir Path folder)
            throws IOException, InterruptedException, URISyntaxException {
        assertReported(run(folder, "full", "24"), "past the end reads");
    }

    private static void assertReported(String output, String never) {
        assertTrue(output.contains("live object reads 42"), output);
        assertTrue(output.contains("AddressSanitizer: use-after-poison"), output);
        assertFalse(output.contains(never), output);
    }

    private static String run(Path folder, String level, String what)
            throws IOException, InterruptedException, URISyntaxException {
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
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Dquanta.heap.checked=" + level,
                        "-Dquanta.heap.quarantine=65536",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classPath(),
                        SanitizerChild.class.getName(),
                        library.toString(),
                        what);
        child.environment().put("LD_PRELOAD", sanitizer);
        child.environment().put("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0");
        child.redirectErrorStream(true);
        Process running = child.start();
        String output = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        running.waitFor();
        return output;
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

    /** What this JVM has on its module and class paths, and the folder of the tests. */
    static String classPath() throws URISyntaxException {
        URL child = SanitizerChild.class.getResource("SanitizerChild.class");
        assertNotNull(child);
        Path tests = Path.of(child.toURI());
        for (String ignored : SanitizerChild.class.getName().split("\\.", -1)) {
            tests = Objects.requireNonNull(tests.getParent(), ignored);
        }
        return Stream.concat(
                        Stream.of(tests.toString()),
                        Stream.of("jdk.module.path", "java.class.path")
                                .map(System::getProperty)
                                .filter(Objects::nonNull)
                                .flatMap(path -> Stream.of(path.split(File.pathSeparator, -1))))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
