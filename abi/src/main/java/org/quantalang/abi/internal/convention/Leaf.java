package org.quantalang.abi.internal.convention;

import org.quantalang.abi.CEnum;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;

/**
 * A scalar inside a value.
 *
 * @param type the scalar's type
 * @param bitOffset where it starts in the value
 * @param bitSize its length
 * @param bitField whether it is a bit-field
 */
record Leaf(CType type, long bitOffset, long bitSize, boolean bitField) {
    /** Returns all scalars of a type, those of unions one over the other. */
    static List<Leaf> of(CType type, Target target) {
        List<Leaf> leaves = new ArrayList<>();
        collect(type, 0, target, leaves);
        return leaves;
    }

    private static void collect(CType type, long at, Target target, List<Leaf> into) {
        CType plain = type.unwrap();
        switch (plain) {
            case CStructDef record -> {
                for (FieldLayout field : RecordLayout.of(record, target).fields()) {
                    long offset = at + field.bitOffset();
                    if (!field.isBitField()) {
                        collect(field.field().type(), offset, target, into);
                    } else if (!field.name().isEmpty()) {
                        CType scalar = field.field().type().unwrap();
                        into.add(new Leaf(scalar, offset, field.bitSize(), true));
                    }
                }
            }
            case CType.Array array -> {
                long step = array.element().size(target) * Byte.SIZE;
                for (long i = 0; i < array.length().orElse(0); i++) {
                    collect(array.element(), at + i * step, target, into);
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

    static boolean isInt128(CType type) {
        CType plain = type.unwrap() instanceof CEnum ? CPrimitive.INT : type.unwrap();
        return plain == CPrimitive.INT128 || plain == CPrimitive.UINT128;
    }
}
