package org.quantalang.abi.layout;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads and writes one bit-field of a record on a little-endian target. Only the bytes that the
 * field touches are read or written, so a field at the end of a mapping is safe; neighbours in the
 * same byte keep their bits. Not atomic. Immutable; any thread.
 */
public final class BitField {
    private final String name;
    private final long bitOffset;
    private final int width;
    private final boolean signed;

    private BitField(String name, long bitOffset, int width, boolean signed) {
        this.name = name;
        this.bitOffset = bitOffset;
        this.width = width;
        this.signed = signed;
    }

    /**
     * Finds a bit-field of a record.
     *
     * @param layout the record's layout
     * @param name the bit-field's name
     * @return its accessor
     * @throws IllegalArgumentException if there is no such field, it is no bit-field, or wider than
     *     64 bits ({@code __int128})
     */
    public static BitField of(RecordLayout layout, String name) {
        FieldLayout field = layout.field(name);
        if (!field.isBitField()) {
            throw new IllegalArgumentException(
                    "not a bit-field: record=%s field=%s; read it through its layout"
                            .formatted(layout.record().spelling(), name));
        }
        if (field.bitSize() > Long.SIZE) {
            throw new IllegalArgumentException(
                    "bit-field wider than a long: record=%s field=%s width=%d; read its bytes"
                            .formatted(layout.record().spelling(), name, field.bitSize()));
        }
        return new BitField(
                name,
                field.bitOffset(),
                (int) field.bitSize(),
                isSigned(field.field().type(), layout.target()));
    }

    /** A plain {@code int} bit-field is signed with the compilers of all our targets. */
    private static boolean isSigned(CType type, Target target) {
        return type.unwrap() != CPrimitive.BOOL && type.isSigned(target);
    }

    /**
     * Reads the field.
     *
     * @param record memory of the record
     * @return the value, sign-extended if its type is signed
     */
    public long get(MemorySegment record) {
        long value = 0;
        for (int done = 0; done < width; ) {
            long bit = bitOffset + done;
            int inByte = (int) (bit % Byte.SIZE);
            int take = Math.min(Byte.SIZE - inByte, width - done);
            long part = record.get(ValueLayout.JAVA_BYTE, bit / Byte.SIZE) & 0xff;
            value |= (part >>> inByte & mask(take)) << done;
            done += take;
        }
        int unused = Long.SIZE - width;
        return signed ? value << unused >> unused : value;
    }

    /**
     * Writes the field.
     *
     * @param record memory of the record
     * @param value the value
     * @throws IllegalArgumentException if the value does not fit
     */
    public void set(MemorySegment record, long value) {
        int unused = Long.SIZE - width;
        long kept = signed ? value << unused >> unused : value << unused >>> unused;
        if (kept != value) {
            throw new IllegalArgumentException(
                    "value does not fit: field=%s width=%d signed=%b value=%d"
                            .formatted(name, width, signed, value));
        }
        for (int done = 0; done < width; ) {
            long bit = bitOffset + done;
            int inByte = (int) (bit % Byte.SIZE);
            int take = Math.min(Byte.SIZE - inByte, width - done);
            long old = record.get(ValueLayout.JAVA_BYTE, bit / Byte.SIZE);
            long cleared = old & ~(mask(take) << inByte);
            long part = (value >>> done & mask(take)) << inByte;
            record.set(ValueLayout.JAVA_BYTE, bit / Byte.SIZE, (byte) (cleared | part));
            done += take;
        }
    }

    private static long mask(int bits) {
        return (1L << bits) - 1;
    }
}
