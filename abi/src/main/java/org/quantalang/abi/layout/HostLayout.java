package org.quantalang.abi.layout;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * C types of the host as {@link MemoryLayout}s: members by name, every gap an explicit padding, the
 * bytes that hold bit-fields a sequence of bytes named after them ({@code "a|b"}). Stateless; any
 * thread.
 */
public final class HostLayout {
    private static final long NO_CAP = Long.MAX_VALUE;

    private record Capped(CStructDef record, long cap) {}

    /** Each record once, however often a union of unions leads to it. */
    private final Map<Capped, MemoryLayout> groups = new HashMap<>();

    private HostLayout() {}

    /**
     * Returns the layout of a type on the host. Sizes, offsets and alignments are C's, also where
     * the linker of the JDK does not accept them (packed, over-aligned).
     *
     * @param type a type with a size
     * @return its layout
     * @throws IllegalArgumentException if the type has no size
     */
    public static MemoryLayout of(CType type) {
        return new HostLayout().of(type, NO_CAP);
    }

    /**
     * Returns the value layout of a scalar on the host: what Java passes and reads for it. Unsigned
     * types have the Java type of their width.
     *
     * @param type integer, floating or pointer type
     * @return the value layout
     * @throws IllegalArgumentException if Java has none: {@code long double}, {@code __int128},
     *     {@code _Float16}
     */
    public static ValueLayout scalar(CType type) {
        CType plain = type.unwrap();
        Target host = Target.host();
        if (plain instanceof CType.Pointer) {
            return ValueLayout.ADDRESS;
        }
        if (plain instanceof CEnum enumeration) {
            return scalar(enumeration.underlying(host));
        }
        if (plain == CPrimitive.BOOL) {
            return ValueLayout.JAVA_BOOLEAN;
        }
        if (plain.isInteger()) {
            long size = plain.size(host);
            if (size <= Long.BYTES) {
                return size == 1
                        ? ValueLayout.JAVA_BYTE
                        : size == 2
                                ? ValueLayout.JAVA_SHORT
                                : size == 4
                                        ? ValueLayout.JAVA_INT
                                        : ValueLayout.JAVA_LONG.withByteAlignment(
                                                plain.alignment(host));
            }
        }
        if (plain == CPrimitive.FLOAT) {
            return ValueLayout.JAVA_FLOAT;
        }
        if (plain.isFloat() && plain.size(host) == Double.BYTES) {
            return ValueLayout.JAVA_DOUBLE.withByteAlignment(plain.alignment(host));
        }
        throw new IllegalArgumentException(
                "no Java type holds it: type=%s target=%s; pass a pointer to it"
                        .formatted(type.spelling(), host));
    }

    private MemoryLayout of(CType type, long cap) {
        MemoryLayout value = unpadded(type, cap);
        long padding = type.size(Target.host()) - value.byteSize();
        return padding == 0 // else it is an atomic type
                ? value
                : MemoryLayout.structLayout(
                        value.withName("value"), MemoryLayout.paddingLayout(padding));
    }

    private MemoryLayout unpadded(CType type, long cap) {
        CType plain = type.unwrap();
        return switch (plain) {
            case CStructDef record -> group(record, cap);
            case CType.Array array ->
                    MemoryLayout.sequenceLayout(array.length().orElse(0), of(array.element(), cap));
            case CType.Complex complex ->
                    MemoryLayout.structLayout(
                            of(complex.part(), cap).withName("real"),
                            of(complex.part(), cap).withName("imaginary"));
            case CPrimitive primitive when isOpaqueBytes(primitive) -> bytes(primitive, cap);
            default -> {
                ValueLayout value = scalar(plain);
                yield value.byteAlignment() <= cap ? value : value.withByteAlignment(cap);
            }
        };
    }

    private static boolean isOpaqueBytes(CPrimitive primitive) {
        Target host = Target.host();
        return switch (primitive) {
            case INT128, UINT128, FLOAT128, FLOAT16, VA_LIST -> true;
            case LONG_DOUBLE -> primitive.size(host) != Double.BYTES;
            default -> false;
        };
    }

    /** Scalars that Java has no type for lie there as bytes, aligned as C aligns them. */
    private static MemoryLayout bytes(CPrimitive primitive, long cap) {
        Target host = Target.host();
        long align = Math.min(cap, primitive.alignment(host));
        return MemoryLayout.structLayout(
                        MemoryLayout.sequenceLayout(primitive.size(host), ValueLayout.JAVA_BYTE)
                                .withName("bytes"))
                .withByteAlignment(align);
    }

