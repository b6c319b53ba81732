package org.quantalang.core.cli;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.Target;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file of C declarations and the target they are for, as a picocli mixin. */
final class CSourceInput {
    @Parameters(
            paramLabel = "FILE",
            description = "C declarations, preprocessed; - for standard input.")
    private String file = "-";

    @Option(
            names = "--target",
            paramLabel = "TRIPLE",
            description = "The platform, such as aarch64-linux-gnu; without it, this machine.")
    private @Nullable String triple;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    CSourceInput() {}

    Target target() {
        try {
            return triple == null ? Target.host() : Target.parse(triple);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), "--target: " + e.getMessage(), e);
        } catch (UnsupportedOperationException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()), e);
        }
    }

    CDeclarations parse() {
        Target target = target();
        try {
            return CDeclarations.parse(read(), target);
        } catch (CParseException | IllegalArgumentException e) {
            throw new CommandFailure("%s: %s".formatted(file, e.getMessage()), e);
        }
    }

    private String read() {
        try {
            byte[] bytes =
                    file.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(file));
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new CommandFailure("no such file: " + file, e);
        } catch (AccessDeniedException e) {
            throw new CommandFailure("permission denied: " + file, e);
        } catch (InvalidPathException e) {
            throw new CommandFailure("not a file name: " + file, e);
        } catch (IOException e) {
            throw new CommandFailure("cannot read %s: %s".formatted(file, e.getMessage()), e);
        }
    }
}
