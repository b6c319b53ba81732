package org.quantalang.abi.internal.parse;

import org.quantalang.abi.CType;

/** The qualifiers in front of a type or behind a {@code *}. */
final class Qualifiers {
    private boolean isConst;
    private boolean isVolatile;
    private boolean isAtomic;
    private boolean isRestrict;

    Qualifiers() {}

    static boolean has(String word) {
        return new Qualifiers().take(word);
    }

    /** Takes a word; returns whether it is a qualifier. */
    boolean take(String word) {
        switch (word) {
            case "const", "__const", "__const__" -> isConst = true;
            case "volatile", "__volatile__", "__volatile" -> isVolatile = true;
            case "_Atomic" -> isAtomic = true;
            case "restrict", "__restrict", "__restrict__" -> isRestrict = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    boolean isAtomic() {
        return isAtomic;
    }

    /** Whether {@code restrict} is among them, which only pointers to objects have. */
    boolean isRestrict() {
        return isRestrict;
    }

    /** The type with these qualifiers. */
    CType around(CType type) {
        CType value = isAtomic ? new CType.Atomic(type) : type;
        return isConst || isVolatile ? new CType.Qualified(value, isConst, isVolatile) : value;
    }
}
