package org.quantalang.abi.internal.record;

import static org.quantalang.abi.internal.record.Placement.roundUp;

import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

/**
 * The System V rules as gcc and clang have them, and their MinGW variant, where bit-fields share
 * units as Microsoft's do. All lengths are in bits.
 *
 * <pre>
 * plain member   next multiple of its alignment; packed: of 8; aligned(n) raises, pragma pack caps
 * bit-field      next free bit, unless it would cross a unit of its declared type: then the next
 *                multiple of the type's alignment; pragma pack of any value lets it cross
 * MinGW          a run of bit-fields of equally large types shares one unit of that type
 * </pre>
 *
 * <p>{@code #pragma pack} beats {@code aligned} on a member, never {@code aligned} on the record.
 */
public final class GnuRecordRules {
    private final CStructDef record;
    private final Target target;
    private final boolean msUnits;
    private final long pack;
    private final Placement.Collector places = new Placement.Collector();

    private long size; // end of what is placed, a multiple of 8
    private long largest; // the largest size so far: MinGW's `:0` can step back from a unit's end
    private long alignment = Byte.SIZE;
    private long freeBits; // at the end of size, still open for a bit-field
    private long unitSize; // MinGW: unit of the run of bit-fields; 0 outside one

    /** Prepares the layout of one record, with Microsoft's bit-field units or without. */
    public GnuRecordRules(CStructDef record, Target target, boolean msUnits) {
        this.record = record;
        this.target = target;
        this.msUnits = msUnits;
        this.pack = (long) record.pragmaPack() * Byte.SIZE;
    }

    /** Places all members. */
    public Placement place() {
        alignment = Math.max(alignment, record.aligned() * Byte.SIZE);
        for (CStructField field : record.fields()) {
            if (field.bitWidth().isPresent()) {
                placeBits(field, field.bitWidth().getAsInt());
            } else {
                placePlain(field);
            }
        }
        return places.finish(
                roundUp(Math.max(size, largest), alignment) / Byte.SIZE, alignment / Byte.SIZE, 1);
    }

    private void placePlain(CStructField field) {
        freeBits = 0;
        unitSize = 0;
        long length = Math.multiplyExact(field.type().size(target), Byte.SIZE);
        long align = isPacked(field) ? Byte.SIZE : naturalAlignment(field.type()) * Byte.SIZE;
        align = Math.max(align, field.aligned() * Byte.SIZE);
        if (pack != 0) {
            align = Math.min(align, pack);
        }
        long offset = record.isUnion() ? 0 : roundUp(size, align);
        places.add(offset, length);
        size = Math.max(size, Math.addExact(offset, length));
        alignment = Math.max(alignment, align);
    }

    /** Microsoft aligns a scalar to its size, whatever the target's C alignment is. */
    private long naturalAlignment(CType type) {
        long align = type.alignment(target);
        CType element = type.unwrap();
        while (element instanceof CType.Array array) {
            element = array.element().unwrap();
        }
        if (msUnits && element instanceof CPrimitive) {
            long elementSize = element.size(target);
            return Long.bitCount(elementSize) == 1 ? Math.max(align, elementSize) : align;
        }
        return align;
    }

    private boolean isPacked(CStructField field) {
        return field.packed() || record.isPacked();
    }

    private void placeBits(CStructField field, int width) {
        long unit = field.type().size(target) * Byte.SIZE;
        boolean packed = isPacked(field);
        long align = msUnits ? unit : field.type().alignment(target) * Byte.SIZE;
        if (msUnits && (unitSize != unit || freeBits < width)) {
            if (unitSize == 0 && width == 0) {
                align = 1; // `:0` after anything but a bit-field does nothing
            }
            freeBits = 0;
            unitSize = 0;
        }
        long unpacked = align;
        if (!msUnits && packed && width != 0) {
            align = 1;
        }
        long explicit = field.aligned() * Byte.SIZE;
        align = Math.max(align, explicit);
        unpacked = Math.max(unpacked, explicit);
        if (pack != 0 && width != 0) {
            unpacked = Math.min(unpacked, pack);
            align = packed ? unpacked : Math.min(align, pack);
        }
        if (msUnits && record.isUnion()) {
            align = 1;
        }
        long offset = bitOffset(width, unit, align, explicit);
        places.add(offset, width);
        if (!msUnits && field.name().isEmpty() && !target.unnamedBitFieldsAlign()) {
            align = 1;
        }
        grow(offset, width, unit);
        alignment = Math.max(alignment, align);
    }

    private long bitOffset(int width, long unit, long align, long explicit) {
        long offset = record.isUnion() ? 0 : size - freeBits;
        if (msUnits) {
            if (width == 0 || width > freeBits) {
                offset = roundUp(offset, align);
                freeBits = 0;
            }
            return offset;
        }
        boolean crosses = pack == 0 && (offset & (align - 1)) + width > unit;
        if (width == 0 || crosses) {
            return roundUp(offset, align);
        }
        if (explicit != 0 && (pack == 0 || explicit <= pack)) {
            return roundUp(offset, explicit);
        }
        return offset;
    }

    private void grow(long offset, int width, long unit) {
        largest = Math.max(largest, size);
        if (record.isUnion()) {
            long whole = msUnits ? (width == 0 ? Byte.SIZE : unit) : roundUp(width, Byte.SIZE);
            size = Math.max(size, whole);
        } else if (msUnits && width != 0) {
            if (freeBits == 0) {
                size = offset + unit;
                freeBits = unit;
            }
            freeBits -= width;
            unitSize = unit;
        } else {
            long end = offset + width;
            size = roundUp(end, Byte.SIZE);
            freeBits = size - end;
            unitSize = 0;
        }
    }
}
