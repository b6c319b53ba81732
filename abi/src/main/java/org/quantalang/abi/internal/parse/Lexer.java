package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.internal.parse.Token.Kind;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts C text into tokens. As in C, lines that end in a backslash are joined first, wherever that
 * is. Comments vanish, line markers are kept for error messages only; {@code #pragma pack} is
 * obeyed here, so that every token knows the packing it stands under.
 */
final class Lexer {
    private static final Pattern PACK =
            Pattern.compile("pragma\\s++pack\\s*+\\(([^()]*+)\\).*+", Pattern.DOTALL);
    private static final Pattern MARKER =
            Pattern.compile("(?:line\\s++)?(\\d{1,9}+)(?:\\s++\"((?:[^\"\\\\]|\\\\.)*+)\".*+)?");
    private static final int LONGEST_FILE_NAME = 120;
    private static final Pattern LAYOUT_PRAGMA =
            Pattern.compile(
                    "pragma\\s++(ms_struct\\s++on\\b|(options\\s++)?align\\s*+=|options\\s++align\\b"
                        + "|scalar_storage_order\\s++(big|little)|clang\\s++attribute\\b).*+",
                    Pattern.DOTALL);
    private static final Pattern NUMBER =
            Pattern.compile("(0[xX][0-9a-fA-F]{1,8}|0[bB][01]{1,8}|[0-9]{1,8})[uUlL]{0,3}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*+");
    private static final String[] LONG_PUNCTUATION = {
        "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=",
        "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##", "::"
    };
    private static final Map<String, String> DIGRAPHS =
            Map.of("<:", "[", ":>", "]", "<%", "{", "%>", "}", "%:", "#");
    private static final Pattern SPLICE = Pattern.compile("\\\\[ \t\\f\\x0b]*+(?:\r\n|\n|\r)");
    private static final String PUNCTUATION = "()[]{}<>,;:=*&+-!~/%^|?.#@";
    private static final int MAX_PACK = 16;
    private static final String BYTE_ORDER_MARK = "\ufeff";

    private final String text; // without the ends of joined lines
    private final String[] lines; // as they were given
    private final int[] lineStarts; // of each of these lines, its first place in the text
    private final List<Token> tokens = new ArrayList<>();
    private final NavigableMap<Integer, Marker> markers = new TreeMap<>();
    private final Deque<Pushed> packStack = new ArrayDeque<>();
    private int at;
    private int pack;

    /** What a line marker says of the line after it; the file's name is empty if none was given. */
    private record Marker(String file, long line) {
        String origin(int linesAfter) {
            boolean isLong = file.length() > LONGEST_FILE_NAME;
            String name = isLong ? file.substring(file.length() - LONGEST_FILE_NAME) : file;
            return (isLong ? "..." : "")
                    + (name.isEmpty() ? "line " : name + ":")
                    + (line + linesAfter);
        }
    }

    /** What {@code #pragma pack(push, label)} keeps; the label may be empty. */
    private record Pushed(String label, int pack) {}

    Lexer(String source) {
        String given = source.startsWith(BYTE_ORDER_MARK) ? source.substring(1) : source;
        lines = given.split("\r\n|\n|\r", -1);
        lineStarts = new int[lines.length];
        text = joined(given);
    }

    /** Joins the lines that end in a backslash, and notes where each line starts afterwards. */
    private String joined(String given) {
        StringBuilder result = new StringBuilder(given.length());
        Matcher splice = SPLICE.matcher(given);
        boolean more = splice.find();
        int line = 0;
        for (int i = 0; i < given.length(); ) {
            if (more && splice.start() == i) {
                i = splice.end();
                more = splice.find();
            } else {
                char c = given.charAt(i++);
                result.append(c);
                if (c != '\n' && (c != '\r' || given.startsWith("\n", i))) {
                    continue;
                }
            }
            lineStarts[++line] = result.length();
        }
        return result.toString();
    }

    /** Returns the number of the last line that starts there or before, from 1. */
    private int line(int index) {
        int low = 0;
        int high = lines.length;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (lineStarts[middle] <= index) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low + 1;
    }

    private int column(int index) {
        return index - lineStarts[line(index) - 1] + 1;
    }

    CParseException fault(int atLine, int column, String what) {
        String shown = atLine <= lines.length ? lines[atLine - 1] : "";
        Map.Entry<Integer, Marker> before = markers.floorEntry(atLine);
        String origin = before == null ? "" : before.getValue().origin(atLine - before.getKey());
        return new CParseException(atLine, column, origin, what, shown);
    }

    List<Token> tokens() {
        boolean lineHasToken = false;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (Character.isWhitespace(c)) {
                lineHasToken &= !isLineEnd(at);
                at++;
            } else if (text.startsWith("//", at)) {
                skipToLineEnd();
            } else if (text.startsWith("/*", at)) {
                skipComment();
            } else if (!lineHasToken && (c == '#' || text.startsWith("%:", at))) {
                directive(c == '#' ? 1 : 2);
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

    private void skipToLineEnd() {
        while (at < text.length() && !isLineEnd(at)) {
            at++;
        }
    }

    private void skipComment() {
        int end = text.indexOf("*/", at + 2);
        if (end < 0) {
            throw fault(at, "comment is never closed, expected '*/'");
        }
        at = end + 2;
    }

    private CParseException fault(int index, String what) {
        return fault(line(index), column(index), what);
    }

    private void add(Kind kind, String what, int start) {
        tokens.add(new Token(kind, what, line(start), column(start), pack));
    }

    /** A line marker of the preprocessor, or a pragma. */
    private void directive(int signLength) {
        int start = at;
        at += signLength;
        String body = directiveBody();
        Matcher marker = MARKER.matcher(body);
        if (marker.matches()) {
            marker(marker.group(1), marker.group(2));
        } else if (body.startsWith("pragma")) {
            pragma(body, start);
        } else if (!body.isEmpty() && !Character.isDigit(body.charAt(0)) && !isNoise(body)) {
            throw fault(
                    start,
                    "preprocessor directive '#%s'; run the text through 'cc -E' first"
                            .formatted(body.split("\\s", 2)[0]));
        }
    }

    /** Goes to the end of the line, beyond it if a comment does; each comment is one blank. */
    private String directiveBody() {
        StringBuilder body = new StringBuilder();
        while (at < text.length() && !isLineEnd(at)) {
            if (text.startsWith("//", at)) {
                skipToLineEnd();
            } else if (text.startsWith("/*", at)) {
                skipComment();
                body.append(' ');
            } else if (text.charAt(at) == '"') {
                copyString(body);
            } else {
                body.append(text.charAt(at++));
            }
        }
        return body.toString().strip();
    }

    private void copyString(StringBuilder into) {
        do {
            if (text.charAt(at) == '\\') {
                into.append(text.charAt(at++));
            }
            if (at < text.length() && !isLineEnd(at)) {
                into.append(text.charAt(at++));
            }
        } while (at < text.length() && !isLineEnd(at) && text.charAt(at) != '"');
        if (at < text.length() && !isLineEnd(at)) {
            into.append(text.charAt(at++));
        }
    }

    private void marker(String number, @Nullable String quoted) {
        Map.Entry<Integer, Marker> last = markers.lastEntry();
        String file =
                quoted != null
                        ? quoted.replaceAll("\\\\(.)", "$1")
                        : last == null ? "" : last.getValue().file;
        markers.put(line(at) + 1, new Marker(file, Long.parseLong(number)));
    }

    private static boolean isNoise(String body) {
        return body.startsWith("line") || body.startsWith("ident") || body.startsWith("!");
    }

    /**
     * Obeys {@code pack()}, {@code pack(n)}, {@code pack(push, label, n)} and {@code pack(pop,
     * label, n)}, label and number optional. As in compilers, what reads otherwise and a number
     * that no packing has leave all as it is.
     */
    private void pragma(String body, int start) {
        if (LAYOUT_PRAGMA.matcher(body).matches()) {
            throw fault(
                    start,
                    "'#%s' changes the layout and is not supported; use '#pragma pack' or attributes"
                            .formatted(body));
        }
        Matcher matcher = PACK.matcher(body);
        if (!matcher.matches()) {
            return;
        }
        List<String> words = new ArrayList<>();
        for (String word : matcher.group(1).split(",", -1)) {
            words.add(word.strip());
        }
        if (words.equals(List.of(""))) {
            pack = 0;
            return;
        }
        String action = words.getFirst();
        boolean stacks = action.equals("push") || action.equals("pop");
        if (stacks) {
            words.removeFirst();
        }
        String label = "";
        if (stacks && !words.isEmpty() && NAME.matcher(words.getFirst()).matches()) {
            label = words.removeFirst();
        }
        int wanted = words.isEmpty() ? pack : packing(words.getFirst());
        if (words.size() > 1 || wanted < 0) {
            return;
        }
        if (action.equals("push")) {
            packStack.push(new Pushed(label, pack));
        } else if (action.equals("pop")) {
            pop(label);
        }
        if (!words.isEmpty()) {
            pack = wanted;
        }
    }

    /** The packing that a number means, 0 being the default; negative if it means none. */
    private static int packing(String word) {
        Matcher number = NUMBER.matcher(word);
        if (!number.matches()) {
            return -1;
        }
        String digits = number.group(1);
        String prefix = digits.substring(0, Math.min(2, digits.length())).toLowerCase(Locale.ROOT);
        int radix =
                switch (prefix) {
                    case "0x" -> 16;
                    case "0b" -> 2;
                    default -> digits.length() > 1 && digits.startsWith("0") ? 8 : 10;
                };
        boolean prefixed = radix == 16 || radix == 2;
        try {
            long value = Long.parseLong(prefixed ? digits.substring(2) : digits, radix);
            return value <= MAX_PACK && Long.bitCount(value) <= 1 ? (int) value : -1;
        } catch (NumberFormatException _) {
            return -1; // 08
        }
    }

    /** Goes back to what the nearest push of this label kept; without a label, to the last one. */
    private void pop(String label) {
        if (!label.isEmpty() && packStack.stream().noneMatch(each -> each.label.equals(label))) {
            return;
        }
        while (!packStack.isEmpty()) {
            Pushed pushed = packStack.pop();
            pack = pushed.pack;
            if (label.isEmpty() || pushed.label.equals(label)) {
                return;
            }
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
                throw fault(start, "_Pragma is never closed, expected ')'");
            }
            char c = text.charAt(at++);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            opened |= !Character.isWhitespace(c);
        } while (depth > 0 || !opened);
        String inner = text.substring(open, at).strip();
        if (inner.length() > 2) {
            inner = inner.substring(1, inner.length() - 1).strip();
            pragma("pragma " + inner.replace("\"", ""), start);
        }
    }

    private void number(int start) {
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean sign = (c == '+' || c == '-') && "eEpP".indexOf(text.charAt(at - 1)) >= 0;
            if (!Character.isLetterOrDigit(c) && c != '.' && c != '_' && c != '\'' && !sign) {
                break;
            }
            at++;
        }
        add(Kind.NUMBER, text.substring(start, at), start);
    }

    /** A literal is kept as it is written; {@link Literal} decodes it. */
    private void quoted(char quote, int start) {
        at++;
        while (at < text.length() && text.charAt(at) != quote && !isLineEnd(at)) {
            at += text.charAt(at) == '\\' && !isLineEnd(at + 1) ? 2 : 1;
        }
        if (at >= text.length() || text.charAt(at) != quote) {
            throw fault(start, "%c is never closed on this line".formatted(quote));
        }
        add(quote == '"' ? Kind.STRING : Kind.CHARACTER, text.substring(start, ++at), start);
    }

    private void punctuation(char c, int start) {
        for (String candidate : LONG_PUNCTUATION) {
            if (text.startsWith(candidate, at)) {
                at += candidate.length();
                add(Kind.PUNCTUATION, candidate, start);
                return;
            }
        }
        String digraph = DIGRAPHS.get(text.substring(at, Math.min(at + 2, text.length())));
        if (digraph != null) {
            at += 2;
            add(Kind.PUNCTUATION, digraph, start);
            return;
        }
        if (PUNCTUATION.indexOf(c) < 0) {
            throw fault(start, "unexpected character U+%04X".formatted((int) c));
        }
        at++;
        add(Kind.PUNCTUATION, String.valueOf(c), start);
    }
}
