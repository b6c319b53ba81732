package org.quantalang.core.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/**
 * The option {@code --json}, as a picocli mixin for commands that yield data. JSON reaches standard
 * output whole or not at all: a failure while it is written leaves standard output empty.
 */
public final class JsonOption {
    @Option(names = "--json", description = "Print the data as JSON.")
    private boolean json;

    /** Creates the mixin; picocli sets its field. */
    public JsonOption() {}

    /**
     * Returns whether the user asked for JSON.
     *
     * @return whether {@code --json} was given
     */
    public boolean requested() {
        return json;
    }

    /**
     * Writes one JSON value and a line end.
     *
     * @param out where it goes
     * @param body writes the value
     */
    public static void print(PrintWriter out, Body body) {
        var text = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(text)) {
            generator.setPrettyPrinter(new DefaultPrettyPrinter());
            body.writeTo(generator);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter has none of its own
        }
        out.println(text);
    }

    /** Writes a JSON value. */
    @FunctionalInterface
    public interface Body {
        /**
         * Writes the value.
         *
         * @param json takes it
         * @throws IOException never of its own accord; as the generator's methods declare it
         */
        void writeTo(JsonGenerator json) throws IOException;
    }
}
