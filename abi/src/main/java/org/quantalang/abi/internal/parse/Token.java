package org.quantalang.abi.internal.parse;

/**
 * A word of the source.
 *
 * @param kind what it is
 * @param text its characters as written; of a string or character constant with prefix and quotes
 * @param line line in the source, from 1
 * @param column column in the line, from 1
 * @param pack the {@code #pragma pack} in force here, 0 for none
 */
record Token(Kind kind, String text, int line, int column, int pack) {
    enum Kind {
        WORD,
        NUMBER,
        CHARACTER,
        STRING,
        PUNCTUATION,
        END
    }

    boolean is(String wanted) {
        return (kind == Kind.PUNCTUATION || kind == Kind.WORD) && text.equals(wanted);
    }

    boolean isAsm() {
        return is("asm") || is("__asm__") || is("__asm");
    }

    /** A string's characters, for messages and names: without prefix and quotes. */
    String content() {
        return text.substring(text.indexOf('"') + 1, text.length() - 1);
    }

    /** How an error message calls it. */
    String shown() {
        return switch (kind) {
            case END -> "the end of the text";
            case STRING -> "a string";
            case CHARACTER -> "a character constant";
            default -> "'" + text + "'";
        };
    }
}
