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
        if (size == 0) { // an empty record that has a size is passed
            return ignored();
        }
        if (named) {
            List<Part> parts = flattened(plain);
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

    /** Returns the parts of a value that goes by its scalars, whatever its size, or nothing. */
    private List<Part> flattened(CType type) {
        List<Leaf> scalars = new ArrayList<>();
        if (!takesApart(type, 0, scalars)) {
            return List.of();
        }
        long reals = scalars.stream().filter(Leaf::isFloat).count();
        long words = scalars.size() - reals;
        if (reals == 0 || floats + reals > REGISTERS || integers + words > REGISTERS) {
            return List.of();
        }
        List<Part> parts = new ArrayList<>();
        for (Leaf scalar : scalars) {
            String register = scalar.isFloat() ? "fa" + floats++ : "a" + integers++;
            long offset = scalar.bitOffset() / Byte.SIZE;
            long end = (scalar.bitOffset() + scalar.bitSize() + Byte.SIZE - 1) / Byte.SIZE;
            parts.add(Part.in(register, offset, end - offset));
        }
        return parts;
    }

    /** Adds the scalars of a type in order; false if it is none of the kinds that flatten. */
    private boolean takesApart(CType type, long at, List<Leaf> scalars) {
        CType plain = type.unwrap();
        return switch (plain) {
            case CStructDef record ->
                    Leaf.isEmpty(record)
                            || (!record.isUnion() && takesMembersApart(record, at, scalars));
            case CType.Array array -> {
                long step = array.element().size(target) * Byte.SIZE;
                boolean flattens = true;
                boolean hollow = step == 0 || Leaf.isEmpty(array.element());
                for (long i = 0; !hollow && flattens && i < array.length().orElse(0); i++) {
                    flattens = takesApart(array.element(), at + i * step, scalars);
                }
                yield flattens && array.length().isPresent();
            }
            case CType.Complex complex -> {
                long part = complex.part().size(target) * Byte.SIZE;
                yield scalars.isEmpty()
                        && takesApart(complex.part(), at, scalars)
                        && takesApart(complex.part(), at + part, scalars);
            }
            default -> addScalar(plain, at, plain.size(target) * Byte.SIZE, false, scalars);
        };
    }

    private boolean takesMembersApart(CStructDef record, long at, List<Leaf> scalars) {
        boolean zeroWidth = false;
        for (FieldLayout field : RecordLayout.of(record, target).fields()) {
            long offset = at + field.bitOffset();
            if (field.isBitField() && field.bitSize() == 0) {
                zeroWidth = true;
                continue;
            }
            CType declared = field.field().type();
            boolean flattens =
                    field.isBitField()
                            ? addScalar(declared.unwrap(), offset, field.bitSize(), true, scalars)
                            : takesApart(declared, offset, scalars);
            // clang: a bit-field of width 0 is no obstacle unless two scalars are found by then.
            if (!flattens || (zeroWidth && scalars.size() > 1)) {
                return false;
            }
        }
        return true;
    }

    /** At most two scalars, two integers never; a pointer is no integer here. */
    private boolean addScalar(
            CType type, long at, long bits, boolean bitField, List<Leaf> scalars) {
        Leaf scalar = new Leaf(type, at, bits, bitField);
        boolean real = scalar.isFloat();
        boolean secondInteger = !real && scalars.size() == 1 && !scalars.getFirst().isFloat();
        if (scalars.size() > 1
                || secondInteger
                || bits > DOUBLEWORD * Byte.SIZE
                || !(real || type.isInteger())) {
            return false;
        }
        scalars.add(scalar);
        return true;
    }

    /** A 32-bit integer is sign-extended to 64 bits, an unsigned one too. */
    @Override
    Extension extension(CType type) {
        CType plain = type.unwrap();
        boolean word = plain.isInteger() && plain.size(target) == Integer.BYTES;
        return word ? Extension.SIGN : super.extension(type);
    }
}
