package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CType;

import java.math.BigDecimal;
import java.util.Objects;

/**
 * What an expression stands for.
 *
 * @param type its type in C
 * @param number its value, exact; the address if it is a place; null if only a run would tell
 * @param isPlace whether it is an object in memory, of which no more than the address is known
 * @param bitWidth the width if it is a bit-field, else 0
 */
record Value(CType type, @Nullable BigDecimal number, boolean isPlace, int bitWidth) {
    static Value unknown(CType type) {
        return new Value(type, null, false, 0);
    }

    static Value place(CType type, @Nullable BigDecimal address) {
        return new Value(type, address, true, 0);
    }

    static Value known(CType type, BigDecimal number) {
        return new Value(type, number, false, 0);
    }

    static Value known(CType type, long number) {
        return known(type, BigDecimal.valueOf(number));
    }

    /** Whether the value is a constant; inside {@code sizeof} only the type matters. */
    boolean isKnown() {
        return number != null && !isPlace;
    }

    boolean isZero() {
        return isKnown() && known().signum() == 0;
    }

    /** The value of a constant. */
    BigDecimal known() {
        return Objects.requireNonNull(number);
    }
}
