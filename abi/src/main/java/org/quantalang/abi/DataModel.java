package org.quantalang.abi;

/**
 * Sizes and alignments of the scalar C types of one target, in bytes. What is not listed is the
 * same everywhere: {@code _Bool} and {@code char} 1, {@code short} 2, {@code int} and {@code float}
 * 4, each aligned to its size.
 *
 * @param pointerBytes size and alignment of pointers, {@code size_t} and {@code ptrdiff_t}
 * @param longBytes size and alignment of {@code long}
 * @param wideAlignment alignment of {@code long long} and {@code double}, whose size is 8
 * @param longDoubleBytes size of {@code long double}
 * @param longDoubleAlignment alignment of {@code long double}
 * @param longDoubleFormat representation of {@code long double}
 * @param wcharBytes size and alignment of {@code wchar_t}
 * @param wcharSigned whether {@code wchar_t} is signed
 * @param charSigned whether plain {@code char} is signed
 * @param maxAlignment alignment of {@code max_align_t}
 * @param vaListBytes size of {@code va_list}
 * @param vaListAlignment alignment of {@code va_list}
 * @param hasInt128 whether {@code __int128} exists
 * @param enumAlwaysInt whether every enum is a signed {@code int}, whatever its values
 * @param emptyStructBytes size of a struct without members
 */
public record DataModel(
        int pointerBytes,
        int longBytes,
        int wideAlignment,
        int longDoubleBytes,
        int longDoubleAlignment,
        FloatFormat longDoubleFormat,
        int wcharBytes,
        boolean wcharSigned,
        boolean charSigned,
        int maxAlignment,
        int vaListBytes,
        int vaListAlignment,
        boolean hasInt128,
        boolean enumAlwaysInt,
        int emptyStructBytes) {

    /** Representation of a floating type. */
    public enum FloatFormat {
        /** IEEE 754 binary64: the same as {@code double}. */
        BINARY64,
        /** The x87 format of 80 bits, 64 of them mantissa. */
        X87,
        /** IEEE 754 binary128. */
        BINARY128
    }
}
