package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.List;

/**
 * Microsoft's convention on x86-64: the position of an argument decides its register.
 *
 * <pre>
 * position        0    1    2    3    4 ...
 * integer, record rcx  rdx  r8   r9   stack
 * float, double   xmm0 xmm1 xmm2 xmm3 stack
 * </pre>
 *
 * <p>Records of 1, 2, 4 or 8 bytes travel as integers, everything else as a pointer to a copy: also
 * what has no bytes (MinGW), and what ends in a flexible array.
 */
final class Win64 extends Convention {
    private static final List<String> INTEGER = List.of("rcx", "rdx", "r8", "r9");
    private static final int SLOT = 8;

    private int position;

    Win64(Target target, boolean variadicFunction) {
        super(target, variadicFunction);
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (isFloat(plain) || Leaf.isInt128(plain)) {
            return direct(Part.in("xmm0", 0, size));
        }
        if (!fits(plain, size)) {
            return indirect(pointer());
        }
        return direct(List.of(Part.in("rax", 0, size)), extension(plain));
    }

    private boolean isFloat(CType type) {
        return type.isFloat() && type.size(target) <= SLOT;
    }

    /** Whether a value of a type that is no floating one travels as an integer. */
    static boolean fits(CType type, long size) {
        return size <= SLOT && Long.bitCount(size) == 1 && !Leaf.isFlexible(type);
    }

    private Part pointer() {
        return place(0, SLOT, false);
    }

    private Part place(long offset, long size, boolean inXmm) {
        int at = position++;
        if (at < INTEGER.size()) {
            return Part.in(inXmm ? "xmm" + at : INTEGER.get(at), offset, size);
        }
        return onStack(size, SLOT, SLOT, offset);
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        boolean isDouble = isFloat(plain);
        if (!isDouble && !fits(plain, size)) {
            return indirect(pointer());
        }
        int at = position;
        List<Part> parts = new ArrayList<>();
        parts.add(place(0, size, isDouble));
        if (isDouble && variadicFunction && at < INTEGER.size()) {
            parts.add(Part.in(INTEGER.get(at), 0, size)); // the callee spills integer registers
        }
        return direct(parts, extension(plain));
    }

    @Override
    Extension extension(CType type) {
        return type.unwrap() == CPrimitive.BOOL ? Extension.ZERO : Extension.NONE;
    }
}
