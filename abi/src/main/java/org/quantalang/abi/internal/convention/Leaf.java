package org.quantalang.abi.internal.convention;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A scalar inside a value.
 *
 * @param type the scalar's type
 * @param bitOffset where it starts in the value
 * @param bitSize its length
 * @param bitField whether it is a bit-field
 */
record Leaf(CType type, long bitOffset, long bitSize, boolean bitField) {
    /**
     * Returns all scalars of a type, those of unions one over the other, but those of one record in
     * one place once. Costs one object a scalar: ask for the size of the type first.
     */
    static List<Leaf> of(CType type, Target target) {
        List<Leaf> leaves = new ArrayList<>();
        collect(type, 0, target, leaves, new IdentityHashMap<>());
        return leaves;
    }

    private static void collect(
            CType type,
            long at,
            Target target,
            List<Leaf> into,
            IdentityHashMap<CStructDef, Set<Long>> seen) {
        CType plain = type.unwrap();
        switch (plain) {
            case CStructDef record -> {
                if (!seen.computeIfAbsent(record, _ -> new HashSet<>()).add(at)) {
                    return;
                }
                for (FieldLayout field : RecordLayout.of(record, target).fields()) {
                    long offset = at + field.bitOffset();
                    if (!field.isBitField()) {
                        collect(field.field().type(), offset, target, into, seen);
                    } else if (!field.name().isEmpty()) {
                        CType scalar = field.field().type().unwrap();
                        into.add(new Leaf(scalar, offset, field.bitSize(), true));
                    }
                }
            }
            case CType.Array array -> {
                long step = array.element().size(target) * Byte.SIZE;
                for (long i = 0; step > 0 && i < array.length().orElse(0); i++) {
                    collect(array.element(), at + i * step, target, into, seen);
                }
            }
            case CType.Complex complex -> {
                long part = complex.part().size(target) * Byte.SIZE;
                into.add(new Leaf(complex.part().unwrap(), at, part, false));
                into.add(new Leaf(complex.part().unwrap(), at + part, part, false));
            }
            default -> into.add(new Leaf(plain, at, plain.size(target) * Byte.SIZE, false));
        }
    }

    boolean isFloat() {
        return type.isFloat() && !bitField;
    }

    static boolean isAggregate(CType type) {
        return type.unwrap() instanceof CStructDef || type.unwrap() instanceof CType.Array;
    }

    /** Whether a record holds nothing: no member but unnamed bit-fields and what is empty too. */
    static boolean isEmpty(CType type) {
        return isEmpty(type, records());
    }

    private static boolean isEmpty(CType type, Set<CStructDef> seen) {
        if (!(type.unwrap() instanceof CStructDef record) || isFlexible(record)) {
            return false;
        }
        if (!seen.add(record)) {
            return true; // as far as it was looked at before
        }
        for (CStructField field : record.fields()) {
            boolean unnamedBits = field.bitWidth().isPresent() && field.name().isEmpty();
            if (!unnamedBits && !isEmptyMember(field.type(), seen)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether a member holds nothing: an empty record, any array of those, an array of length 0.
     */
    static boolean isEmptyMember(CType type) {
        return isEmptyMember(type, records());
    }

    private static boolean isEmptyMember(CType type, Set<CStructDef> seen) {
        CType element = type.unwrap();
        while (element instanceof CType.Array array && array.length().isPresent()) {
            if (array.length().getAsLong() == 0) {
                return true;
            }
            element = array.element().unwrap();
        }
        return isEmpty(element, seen);
    }

    /** Whether a type is a scalar or has it inside. */
    static boolean holds(CType type, CPrimitive scalar) {
        return holds(type, scalar, records());
    }

    private static boolean holds(CType type, CPrimitive scalar, Set<CStructDef> seen) {
        return switch (type.unwrap()) {
            case CStructDef record ->
                    seen.add(record)
                            && record.fields().stream()
                                    .anyMatch(field -> holds(field.type(), scalar, seen));
            case CType.Array array -> holds(array.element(), scalar, seen);
            case CType.Complex complex -> holds(complex.part(), scalar, seen);
            case CType plain -> plain == scalar;
        };
    }

    /** Returns an empty set for the records a walk meets: unions of unions lead to one often. */
    static Set<CStructDef> records() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    /** Whether a struct ends in an array without a size. */
    static boolean isFlexible(CType type) {
        return type.unwrap() instanceof CStructDef record
                && !record.fields().isEmpty()
                && record.fields().getLast().type().unwrap() instanceof CType.Array array
                && array.length().isEmpty();
    }

    static boolean isInt128(CType type) {
        CType plain = type.unwrap() instanceof CEnum ? CPrimitive.INT : type.unwrap();
        return plain == CPrimitive.INT128 || plain == CPrimitive.UINT128;
    }
}
