package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs the jcstress tests, the classes named {@code *Stress}, in virtual machines of their own:
 * those with a fault in them, named {@code Faulty*}, must fail, and no other.
 */
class RacesTest {
    private static final Pattern TEST =
            Pattern.compile("org\\.quantalang\\.scheduler\\.[A-Za-z.]+Stress\\.[A-Za-z]+");
    private static final Pattern FAILED = Pattern.compile("\\[FAILED] (\\S+)");
    private static final int MORE_ATTEMPTS = 5;
    private static final Path CLASSES = Path.of("target", "test-classes");

    @TempDir private Path directory;

    @Test
    @Timeout(1800)
    void endAsAllowedAndTheFaultyOnesAreFound() throws Exception {
        // Two threads take turns on one processor: almost no race is ever lost there.
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "needs two processors");
        run("-iters", "1", "-time", "300", "-sc", "false", "-af", "NONE", "-jvmArgs", "-Xmx256m");
    }

    @Test
    @Tag("soak")
    @Timeout(7200)
    void endAsAllowedUnderAllCompilersAndPlacements() throws Exception {
        run("-m", "default", "-f", "1", "-fsm", "1", "-iters", "2", "-time", "400");
    }

    private void run(String... limits) throws IOException, InterruptedException {
        Set<String> all = allTests();
        var faulty = new TreeSet<>(all);
        faulty.removeIf(name -> !name.contains("Faulty"));
        assertTrue(faulty.size() >= 5 && faulty.size() < all.size(), () -> "tests: " + all);

        String output = jcstress(".*", limits);
        Set<String> failed = find(FAILED, output, 1);
        for (int more = 0; more < MORE_ATTEMPTS && !failed.containsAll(faulty); more++) {
            // A rare outcome may stay away in a short run on a busy machine.
            var missing = new TreeSet<>(faulty);
            missing.removeAll(failed);
            String again = jcstress(String.join("|", missing), limits);
            failed.addAll(find(FAILED, again, 1));
        }
        assertEquals(faulty, failed, output);
        assertTrue(output.contains(" failed, 0 soft errs, 0 hard errs)"), output);
    }

    private String jcstress(String tests, String... limits)
            throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                classPath(),
                                "org.openjdk.jcstress.Main",
                                "-r",
                                directory.resolve("report").toString(),
                                "-t",
                                tests));
        command.addAll(List.of(limits));
        Process harness =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            harness.waitFor();
        } finally { // also when time is up
            harness.descendants().forEach(ProcessHandle::destroyForcibly);
            harness.destroyForcibly();
        }
        return Files.readString(output);
    }

    private static Set<String> allTests() throws IOException {
        return find(TEST, Files.readString(CLASSES.resolve("META-INF").resolve("TestList")), 0);
    }

    private static Set<String> find(Pattern pattern, String text, int group) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult found) -> found.group(group))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Without modules, so that the harness reaches the internals. */
    private static String classPath() {
        return String.join(
                File.pathSeparator,
                CLASSES.toAbsolutePath().toString(),
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path"));
    }
}
