package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;

/**
 * RISC-V LP64D (psABI, "Hardware Floating-point Calling Convention").
 *
 * <pre>
 * float, double, and records of one or two scalars with a float among them   fa0 ... fa7, a0 ... a7
 * else up to 8 bytes                                                         one of a0 ... a7
 * else up to 16 bytes                                                        two, or a7 and the stack
 * larger                                                                     pointer to a copy
 * variadic                                                                   integer registers only
 * </pre>
 *
 * <p>A union is never taken apart, wherever it stands.
 */
final class RiscV64 extends Convention {
    private static final int REGISTERS = 8;
    private static final int DOUBLEWORD = 8;

    private int integers;
    private int floats;

    RiscV64(Target target, boolean variadicFunction) {
        super(target, variadicFunction);
    }

    @Override
    ArgumentPlan result(CType type) {
        ArgumentPlan plan = argument(type, true);
        if (plan.passing() != ArgumentPlan.Passing.INDIRECT) { // the registers are free again
            integers = 0;
            floats = 0;
        }
        return plan;
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0) {
            return ignored();
        }
        if (named) {
            List<Part> parts = flattened(plain, size);
            if (!parts.isEmpty()) {
                return direct(parts.toArray(Part[]::new));
            }
        }
        if (size > 2 * DOUBLEWORD) {
            return indirect(place(DOUBLEWORD, 0));
        }
        boolean wide = plain.alignment(target) == 16;
        if (wide && !named) {
            integers += integers & 1;
        }
        if (integers >= REGISTERS) {
            long align = wide ? 16 : DOUBLEWORD;
            return direct(List.of(onStack(size, align, DOUBLEWORD, 0)), extension(plain));
        }
        List<Part> parts = new ArrayList<>();
        for (long offset = 0; offset < size; offset += DOUBLEWORD) {
            parts.add(place(Math.min(DOUBLEWORD, size - offset), offset));
        }
        return direct(parts, extension(plain));
    }

    private Part place(long size, long offset) {
        return integers < REGISTERS
                ? Part.in("a" + integers++, offset, size)
                : onStack(size, DOUBLEWORD, DOUBLEWORD, offset);
    }

    /** Returns the parts of a value that goes by its scalars, or nothing. */
    private List<Part> flattened(CType type, long size) {
        if (size > 2 * DOUBLEWORD || containsUnion(type)) {
            return List.of();
        }
        List<Leaf> leaves = Leaf.of(type, target);
        long reals = leaves.stream().filter(this::isReal).count();
        boolean fits =
                !leaves.isEmpty()
                        && leaves.size() <= 2
                        && reals > 0
                        && leaves.stream().allMatch(leaf -> isReal(leaf) || isWord(leaf));
        long words = leaves.size() - reals;
        if (!fits || floats + reals > REGISTERS || integers + words > REGISTERS) {
            return List.of();
        }
        List<Part> parts = new ArrayList<>();
        for (Leaf leaf : leaves) {
            String register = isReal(leaf) ? "fa" + floats++ : "a" + integers++;
            long offset = leaf.bitOffset() / Byte.SIZE;
            long end = (leaf.bitOffset() + leaf.bitSize() + Byte.SIZE - 1) / Byte.SIZE;
            parts.add(Part.in(register, offset, end - offset));
        }
        return parts;
    }

    private boolean isReal(Leaf leaf) {
        return leaf.isFloat() && leaf.bitSize() <= Double.SIZE;
    }

    private boolean isWord(Leaf leaf) {
        return leaf.type().isInteger() && leaf.bitSize() <= Long.SIZE; // a pointer does not count
    }

    private boolean containsUnion(CType type) {
        CType plain = type.unwrap();
        if (plain instanceof CType.Array array) {
            return containsUnion(array.element());
        }
        if (!(plain instanceof CStructDef record)) {
            return false;
        }
        if (record.isUnion()) {
            return true;
        }
        for (FieldLayout field : RecordLayout.of(record, target).fields()) {
            if (containsUnion(field.field().type())) {
                return true;
            }
        }
        return false;
    }

    /** A 32-bit integer is sign-extended to 64 bits, an unsigned one too. */
    @Override
    Extension extension(CType type) {
        CType plain = type.unwrap();
        boolean word = plain.isInteger() && plain.size(target) == Integer.BYTES;
        return word ? Extension.SIGN : super.extension(type);
    }
}
