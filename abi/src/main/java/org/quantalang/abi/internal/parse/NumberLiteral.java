package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigInteger;
import java.util.Locale;
import java.util.function.Function;

/**
 * A number as C writes it.
 *
 * @param type what it has in C: the first of the ladder that fits, or what its suffix says
 * @param number the value of an integer
 * @param isInteger whether it is one; of floating constants only the type is known
 */
record NumberLiteral(CType type, BigInteger number, boolean isInteger) {
    /** No constant that fits is as long, whatever its base. */
    private static final int LONGEST = 256;

    /** Reads a number; makes a fault of what is none. */
    static NumberLiteral of(Token token, Target target, Function<String, CParseException> fault) {
        if (token.text().length() > LONGEST) {
            throw fault.apply("number of more than %d characters".formatted(LONGEST));
        }
        String text = token.text().toLowerCase(Locale.ROOT).replace("'", "");
        int radix = text.startsWith("0x") ? 16 : text.startsWith("0b") ? 2 : 10;
        String digits = radix == 10 ? text : text.substring(2);
        int end = digits.length();
        while (end > 0 && "ul".indexOf(digits.charAt(end - 1)) >= 0) {
            end--;
        }
        String suffix = digits.substring(end);
        digits = digits.substring(0, end);
        if (radix == 10 && digits.length() > 1 && digits.startsWith("0")) {
            radix = 8;
        }
        @Nullable BigInteger value = null;
        try {
            value = new BigInteger(digits, radix);
        } catch (NumberFormatException e) {
            if (radix == 8 || radix == 10) {
                return floating(token, text, fault);
            }
        }
        if (value == null || value.signum() < 0 || value.bitLength() > 64) {
            throw fault.apply("not an integer constant: %s".formatted(token.text()));
        }
        CType type = integerType(value, suffix, radix == 10, target);
        return new NumberLiteral(type, value, true);
    }

    private static NumberLiteral floating(
            Token token, String text, Function<String, CParseException> fault) {
        String digits = text.replaceAll("(f16|f|l)$", "");
        if (digits.length() > 64 || !digits.matches("[0-9]*\\.?[0-9]*(e[+-]?[0-9]+)?")) {
            throw fault.apply("not a number: %s".formatted(token.text()));
        }
        CType type =
                switch (text.substring(digits.length())) {
                    case "f16" -> CPrimitive.FLOAT16;
                    case "f" -> CPrimitive.FLOAT;
                    case "l" -> CPrimitive.LONG_DOUBLE;
                    default -> CPrimitive.DOUBLE;
                };
        return new NumberLiteral(type, BigInteger.ZERO, false);
    }

    private static CType integerType(
            BigInteger value, String suffix, boolean decimal, Target target) {
        boolean unsigned = suffix.contains("u");
        int longs = suffix.replace("u", "").length();
        CType[][] ladder = {
            {CPrimitive.INT, CPrimitive.UINT},
            {CPrimitive.LONG, CPrimitive.ULONG},
            {CPrimitive.LONG_LONG, CPrimitive.ULONG_LONG}
        };
        for (int rank = Math.min(longs, 2); rank < ladder.length; rank++) {
            long bits = ladder[rank][0].size(target) * Byte.SIZE;
            if (!unsigned && value.bitLength() < bits) {
                return ladder[rank][0];
            }
            if ((unsigned || !decimal) && value.bitLength() <= bits) {
                return ladder[rank][1];
            }
        }
        return CPrimitive.ULONG_LONG;
    }
}
