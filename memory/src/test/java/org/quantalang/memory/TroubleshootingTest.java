package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The troubleshooting page lists every report that the sources can print, and no other. */
class TroubleshootingTest {
    private static final Path PAGE = Path.of("../docs/troubleshooting.md");
    private static final Path SOURCES = Path.of("src/main/java");

    /** What a report's first text literal follows. */
    private static final Pattern REPORT =
            Pattern.compile(
                    "(?:(?:new (?:IllegalState|IndexOutOfBounds)Exception|new"
                        + " (?:Heap)?OutOfMemoryError"
                        + "|report\\.of|problem|report\\.accept|notices(?:\\(\\))?\\.accept|refused"
                        + "|notCounted|badReference|asCause)\\(|WARNING,|ERROR,)[^;\"]*\"([^\"]+)\"");

    /** Why an address is no block; why not a living object. */
    private static final Pattern FAULT =
            Pattern.compile("(?:return|\\?|:|\\+)\\s+\"(?:, )?([a-z][a-z :]+)(?:=%s)?\"");

    private static final Set<String> WITH_FAULTS = Set.of("BlockWalk.java", "ObjectChecks.java");

    /** Up to the first value: the words that a report is known by. */
    private static String words(String literal) {
        String text = literal.replaceFirst("^%s( of)? ", "");
        return text.split("[:;(%=]", 2)[0].strip();
    }

    private static String page() throws IOException {
        return Files.readString(PAGE);
    }

    private static List<String> reports() throws IOException {
        List<String> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
                String source = Files.readString(file);
                addAll(REPORT, source, all);
                if (WITH_FAULTS.contains(file.getFileName().toString())) {
                    addAll(FAULT, source, all);
                }
            }
        }
        return all;
    }

    private static void addAll(Pattern pattern, String source, List<String> all) {
        Matcher found = pattern.matcher(source);
        while (found.find()) {
            String words = words(found.group(1));
            if (words.contains(" ") || words.length() > 4) {
                all.add(words);
            }
        }
    }

    @Test
    void everyReportIsListed() throws IOException {
        String page = page();
        Set<String> missing = new TreeSet<>();
        for (String report : reports()) {
            if (!page.contains(report)) {
                missing.add(report);
            }
        }
        assertEquals(Set.of(), missing);
        assertTrue(reports().size() > 80, "the sources were not found, or not understood");
    }

    @Test
    void everyListedReportExists() throws IOException {
        StringBuilder sources = new StringBuilder();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            files.filter(each -> each.toString().endsWith(".java"))
                    .forEach(each -> sources.append(text(each)));
        }
        Set<String> unknown = new TreeSet<>();
        for (String row : page().lines().toList()) {
            if (!row.startsWith("| `")) {
                continue;
            }
            Matcher quoted = Pattern.compile("`([^`]+)`").matcher(row.split(" \\| ", 2)[0]);
            while (quoted.find()) {
                String words = words(quoted.group(1).replaceFirst("^(OP|…) ?", ""));
                if (words.isEmpty()) {
                    words = quoted.group(1).replaceFirst("^…? ?\\(", "").split("[:)]", 2)[0];
                }
                words =
                        words.replaceFirst(" N objects$", "")
                                .replaceFirst("^outside the heap, ", "")
                                .replaceFirst("=NAME$", "");
                if (sources.indexOf(words) < 0 && !words.startsWith("AddressSanitizer")) {
                    unknown.add(words);
                }
            }
        }
        assertEquals(Set.of(), unknown);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
