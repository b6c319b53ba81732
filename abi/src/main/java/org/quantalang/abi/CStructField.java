package org.quantalang.abi;

import java.util.Objects;
import java.util.OptionalInt;

/**
 * A member of a record as it is declared.
 *
 * @param name the name; empty for an anonymous member or an unnamed bit-field
 * @param type the declared type
 * @param bitWidth width of a bit-field, 0 allowed; empty for any other member
 * @param packed whether the member itself is {@code packed}
 * @param aligned the largest {@code aligned(n)} or {@code _Alignas} of the member, in bytes; 0
 *     without one
 */
public record CStructField(
        String name, CType type, OptionalInt bitWidth, boolean packed, long aligned) {
    /**
     * Checks width and alignment, as far as they do not depend on the target.
     *
     * @throws IllegalArgumentException if a bit-field has no integer type or a negative width, or
     *     the alignment is no power of two
     */
    public CStructField {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(bitWidth, "bitWidth");
        if (aligned < 0 || Long.bitCount(aligned) > 1) {
            throw new IllegalArgumentException(
                    "alignment is no power of two: field=%s aligned=%d".formatted(name, aligned));
        }
        if (bitWidth.isPresent() && !type.isInteger()) {
            throw new IllegalArgumentException(
                    "a bit-field needs an integer type: field=%s type=%s"
                            .formatted(name, type.spelling()));
        }
        if (bitWidth.orElse(0) < 0) {
            throw new IllegalArgumentException(
                    "bit-field width is negative: field=%s width=%d"
                            .formatted(name, bitWidth.getAsInt()));
        }
    }

    /**
     * A member without attributes.
     *
     * @param name the name
     * @param type the declared type
     * @return the member
     */
    public static CStructField of(String name, CType type) {
        return new CStructField(name, type, OptionalInt.empty(), false, 0);
    }

    /**
     * A bit-field without attributes.
     *
     * @param name the name; empty for padding
     * @param type the declared type
     * @param bitWidth its width in bits, at most those of the type: the layout checks that
     * @return the member
     * @throws IllegalArgumentException if the type is no integer, or the width negative
     */
    public static CStructField bits(String name, CType type, int bitWidth) {
        return new CStructField(name, type, OptionalInt.of(bitWidth), false, 0);
    }

    /**
     * Returns whether it is an array without a length, which only the last member of a struct can
     * be.
     *
     * @return whether it is a flexible array
     */
    public boolean isFlexibleArray() {
        return type.unwrap() instanceof CType.Array array && array.length().isEmpty();
    }

    /**
     * Returns whether it is a struct or union without a name, whose members belong to the record
     * around it.
     *
     * @return whether it is an anonymous member
     */
    public boolean isAnonymousRecord() {
        return name.isEmpty() && bitWidth.isEmpty() && type.unwrap() instanceof CStructDef;
    }
}
