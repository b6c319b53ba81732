package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.Target.Os;

import java.util.ArrayList;
import java.util.List;

/**
 * The procedure call standard of 64-bit Arm (AAPCS64, section 6.8.2) with Apple's and Microsoft's
 * variants.
 *
 * <pre>
 * integers, records up to 16 bytes  x0 ... x7, all of a value or none
 * floats, HFAs of 1 to 4            v0 ... v7, all of a value or none
 * larger records                    pointer to a copy; returned through the pointer in x8
 * Apple                             stack values packed to their natural size; variadic: stack only
 * Windows, variadic function        no v registers at all
 * </pre>
 */
final class Aapcs64 extends Convention {
    private static final int REGISTERS = 8;
    private static final int DOUBLEWORD = 8;

    private int integers; // NGRN
    private int floats; // NSRN

    Aapcs64(Target target, boolean variadicFunction) {
        super(target, variadicFunction);
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        List<Leaf> hfa = homogeneous(plain).orElse(List.of());
        if (!hfa.isEmpty()) {
            return direct(inRegisters(hfa, "v", 0), Extension.NONE);
        }
        if (size > 2 * DOUBLEWORD) {
            return indirect(Part.in("x8", 0, DOUBLEWORD));
        }
        return direct(chunks(size, DOUBLEWORD, List.of("x0", "x1")), extension(plain));
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        boolean windowsVariadic = target.os() == Os.WINDOWS_MSVC && variadicFunction;
        List<Leaf> hfa = homogeneous(plain).orElse(List.of());
        if (target.os() == Os.DARWIN && !named) {
            if (hfa.isEmpty() && size > 2 * DOUBLEWORD) {
                return indirect(onStack(DOUBLEWORD, DOUBLEWORD, DOUBLEWORD, 0));
            }
            long align = Math.max(DOUBLEWORD, Math.min(16, plain.alignment(target)));
            return direct(List.of(onStack(size, align, DOUBLEWORD, 0)), extension(plain));
        }
        if (!hfa.isEmpty() && !windowsVariadic) {
            if (floats + hfa.size() <= REGISTERS) {
                List<Part> parts = inRegisters(hfa, "v", floats);
                floats += hfa.size();
                return direct(parts.toArray(Part[]::new));
            }
            floats = REGISTERS;
            return stackValue(plain, size, hfa.getFirst().bitSize() / Byte.SIZE);
        }
        boolean aggregate =
                Leaf.isAggregate(plain)
                        || plain instanceof CType.Complex
                        || plain == CPrimitive.VA_LIST;
        if (size > 2 * DOUBLEWORD && aggregate) {
            Part pointer =
                    integers < REGISTERS
                            ? Part.in("x" + integers++, 0, DOUBLEWORD)
                            : onStack(DOUBLEWORD, DOUBLEWORD, DOUBLEWORD, 0);
            return indirect(pointer);
        }
        int needs = (int) ((size + DOUBLEWORD - 1) / DOUBLEWORD);
        long align = valueAlignment(plain);
        if (align == 16 && target.os() != Os.DARWIN) {
            integers += integers & 1;
        }
        if (integers + needs <= REGISTERS) {
            List<String> free = new ArrayList<>();
            for (int i = 0; i < needs; i++) {
                free.add("x" + integers++);
            }
            return direct(chunks(size, DOUBLEWORD, free), extension(plain));
        }
        if (windowsVariadic && aggregate && integers < REGISTERS) {
            List<Part> parts = new ArrayList<>();
            parts.add(Part.in("x" + integers++, 0, DOUBLEWORD));
            parts.add(onStack(size - DOUBLEWORD, DOUBLEWORD, DOUBLEWORD, DOUBLEWORD));
            return direct(parts.toArray(Part[]::new));
        }
        integers = REGISTERS;
        return stackValue(plain, size, align);
    }

    /** Arm asks the members of a record; Apple and Microsoft the record itself. */
    private long valueAlignment(CType type) {
        return target.os() == Os.LINUX ? memberAlignment(type) : type.alignment(target);
    }

    private ArgumentPlan stackValue(CType type, long size, long natural) {
        boolean hfa = homogeneous(type).isPresent();
        if (target.os() == Os.DARWIN && (!Leaf.isAggregate(type) || hfa)) {
            return direct(List.of(onStack(size, natural, natural, 0)), extension(type));
        }
        long align = Math.max(DOUBLEWORD, Math.min(16, valueAlignment(type)));
        return direct(List.of(onStack(size, align, DOUBLEWORD, 0)), extension(type));
    }

    @Override
    boolean homogeneousWithZeroWidthBits() {
        return true;
    }

    /** Apple's callers extend small integers; elsewhere the callee does. */
    @Override
    Extension extension(CType type) {
        return target.os() == Os.DARWIN ? super.extension(type) : Extension.NONE;
    }
}
