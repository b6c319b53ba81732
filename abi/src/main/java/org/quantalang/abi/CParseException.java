package org.quantalang.abi;

/**
 * Says where a C declaration cannot be read, and what was expected there. The message has the line
 * and column in the text, the file and line that a preprocessor's marker gives them, and the line
 * itself with a caret; characters that a terminal would obey are shown as U+FFFD.
 */
public final class CParseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int LONGEST_SHOWN = 160;
    private static final String CUT = "...";
    private static final char REPLACEMENT = '\ufffd';

    private final int line;
    private final int column;

    /**
     * Creates the exception.
     *
     * @param line line of the fault, from 1
     * @param column column of the fault, from 1
     * @param what what is wrong and what was expected
     * @param sourceLine the line itself; shown with a caret under the column, of a long one the
     *     part around it
     */
    public CParseException(int line, int column, String what, String sourceLine) {
        this(line, column, "", what, sourceLine);
    }

    /**
     * Creates the exception for preprocessed text.
     *
     * @param line line of the fault in the text, from 1
     * @param column column of the fault, from 1
     * @param origin file and line before preprocessing, such as {@code regex.h:849}; empty if they
     *     are unknown
     * @param what what is wrong and what was expected
     * @param sourceLine the line itself
     */
    public CParseException(int line, int column, String origin, String what, String sourceLine) {
        super(
                "line %d, column %d%s: %s%n%s"
                        .formatted(
                                line,
                                column,
                                origin.isEmpty() ? "" : " (" + printable(origin) + ")",
                                printable(what),
                                shown(printable(sourceLine), column)));
        this.line = line;
        this.column = column;
    }

    /**
     * Replaces, one for one, what is no visible character: controls, and what turns text around.
     */
    private static String printable(String text) {
        StringBuilder result = new StringBuilder(text);
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            int end = i + Character.charCount(character);
            boolean hidden =
                    switch (Character.getType(character)) {
                        case Character.CONTROL -> character != '\t';
                        case Character.FORMAT,
                                Character.LINE_SEPARATOR,
                                Character.PARAGRAPH_SEPARATOR,
                                Character.SURROGATE ->
                                true;
                        default -> false;
                    };
            for (; i < end; i++) {
                if (hidden) {
                    result.setCharAt(i, REPLACEMENT);
                }
            }
        }
        return result.toString();
    }

    /** The line with a caret below; of a long one the part around the column. */
    private static String shown(String sourceLine, int column) {
        if (sourceLine.length() <= LONGEST_SHOWN) {
            return "%s%n%s^".formatted(sourceLine, indent(sourceLine, column));
        }
        int from = Math.clamp(column - 1 - LONGEST_SHOWN / 2, 0, sourceLine.length());
        int to = Math.min(from + LONGEST_SHOWN, sourceLine.length());
        String part =
                (from > 0 ? CUT : "")
                        + sourceLine.substring(from, to)
                        + (to < sourceLine.length() ? CUT : "");
        int shift = from > 0 ? CUT.length() - from : 0;
        return "%s%n%s^".formatted(part, indent(part, column + shift));
    }

    /** Blanks up to the column; a tab stays a tab so that the caret stands right. */
    private static String indent(String sourceLine, int column) {
        StringBuilder blanks = new StringBuilder();
        for (int i = 0; i < column - 1; i++) {
            boolean tab = i < sourceLine.length() && sourceLine.charAt(i) == '\t';
            blanks.append(tab ? '\t' : ' ');
        }
        return blanks.toString();
    }

    /**
     * Returns the line of the fault.
     *
     * @return the line, from 1
     */
    public int line() {
        return line;
    }

    /**
     * Returns the column of the fault.
     *
     * @return the column, from 1
     */
    public int column() {
        return column;
    }
}
