package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The project's README, whose programs are the tests'. */
final class Readme {
    private static final Path SOURCES = Path.of("src/test/java/org/quantalang/memory");
    private static final String QUOTES = "```";

    private Readme() {}

    /**
     * The text of a block.
     *
     * @param after text in front of it, such as the heading of its section
     * @param language what follows its opening quotes
     */
    static String block(String after, String language) throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        String opening = QUOTES + language + "\n";
        int at = readme.indexOf(opening, readme.indexOf(after)) + opening.length();
        return readme.substring(at, readme.indexOf(QUOTES, at)).strip();
    }

    /**
     * Asserts that a section's program is what a test class has between its lines {@code begin} and
     * {@code end}.
     */
    static void assertShows(String heading, Class<?> test) throws IOException {
        List<String> source = Files.readAllLines(SOURCES.resolve(test.getSimpleName() + ".java"));
        String program =
                source
                        .subList(source.indexOf("    // begin") + 1, source.indexOf("    // end"))
                        .stream()
                        .map(line -> line.isEmpty() ? line : line.substring(4))
                        .collect(Collectors.joining("\n"));
        assertEquals(program.strip(), block(heading, "java"));
    }
}
