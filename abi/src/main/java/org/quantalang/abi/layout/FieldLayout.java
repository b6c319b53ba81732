package org.quantalang.abi.layout;

import org.quantalang.abi.CStructField;

/**
 * Where one member of a record lies.
 *
 * @param field the member as declared
 * @param bitOffset its first bit, counted from the record's start
 * @param bitSize how many bits it has: the width of a bit-field, else 8 times its size
 */
public record FieldLayout(CStructField field, long bitOffset, long bitSize) {
    /**
     * Returns the member's name.
     *
     * @return the name; empty for an anonymous member or an unnamed bit-field
     */
    public String name() {
        return field.name();
    }

    /**
     * Returns whether it is a bit-field.
     *
     * @return whether it is a bit-field
     */
    public boolean isBitField() {
        return field.bitWidth().isPresent();
    }

    /**
     * Returns where a member that is no bit-field starts.
     *
     * @return bytes from the record's start
     * @throws IllegalStateException if it is a bit-field
     */
    public long offsetBytes() {
        if (isBitField()) {
            throw new IllegalStateException(
                    "a bit-field has no byte offset: field=%s bitOffset=%d"
                            .formatted(name(), bitOffset));
        }
        return bitOffset / Byte.SIZE;
    }
}
