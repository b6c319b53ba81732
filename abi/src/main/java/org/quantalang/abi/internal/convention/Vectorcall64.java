package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.DataModel.FloatFormat;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.List;

/**
 * Microsoft's vectorcall on x86-64: Win64 with six registers for floating point.
 *
 * <pre>
 * position           0    1    2    3    4     5     6 ...
 * integer, record    rcx  rdx  r8   r9   stack stack stack
 * float, double      xmm0 xmm1 xmm2 xmm3 xmm4  xmm5  stack
 * records of up to four equal floating types: last, in the xmm registers still free, or as a pointer
 * </pre>
 *
 * <p>Positions 4 and 5 have a stack slot even when the argument is in a register.
 */
final class Vectorcall64 extends Convention {
    private static final List<String> INTEGER = List.of("rcx", "rdx", "r8", "r9");
    private static final int SLOT = 8;
    private static final int XMM_REGISTERS = 6;

    private final CFunctionSignature signature;
    private final boolean[] taken = new boolean[XMM_REGISTERS];
    private int unclaimed = XMM_REGISTERS; // registers that records may still claim
    private int position;

    Vectorcall64(Target target, CFunctionSignature signature) {
        super(target, signature.variadic());
        this.signature = signature;
    }

    private boolean isX87(CType type) {
        return type == CPrimitive.LONG_DOUBLE
                && target.dataModel().longDoubleFormat() == FloatFormat.X87;
    }

    private boolean isXmmScalar(CType type) {
        return type.isFloat() && !isX87(type) && type != CPrimitive.FLOAT128;
    }

    private List<Leaf> floats(CType type) {
        List<Leaf> leaves = homogeneous(type).orElse(List.of());
        return leaves.isEmpty() || isX87(leaves.getFirst().type()) ? List.of() : leaves;
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        List<Leaf> floats = floats(plain);
        if (!floats.isEmpty()) {
            return direct(inRegisters(floats, "xmm", 0), Extension.NONE);
        }
        if (Leaf.isInt128(plain)) {
            return direct(Part.in("xmm0", 0, size));
        }
        return Win64.fits(plain, size)
                ? direct(List.of(Part.in("rax", 0, size)), extension(plain))
                : indirect(integer(0, SLOT));
    }

    /** Reserves the registers of scalars, so that records find what is left. */
    @Override
    void begin() {
        int at = position;
        for (int i = 0; i < signature.parameters().size(); i++) {
            CType type = signature.parameters().get(i).unwrap();
            if (isXmmScalar(type) && at < XMM_REGISTERS) {
                taken[at] = true;
            }
            if (isXmmScalar(type) && i < XMM_REGISTERS && unclaimed > 0) {
                unclaimed--;
            }
            at++;
        }
    }

    /** Takes the next position for an integer or pointer. */
    private Part integer(long offset, long size) {
        int at = position++;
        return at < INTEGER.size()
                ? Part.in(INTEGER.get(at), offset, size)
                : onStack(size, SLOT, SLOT, offset);
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (isXmmScalar(plain)) {
            int at = position++;
            if (at >= XMM_REGISTERS) {
                return direct(onStack(size, SLOT, SLOT, 0));
            }
            reserveHome(at);
            return direct(Part.in("xmm" + at, 0, size));
        }
        List<Leaf> floats = floats(plain);
        if (!floats.isEmpty() && unclaimed >= floats.size()) {
            unclaimed -= floats.size();
            reserveHome(position++);
            return direct(inFreeRegisters(floats).toArray(Part[]::new));
        }
        return floats.isEmpty() && Win64.fits(plain, size)
                ? direct(List.of(integer(0, size)), extension(plain))
                : indirect(integer(0, SLOT));
    }

    private List<Part> inFreeRegisters(List<Leaf> floats) {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        for (Leaf leaf : floats) {
            while (taken[at]) {
                at++;
            }
            taken[at] = true;
            parts.add(
                    Part.in("xmm" + at, leaf.bitOffset() / Byte.SIZE, leaf.bitSize() / Byte.SIZE));
        }
        return parts;
    }

    private void reserveHome(int at) {
        if (at >= INTEGER.size() && at < XMM_REGISTERS) {
            stack += SLOT;
        }
    }

    @Override
    Extension extension(CType type) {
        return type.unwrap() == CPrimitive.BOOL ? Extension.ZERO : Extension.NONE;
    }
}
