package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CParseException;
import org.quantalang.abi.internal.parse.Token.Kind;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts C text into tokens. Comments and line markers vanish; {@code #pragma pack} is obeyed here,
 * so that every token knows the packing it stands under.
 */
final class Lexer {
    private static final Pattern PACK =
            Pattern.compile(
                    "pragma\\s++pack\\s*+\\(\\s*+(?:(push|pop)\\s*+(?:,\\s*+[A-Za-z_]\\w*+\\s*+)?,?\\s*+)?(\\d*+)\\s*+\\)"
                        + ".*",
                    Pattern.DOTALL);
    private static final String[] LONG_PUNCTUATION = {
        "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=",
        "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##", "::"
    };
    private static final String PUNCTUATION = "()[]{}<>,;:=*&+-!~/%^|?.#@";
    private static final int MAX_PACK = 16;

    private final String text;
    private final String[] lines;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Integer> packStack = new ArrayDeque<>();
    private int at;
    private int line = 1;
    private int lineStart;
    private int pack;

    Lexer(String text) {
        this.text = text;
        this.lines = text.split("\r\n|\n|\r", -1);
    }

    CParseException fault(int atLine, int column, String what) {
        String shown = atLine <= lines.length ? lines[atLine - 1] : "";
        return new CParseException(atLine, column, what, shown);
    }

    List<Token> tokens() {
        boolean lineHasToken = false;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n' || c == '\r') {
                newLine();
                lineHasToken = false;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else if (c == '\\' && isLineEnd(at + 1)) {
                at++;
                newLine();
            } else if (text.startsWith("//", at)) {
                skipToLineEnd();
            } else if (text.startsWith("/*", at)) {
                skipComment();
            } else if (c == '#' && !lineHasToken) {
                directive();
            } else {
                lineHasToken = true;
                token(c);
            }
        }
        add(Kind.END, "", at);
        return tokens;
    }

    private boolean isLineEnd(int index) {
        return index < text.length() && (text.charAt(index) == '\n' || text.charAt(index) == '\r');
    }

    private void newLine() {
        at += text.startsWith("\r\n", at) ? 2 : 1;
        line++;
        lineStart = at;
    }

    private void skipToLineEnd() {
        while (at < text.length() && !isLineEnd(at)) {
            at++;
        }
    }

    private void skipComment() {
        int startLine = line;
        int startColumn = column(at);
        at += 2;
        while (!text.startsWith("*/", at)) {
            if (at >= text.length()) {
                throw fault(startLine, startColumn, "comment is never closed, expected '*/'");
            }
            if (isLineEnd(at)) {
                newLine();
            } else {
                at++;
            }
        }
        at += 2;
    }

    private int column(int index) {
        return index - lineStart + 1;
    }

    private void add(Kind kind, String what, int start) {
        tokens.add(new Token(kind, what, line, column(start), pack));
    }

    /** A line marker of the preprocessor, or a pragma. */
    private void directive() {
        int start = at;
        StringBuilder logical = new StringBuilder();
        at++;
        while (at < text.length() && !isLineEnd(at)) {
            if (text.charAt(at) == '\\' && isLineEnd(at + 1)) {
                at++;
                newLine();
                continue;
            }
            logical.append(text.charAt(at++));
        }
        String body = logical.toString().strip();
        if (body.startsWith("pragma")) {
            pragma(body);
        } else if (!body.isEmpty() && !Character.isDigit(body.charAt(0)) && !isNoise(body)) {
            throw fault(
                    line,
                    Math.max(1, column(start)),
                    "preprocessor directive '#%s'; run the text through 'cc -E' first"
                            .formatted(body.split("\\s", 2)[0]));
        }
    }

    private static boolean isNoise(String body) {
        return body.startsWith("line") || body.startsWith("ident") || body.startsWith("!");
    }

    private void pragma(String body) {
        Matcher matcher = PACK.matcher(body);
        if (!matcher.matches()) {
            return;
        }
        String action = matcher.group(1);
        String number = matcher.group(2);
        if ("push".equals(action)) {
            packStack.push(pack);
        } else if ("pop".equals(action)) {
            pack = packStack.isEmpty() ? 0 : packStack.pop();
            return;
        }
        if (!number.isEmpty()) {
            int wanted = number.length() > 2 ? 0 : Integer.parseInt(number);
            // 0 is the default; other numbers, as in compilers, change nothing.
            boolean legal = wanted <= MAX_PACK && Integer.bitCount(wanted) <= 1;
            pack = legal && number.length() <= 2 ? wanted : pack;
        } else if (action == null) {
            pack = 0;
        }
    }

    private void token(char c) {
        int start = at;
        if (Character.isLetter(c) || c == '_' || c == '$') {
            word(start);
        } else if (isDigit(c)
                || (c == '.' && at + 1 < text.length() && isDigit(text.charAt(at + 1)))) {
            number(start);
        } else if (c == '"' || c == '\'') {
            quoted(c, start);
        } else {
            punctuation(c, start);
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void word(int start) {
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at))
                        || text.charAt(at) == '_'
                        || text.charAt(at) == '$')) {
            at++;
        }
        String word = text.substring(start, at);
        boolean prefix =
                word.equals("L") || word.equals("u") || word.equals("U") || word.equals("u8");
        if (prefix && at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'')) {
            quoted(text.charAt(at), start);
        } else if (word.equals("_Pragma") || word.equals("__pragma")) {
            pragmaOperator(start);
        } else {
            add(Kind.WORD, word, start);
        }
    }

    private void pragmaOperator(int start) {
        int depth = 0;
        int open = at;
        boolean opened = false;
        do {
            if (at >= text.length() || isLineEnd(at)) {
                throw fault(line, column(start), "_Pragma is never closed, expected ')'");
            }
            char c = text.charAt(at++);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            opened |= !Character.isWhitespace(c);
        } while (depth > 0 || !opened);
        String inner = text.substring(open, at).strip();
        if (inner.length() > 2) {
            inner = inner.substring(1, inner.length() - 1).strip();
            pragma("pragma " + inner.replace("\"", ""));
        }
    }

    private void number(int start) {
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean sign =
                    (c == '+' || c == '-')
                            && "eEpP".indexOf(text.charAt(at - 1)) >= 0
                            && !isHex(start);
            if (!Character.isLetterOrDigit(c) && c != '.' && c != '_' && c != '\'' && !sign) {
                break;
            }
            at++;
        }
        add(Kind.NUMBER, text.substring(start, at), start);
    }

    private boolean isHex(int start) {
        return text.startsWith("0x", start) || text.startsWith("0X", start);
    }

    private void quoted(char quote, int start) {
        StringBuilder content = new StringBuilder();
        at++;
        while (at < text.length() && text.charAt(at) != quote) {
            if (isLineEnd(at)) {
                break;
            }
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                at++;
                content.append(escape());
            } else {
                content.append(text.charAt(at++));
            }
        }
        if (at >= text.length() || text.charAt(at) != quote) {
            throw fault(line, column(start), "%c is never closed on this line".formatted(quote));
        }
        at++;
        add(quote == '"' ? Kind.STRING : Kind.CHARACTER, content.toString(), start);
    }

    private char escape() {
        char c = text.charAt(at++);
        if (c >= '0' && c <= '7') {
            int value = c - '0';
            for (int i = 0; i < 2 && at < text.length() && isOctal(text.charAt(at)); i++) {
                value = value * 8 + text.charAt(at++) - '0';
            }
            return (char) (value & 0xff);
        }
        if (c == 'x') {
            int value = 0;
            while (at < text.length() && Character.digit(text.charAt(at), 16) >= 0) {
                value = (value << 4 | Character.digit(text.charAt(at++), 16)) & 0xffff;
            }
            return (char) value;
        }
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'a' -> 7;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'v' -> 11;
            default -> c;
        };
    }

    private static boolean isOctal(char c) {
        return c >= '0' && c <= '7';
    }

    private void punctuation(char c, int start) {
        for (String candidate : LONG_PUNCTUATION) {
            if (text.startsWith(candidate, at)) {
                at += candidate.length();
                add(Kind.PUNCTUATION, candidate, start);
                return;
            }
        }
        if (PUNCTUATION.indexOf(c) < 0) {
            throw fault(line, column(start), "unexpected character U+%04X".formatted((int) c));
        }
        at++;
        add(Kind.PUNCTUATION, String.valueOf(c), start);
    }
}
