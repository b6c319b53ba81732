package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number as C writes it.
 *
 * @param type what it has in C: the first of the ladder that fits, or what its suffix says
 * @param number its value; null if it is beyond what floating constants are computed with
 */
record NumberLiteral(CType type, @Nullable BigDecimal number) {
    /** No constant that fits is as long, whatever its base. */
    private static final int LONGEST = 256;

    /** Decimal digits in front of the point, or zeros behind it: the range of {@code double}. */
    private static final int MOST_DIGITS = 310;

    private static final Pattern INTEGER =
            Pattern.compile(
                    "(?:0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|(?<octal>0[0-7]*)"
                        + "|(?<decimal>[1-9][0-9]*))"
                        + "(?<suffix>[uU]?(?:l|L|ll|LL)?|(?:l|L|ll|LL)[uU]|[uU]?i(?:8|16|32|64))");
    private static final String FLOAT_SUFFIX = "(?<suffix>|[fFlLqQ]|[fF](?:16|32x?|64x?|128))";
    private static final Pattern FLOAT =
            Pattern.compile(
                    "(?<value>(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
                            + "|[0-9]+[eE][+-]?[0-9]+)"
                            + FLOAT_SUFFIX);
    private static final Pattern HEX_FLOAT =
            Pattern.compile(
                    "0[xX](?=\\.?[0-9a-fA-F])(?<whole>[0-9a-fA-F]*)\\.?(?<fraction>[0-9a-fA-F]*)"
                            + "[pP](?<exponent>[+-]?[0-9]+)"
                            + FLOAT_SUFFIX);
    private static final Pattern SEPARATOR = Pattern.compile("(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])");

    /** Reads a number; makes a fault of what is none. */
    static NumberLiteral of(Token token, Target target, Function<String, CParseException> fault) {
        if (token.text().length() > LONGEST) {
            throw fault.apply("number of more than %d characters".formatted(LONGEST));
        }
        String text = SEPARATOR.matcher(token.text()).replaceAll("");
        Matcher integer = INTEGER.matcher(text);
        if (integer.matches()) {
            BigInteger value = value(integer);
            String suffix = integer.group("suffix").toLowerCase(Locale.ROOT);
            boolean microsoft = suffix.contains("i");
            if (value.bitLength() <= Long.SIZE
                    && (!microsoft || target.os() == Target.Os.WINDOWS_MSVC)) {
                CType type =
                        microsoft
                                ? microsoftType(suffix)
                                : type(value, suffix, integer.group("decimal") != null, target);
                return new NumberLiteral(type, new BigDecimal(value));
            }
            throw fault.apply("not an integer constant: %s".formatted(token.text()));
        }
        Matcher floating = FLOAT.matcher(text);
        if (floating.matches()) {
            return new NumberLiteral(type(floating), decimal(floating.group("value")));
        }
        Matcher hex = HEX_FLOAT.matcher(text);
        if (hex.matches()) {
            return new NumberLiteral(type(hex), hexadecimal(hex));
        }
        throw fault.apply("not a number: %s".formatted(token.text()));
    }

    private static BigInteger value(Matcher integer) {
        if (integer.group("hex") != null) {
            return new BigInteger(integer.group("hex"), 16);
        }
        if (integer.group("binary") != null) {
            return new BigInteger(integer.group("binary"), 2);
        }
        return integer.group("octal") != null
                ? new BigInteger(integer.group("octal"), 8)
                : new BigInteger(integer.group("decimal"));
    }

    private static @Nullable BigDecimal decimal(String value) {
        try {
            BigDecimal number = new BigDecimal(value);
            long digits = (long) number.precision() - number.scale();
            boolean computable = number.signum() == 0 || Math.abs(digits) <= MOST_DIGITS;
            return computable ? number.add(BigDecimal.ZERO) : null;
        } catch (NumberFormatException _) {
            return null; // an exponent beyond 32 bits
        }
    }

    private static @Nullable BigDecimal hexadecimal(Matcher hex) {
        String fraction = hex.group("fraction");
        BigInteger digits = new BigInteger(hex.group("whole") + fraction, 16);
        BigInteger exponent =
                new BigInteger(hex.group("exponent"))
                        .subtract(BigInteger.valueOf(4L * fraction.length()));
        if (exponent.abs().bitLength() > 12) {
            return null;
        }
        BigDecimal power = new BigDecimal(BigInteger.TWO.pow(exponent.abs().intValue()));
        BigDecimal number = new BigDecimal(digits);
        return exponent.signum() < 0 ? number.divide(power) : number.multiply(power);
    }

    private static CType type(Matcher floating) {
        return switch (floating.group("suffix").toLowerCase(Locale.ROOT)) {
            case "f16" -> CPrimitive.FLOAT16;
            case "f", "f32" -> CPrimitive.FLOAT;
            case "l", "f64x" -> CPrimitive.LONG_DOUBLE;
            case "q", "f128" -> CPrimitive.FLOAT128;
            default -> CPrimitive.DOUBLE;
        };
    }

    private static CType microsoftType(String suffix) {
        return switch (suffix) {
            case "i8" -> CPrimitive.CHAR;
            case "ui8" -> CPrimitive.UCHAR;
            case "i16" -> CPrimitive.SHORT;
            case "ui16" -> CPrimitive.USHORT;
            case "i32" -> CPrimitive.INT;
            case "ui32" -> CPrimitive.UINT;
            case "i64" -> CPrimitive.LONG_LONG;
            default -> CPrimitive.ULONG_LONG;
        };
    }

    private static CType type(BigInteger value, String suffix, boolean decimal, Target target) {
        boolean unsigned = suffix.contains("u");
        int longs = suffix.replace("u", "").length();
        CType[][] ladder = {
            {CPrimitive.INT, CPrimitive.UINT},
            {CPrimitive.LONG, CPrimitive.ULONG},
            {CPrimitive.LONG_LONG, CPrimitive.ULONG_LONG}
        };
        for (int rank = longs; rank < ladder.length; rank++) {
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
