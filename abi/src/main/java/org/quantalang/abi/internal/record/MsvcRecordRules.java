package org.quantalang.abi.internal.record;

import static org.quantalang.abi.internal.record.Placement.roundUp;

import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.RecordLayout;

/**
 * Microsoft's rules. Lengths are in bytes, since only bit-fields inside a unit need bits.
 *
 * <pre>
 * plain member   next multiple of min(alignment, pack), but never below a required alignment:
 *                its own aligned(n), or that of a record inside it
 * bit-field      joins the unit before it if that is of an equally large type and has room,
 *                else opens a unit of its declared type
 * </pre>
 *
 * <p>{@code packed} on the record is {@code pack(1)}; a pack above the pointer size is ignored.
 */
public final class MsvcRecordRules {
    private final CStructDef record;
    private final Target target;
    private final long pack; // 0: none
    private final Placement.Collector places = new Placement.Collector();

    private long size;
    private long alignment = 1;
    private long required;
    private long unitSize; // of the bit-field before; 0 if none is open
    private long freeBits; // in that unit

    /** Prepares the layout of one record. */
    public MsvcRecordRules(CStructDef record, Target target) {
        this.record = record;
        this.target = target;
        long pragma = record.pragmaPack();
        long honoured = pragma <= target.dataModel().pointerBytes() ? pragma : 0;
        this.pack = record.isPacked() ? 1 : honoured;
    }

    /** Places all members. */
    public Placement place() {
        for (CStructField field : record.fields()) {
            if (field.bitWidth().isEmpty()) {
                placePlain(field);
            } else if (field.bitWidth().getAsInt() == 0) {
                closeUnit(field);
            } else {
                placeBits(field, field.bitWidth().getAsInt());
            }
        }
        size = roundUp(size, alignment);
        required = Math.max(required, record.aligned());
        if (required != 0) {
            alignment = Math.max(alignment, required);
            long step = pack == 0 ? alignment : Math.min(alignment, pack);
            size = roundUp(size, Math.max(step, required));
        }
        if (size == 0) {
            long empty = target.dataModel().emptyStructBytes();
            size = required >= empty ? alignment : empty;
        }
        long _ = Math.multiplyExact(size, Byte.SIZE); // a record around this one counts its bits
        return places.finish(size, alignment, Math.max(1, required));
    }

    private void placePlain(CStructField field) {
        unitSize = 0;
        long needed = Math.max(declaredAlignment(field), nestedRequirement(field.type()));
        required = Math.max(required, needed);
        long align = memberAlignment(field, naturalAlignment(field), needed);
        alignment = Math.max(alignment, align);
        long length = field.type().size(target);
        long offset = record.isUnion() ? 0 : roundUp(size, align);
        places.add(Math.multiplyExact(offset, Byte.SIZE), Math.multiplyExact(length, Byte.SIZE));
        size = Math.max(size, Math.addExact(offset, length));
    }

    /** Here an aligned attribute of a typedef can only raise, see {@link #declaredAlignment}. */
    private long naturalAlignment(CStructField field) {
        return withoutNames(field.type()).alignment(target);
    }

    private static CType withoutNames(CType type) {
        return switch (type) {
            case CType.Typedef typedef -> withoutNames(typedef.type());
            case CType.Qualified qualified -> withoutNames(qualified.type());
            default -> type;
        };
    }

    private long memberAlignment(CStructField field, long natural, long needed) {
        long align = pack == 0 ? natural : Math.min(natural, pack);
        return Math.max(field.packed() ? 1 : align, needed);
    }

    /** What is written on the member, or on a typedef of its type or its elements'. */
    private static long declaredAlignment(CStructField field) {
        long declared = field.aligned();
        CType type = field.type();
        while (true) {
            if (type instanceof CType.Typedef typedef) {
                declared = Math.max(declared, typedef.declaredAlignment());
                type = typedef.type();
            } else if (type instanceof CType.Qualified qualified) {
                type = qualified.type();
            } else if (type instanceof CType.Array array) {
                type = array.element();
            } else {
                return declared;
            }
        }
    }

    private long nestedRequirement(CType type) {
        CType element = withoutNames(type);
        while (element instanceof CType.Array array) {
            element = withoutNames(array.element());
        }
        if (element instanceof CStructDef nested) {
            RecordLayout inner = RecordLayout.of(nested, target);
            long needed = inner.requiredAlignmentBytes();
            // Any aligned(n) on the record makes its whole alignment a required one.
            return nested.aligned() != 0 ? inner.alignmentBytes() : needed == 1 ? 0 : needed;
        }
        return 0;
    }

    private long bitFieldAlignment(CStructField field) {
        long needed = declaredAlignment(field);
        long natural = Math.max(naturalAlignment(field), needed);
        return memberAlignment(field, natural, needed);
    }

    private void placeBits(CStructField field, int width) {
        long unit = field.type().size(target);
        if (!record.isUnion() && unitSize == unit && width <= freeBits) {
            places.add(size * Byte.SIZE - freeBits, width);
            freeBits -= width;
            return;
        }
        unitSize = unit;
        if (record.isUnion()) {
            places.add(0, width);
            size = Math.max(size, unit);
            return;
        }
        long align = bitFieldAlignment(field);
        long offset = roundUp(size, align);
        places.add(offset * Byte.SIZE, width);
        size = offset + unit;
        alignment = Math.max(alignment, align);
        freeBits = unit * Byte.SIZE - width;
    }

    /** {@code :0} ends an open unit, and does nothing elsewhere. */
    private void closeUnit(CStructField field) {
        if (unitSize == 0) {
            places.add(record.isUnion() ? 0 : size * Byte.SIZE, 0);
            return;
        }
        unitSize = 0;
        if (record.isUnion()) {
            places.add(0, 0);
            size = Math.max(size, field.type().size(target));
            return;
        }
        long align = bitFieldAlignment(field);
        size = roundUp(size, align);
        places.add(size * Byte.SIZE, 0);
        alignment = Math.max(alignment, align);
    }
}
