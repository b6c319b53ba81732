package org.quantalang.memory;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Programs of the JDK that runs the tests, in processes of their own: with no options but those
 * they are given here, whatever the environment says, and for no longer than they may take.
 */
final class ChildJvm {
    private static final Path BIN = Path.of(System.getProperty("java.home"), "bin");
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private ChildJvm() {}

    /** What a process left: its exit code and all that it wrote. */
    record Outcome(int exitCode, String output) {}

    /**
     * A virtual machine that may make restricted calls, with the classes of these tests unless the
     * flags name others.
     */
    static ProcessBuilder java(List<String> flags, String main, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath()));
        all.addAll(flags);
        all.add(main);
        all.addAll(List.of(arguments));
        return tool("java", all);
    }

    /** A program of the JDK. */
    static ProcessBuilder tool(String name, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(BIN.resolve(name).toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        return builder;
    }

    /** Without modules, so that a process reaches the internals. */
    static String classPath() {
        return String.join(
                File.pathSeparator,
                Path.of("target", "test-classes").toAbsolutePath().toString(),
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""));
    }

    /** Runs it to its end and returns what it wrote to standard output and standard error. */
    static Outcome finish(ProcessBuilder builder) throws IOException, InterruptedException {
        return finish(builder, LONGEST);
    }

    /** The same with a limit of its own: after that it is ended, and its output says so. */
    static Outcome finish(ProcessBuilder builder, Duration longest)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile("child", ".txt");
        try {
            Process process =
                    builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
            boolean ended = waitOrEnd(process, longest);
            String text = Files.readString(output);
            return new Outcome(
                    process.waitFor(), ended ? text : text + "\nended, still running: " + longest);
        } finally {
            Files.delete(output);
        }
    }

    /** Whether it ended by itself; it does not outlive a test that is interrupted either. */
    private static boolean waitOrEnd(Process process, Duration longest)
            throws InterruptedException {
        try {
            return process.waitFor(longest);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
