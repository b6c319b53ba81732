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
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;

/** A file of C declarations and the target they are for, as a picocli mixin. */
final class CSourceInput {
    /** The preprocessed headers of large programs have a few megabytes. */
    private static final int MOST_BYTES = 64 << 20;

    @Parameters(
            paramLabel = "FILE",
            description = "C declarations, preprocessed; - for standard input.")
    private String file = "-";

    @Option(
            names = "--target",
            paramLabel = "TRIPLE",
            completionCandidates = Triples.class,
            description =
                    "The platform, in any usual spelling; without it, this machine. There are:"
                            + " ${COMPLETION-CANDIDATES}.")
    private @Nullable String triple;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    CSourceInput() {}

    /** The targets, for the help. */
    static final class Triples implements Iterable<String> {
        Triples() {}

        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(Target.values()).map(Target::triple).iterator();
        }
    }

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
            throw new CommandFailure("%s: %s".formatted(shownFile(), e.getMessage()), e);
        }
    }

    /** What messages call the text. */
    String name() {
        return file.equals("-") ? "standard input" : Printable.line(file);
    }

    private String read() {
        if (file.isEmpty()) {
            throw new ParameterException(
                    command.commandLine(), "no FILE given; - is standard input");
        }
        try {
            byte[] bytes = file.equals("-") ? bytesOf(System.in) : bytesOfFile();
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new CommandFailure("no such file: " + shownFile(), e);
        } catch (AccessDeniedException e) {
            throw new CommandFailure("permission denied: " + shownFile(), e);
        } catch (InvalidPathException e) {
            throw new CommandFailure("not a file name: " + shownFile(), e);
        } catch (IOException e) {
            throw new CommandFailure("cannot read %s: %s".formatted(name(), e.getMessage()), e);
        }
    }

    private String shownFile() {
        return Printable.line(file);
    }

    private byte[] bytesOfFile() throws IOException {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return bytesOf(in);
        }
    }

    private byte[] bytesOf(InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new CommandFailure(
                    ("%s: the input is too large: mostBytes=%d; leave out what the records and"
                                    + " functions do not need")
                            .formatted(shownFile(), MOST_BYTES));
        }
        return bytes;
    }
}