    private MemoryLayout group(CStructDef record, long cap) {
        Capped key = new Capped(record, cap);
        MemoryLayout known = groups.get(key);
        if (known == null) {
            known = groupAfresh(record, cap);
            groups.put(key, known);
        }
        return known;
    }

    private MemoryLayout groupAfresh(CStructDef record, long cap) {
        RecordLayout layout = RecordLayout.of(record, Target.host());
        long align = Math.min(cap, layout.alignmentBytes());
        MemoryLayout group = record.isUnion() ? unionOf(layout, align) : structOf(layout, align);
        if (group.byteAlignment() < align) {
            group = group.withByteAlignment(align);
        }
        return record.name().isEmpty() ? group : group.withName(record.name());
    }

    private MemoryLayout structOf(RecordLayout layout, long align) {
        List<MemoryLayout> members = new ArrayList<>();
        long at = 0;
        List<FieldLayout> fields = layout.fields();
        for (int i = 0; i < fields.size(); i++) {
            FieldLayout field = fields.get(i);
            if (field.isBitField()) {
                int last = i;
                while (last + 1 < fields.size() && fields.get(last + 1).isBitField()) {
                    last++;
                }
                at = addBits(members, fields.subList(i, last + 1), at);
                i = last;
                continue;
            }
            at = pad(members, at, field.offsetBytes());
            long allowed = Math.min(align, Long.lowestOneBit(at | Long.MIN_VALUE));
            MemoryLayout member = of(field.field().type(), at == 0 ? align : allowed);
            members.add(field.name().isEmpty() ? member : member.withName(field.name()));
            at += member.byteSize();
        }
        pad(members, at, layout.sizeBytes());
        return MemoryLayout.structLayout(members.toArray(MemoryLayout[]::new));
    }

    /** Adds the bytes that a run of bit-fields touches; returns the offset behind them. */
    private static long addBits(List<MemoryLayout> members, List<FieldLayout> run, long at) {
        long first = Long.MAX_VALUE;
        long end = at;
        List<String> names = new ArrayList<>();
        for (FieldLayout field : run) {
            if (field.bitSize() > 0 && !field.name().isEmpty()) {
                first = Math.min(first, field.bitOffset() / Byte.SIZE);
                end = (field.bitOffset() + field.bitSize() + Byte.SIZE - 1) / Byte.SIZE;
                names.add(field.name());
            }
        }
        if (names.isEmpty()) {
            return at;
        }
        long start = pad(members, at, Math.max(at, first));
        if (end > start) {
            members.add(
                    MemoryLayout.sequenceLayout(end - start, ValueLayout.JAVA_BYTE)
                            .withName(String.join("|", names)));
        }
        return end;
    }

    private MemoryLayout unionOf(RecordLayout layout, long align) {
        List<MemoryLayout> members = new ArrayList<>();
        long largest = 0;
        for (FieldLayout field : layout.fields()) {
            if (field.isBitField()) {
                long at = addBits(members, List.of(field), 0);
                largest = Math.max(largest, at);
                continue;
            }
            MemoryLayout member = of(field.field().type(), align);
            members.add(field.name().isEmpty() ? member : member.withName(field.name()));
            largest = Math.max(largest, member.byteSize());
        }
        if (layout.sizeBytes() > largest) { // one padding of the whole size, as the linker wants
            members.add(MemoryLayout.paddingLayout(layout.sizeBytes()));
        }
        return MemoryLayout.unionLayout(members.toArray(MemoryLayout[]::new));
    }

    private static long pad(List<MemoryLayout> members, long at, long offset) {
        if (offset > at) {
            members.add(MemoryLayout.paddingLayout(offset - at));
        }
        return Math.max(at, offset);
    }

    /**
     * Returns the layout of a pointer whose target is known, so that what it points to can be read.
     *
     * @param pointee type with a size
     * @return an address layout
     */
    @SuppressWarnings("restricted") // the caller vouches for what C stores behind the pointer
    public static AddressLayout pointerTo(CType pointee) {
        return ValueLayout.ADDRESS.withTargetLayout(of(pointee));
    }
}
