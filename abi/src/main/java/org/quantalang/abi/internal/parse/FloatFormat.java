package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.Target;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * A binary floating format, to which exact results are rounded.
 *
 * @param bits the significand's, with the one that is implied
 * @param largestExponent of a finite number; no more than that of {@code double}
 */
record FloatFormat(int bits, int largestExponent) {
    private static final FloatFormat BINARY16 = new FloatFormat(11, 15);
    private static final FloatFormat BINARY32 = new FloatFormat(24, Float.MAX_EXPONENT);
    private static final FloatFormat BINARY64 = new FloatFormat(53, Double.MAX_EXPONENT);
    private static final FloatFormat X87 = new FloatFormat(64, Double.MAX_EXPONENT);
    private static final FloatFormat BINARY128 = new FloatFormat(113, Double.MAX_EXPONENT);

    /** Returns the format of a floating type. */
    static FloatFormat of(CPrimitive type, Target target) {
        return switch (type) {
            case FLOAT16 -> BINARY16;
            case FLOAT -> BINARY32;
            case FLOAT128 -> BINARY128;
            case LONG_DOUBLE ->
                    switch (target.dataModel().longDoubleFormat()) {
                        case BINARY64 -> BINARY64;
                        case X87 -> X87;
                        case BINARY128 -> BINARY128;
                    };
            default -> BINARY64;
        };
    }

    /** Rounds to the nearest value, to even in between; null beyond the normal numbers. */
    @Nullable BigDecimal rounded(BigDecimal number) {
        if (number.signum() == 0) {
            return BigDecimal.ZERO;
        }
        BigInteger top = number.unscaledValue().abs();
        BigInteger bottom = BigInteger.ONE;
        if (number.scale() > 0) {
            bottom = BigInteger.TEN.pow(number.scale());
        } else {
            top = top.multiply(BigInteger.TEN.pow(-number.scale()));
        }
        int shift = bits - (top.bitLength() - bottom.bitLength());
        BigInteger[] parts = shiftedQuotient(top, bottom, shift);
        if (parts[0].bitLength() > bits) {
            parts = shiftedQuotient(top, bottom, --shift);
        }
        BigInteger divisor = shift < 0 ? bottom.shiftLeft(-shift) : bottom;
        int half = parts[1].shiftLeft(1).compareTo(divisor);
        boolean up = half > 0 || (half == 0 && parts[0].testBit(0));
        BigInteger significand = up ? parts[0].add(BigInteger.ONE) : parts[0];
        int exponent = significand.bitLength() - 1 - shift;
        if (exponent > largestExponent || exponent < 1 - largestExponent) {
            return null;
        }
        BigDecimal power = new BigDecimal(BigInteger.TWO.pow(Math.abs(shift)));
        BigDecimal exact = new BigDecimal(significand);
        exact = shift < 0 ? exact.multiply(power) : exact.divide(power);
        return number.signum() < 0 ? exact.negate() : exact;
    }

    /** Returns quotient and remainder of {@code top * 2^shift} and {@code bottom}. */
    private static BigInteger[] shiftedQuotient(BigInteger top, BigInteger bottom, int shift) {
        return shift < 0
                ? top.divideAndRemainder(bottom.shiftLeft(-shift))
                : top.shiftLeft(shift).divideAndRemainder(bottom);
    }
}
