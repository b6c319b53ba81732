package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.Target;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Decodes string and character constants into the code units that they have on a target: UTF-8
 * without a prefix and after {@code u8}, UTF-16 after {@code u}, UTF-32 after {@code U}, and after
 * {@code L} what {@code wchar_t} holds.
 */
final class Literal {
    private final String written; // without prefix and quotes
    private final CPrimitive element;
    private final Function<String, CParseException> fault;
    private final List<Integer> units = new ArrayList<>();
    private int unitBytes;
    private int at;

    private Literal(Token token, CPrimitive element, Function<String, CParseException> fault) {
        String all = token.text();
        int open = all.indexOf(all.charAt(all.length() - 1));
        this.written = all.substring(open + 1, all.length() - 1);
        this.element = element;
        this.fault = fault;
    }

    /** Type of a literal's elements. */
    static CPrimitive element(Token token) {
        return switch (token.text().charAt(0)) {
            case 'L' -> CPrimitive.WCHAR_T;
            case 'U' -> CPrimitive.CHAR32_T;
            case 'u' -> token.text().startsWith("u8") ? CPrimitive.UCHAR : CPrimitive.CHAR16_T;
            default -> CPrimitive.CHAR;
        };
    }

    /**
     * Returns a literal's code units.
     *
     * @param element type of the elements: of strings in a row, that of the one with a prefix
     * @param fault makes the error at the literal
     */
    static List<Integer> units(
            Token token,
            CPrimitive element,
            Target target,
            Function<String, CParseException> fault) {
        Literal literal = new Literal(token, element, fault);
        literal.unitBytes = (int) element.size(target);
        while (literal.at < literal.written.length()) {
            literal.decodeOne();
        }
        return literal.units;
    }

    private void decodeOne() {
        int c = written.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            encode(c);
            return;
        }
        char escaped = written.charAt(at++);
        switch (escaped) {
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                unit(digits(8, 3));
            }
            case 'x' -> unit(digits(16, Integer.MAX_VALUE));
            case 'u' -> encode((int) digits(16, 4));
            case 'U' -> encode((int) digits(16, 8));
            case 'n' -> encode('\n');
            case 't' -> encode('\t');
            case 'r' -> encode('\r');
            case 'a' -> encode(7);
            case 'b' -> encode('\b');
            case 'f' -> encode('\f');
            case 'v' -> encode(11);
            case 'e' -> encode(27);
            default -> encode(escaped);
        }
    }

    private long digits(int radix, int most) {
        int start = at;
        long value = 0;
        while (at < written.length()
                && at - start < most
                && Character.digit(written.charAt(at), radix) >= 0) {
            value = value * radix + Character.digit(written.charAt(at++), radix);
            if (value > 0xffff_ffffL) {
                throw fault.apply("escape sequence is too large");
            }
        }
        if (at == start || (radix == 16 && most != Integer.MAX_VALUE && at - start < most)) {
            throw fault.apply("escape sequence lacks digits");
        }
        return value;
    }

    private void unit(long value) {
        if (value >>> (unitBytes * Byte.SIZE) != 0) {
            throw fault.apply(
                    "escape sequence does not fit: value=0x%x type=%s"
                            .formatted(value, element.spelling()));
        }
        units.add((int) value);
    }

    private void encode(int codePoint) {
        if (!Character.isValidCodePoint(codePoint)) {
            throw fault.apply("no character: U+%X".formatted(codePoint));
        }
        String character = Character.toString(codePoint);
        switch (unitBytes) {
            case 1 -> {
                for (byte each : character.getBytes(StandardCharsets.UTF_8)) {
                    units.add(each & 0xff);
                }
            }
            case 2 -> character.chars().forEach(units::add);
            default -> units.add(codePoint);
        }
    }
}
