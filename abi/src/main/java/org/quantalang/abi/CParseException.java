package org.quantalang.abi;

/** Says where a C declaration cannot be read, and what was expected there. */
public final class CParseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    /**
     * Creates the exception.
     *
     * @param line line of the fault, from 1
     * @param column column of the fault, from 1
     * @param what what is wrong and what was expected
     * @param sourceLine the line itself; shown with a caret under the column
     */
    public CParseException(int line, int column, String what, String sourceLine) {
        super(
                "line %d, column %d: %s%n%s%n%s^"
                        .formatted(line, column, what, sourceLine, indent(sourceLine, column)));
        this.line = line;
        this.column = column;
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
