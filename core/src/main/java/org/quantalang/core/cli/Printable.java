package org.quantalang.core.cli;

import java.util.stream.Collectors;

/**
 * Text from outside, such as arguments and names of files, without what a terminal would obey: a
 * pasted escape sequence neither moves the cursor nor renames the window.
 */
final class Printable {
    private static final int REPLACEMENT = 0xfffd;

    private Printable() {}

    /** One line: every character that is not seen is U+FFFD, ends of lines too. */
    static String line(String text) {
        return text.codePoints()
                .map(character -> isHidden(character) ? REPLACEMENT : character)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** The same for a message of several lines. */
    static String lines(String text) {
        return text.lines()
                .map(Printable::line)
                .collect(Collectors.joining(System.lineSeparator()));
    }

    /** Controls but the tab, and what turns text around. */
    private static boolean isHidden(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL -> character != '\t';
            case Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE ->
                    true;
            default -> false;
        };
    }
}
