package org.quantalang.abi;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a C compiler that judges what we compute; a test is skipped where there is none. */
public final class CompilerUnderTest {
    private final String command;

    private CompilerUnderTest(String command) {
        this.command = command;
    }

    /** Returns a compiler, or skips the test with the line that installs it. */
    public static CompilerUnderTest require(String command, String debianPackage) {
        String path = System.getenv().getOrDefault("PATH", "");
        for (String folder : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, command))) {
                return new CompilerUnderTest(command);
            }
        }
        Assumptions.abort(
                "skipped: %s not found; apt-get install -y %s".formatted(command, debianPackage));
        throw new AssertionError();
    }

    /** Runs it and returns its standard output. */
    public String run(List<String> arguments) {
        List<String> line = new ArrayList<>(List.of(command));
        line.addAll(arguments);
        try {
            Path errors = Files.createTempFile("quanta-compiler", ".err");
            Process process = new ProcessBuilder(line).redirectError(errors.toFile()).start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            String said = Files.readString(errors);
            Files.delete(errors);
            if (code != 0) {
                throw new AssertionError("%s: exit %d%n%s".formatted(line, code, said));
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
