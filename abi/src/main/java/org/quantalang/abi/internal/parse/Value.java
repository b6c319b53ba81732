package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CType;

import java.math.BigInteger;

/**
 * What an expression stands for.
 *
 * @param type its type in C
 * @param number its value, exact; 0 unless known
 * @param known whether the value is a constant; inside {@code sizeof} only the type matters
 */
record Value(CType type, BigInteger number, boolean known) {
    static Value unknown(CType type) {
        return new Value(type, BigInteger.ZERO, false);
    }

    boolean isZero() {
        return number.signum() == 0;
    }
}
