package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;

/**
 * The conventions of 32-bit x86: arguments in 4-byte stack slots.
 *
 * <pre>
 *            registers                       who pops
 * cdecl      none                            the caller (Linux: the callee pops a hidden pointer)
 * stdcall    none                            the callee
 * thiscall   ecx: the first small integer    the callee
 * fastcall   ecx edx: the first two          the callee
 * vectorcall as fastcall, and xmm0 to xmm5   the callee
 * </pre>
 */
final class X86 extends Convention {
    private static final int SLOT = 4;
    private static final int XMM_REGISTERS = 6;

    private final CallingConvention convention;
    private final List<String> integers;
    private int used;
    private int floats;
    private boolean hiddenPointer;

    X86(Target target, CallingConvention convention, boolean variadicFunction) {
        super(target, variadicFunction);
        // A variadic function cannot pop what it does not know.
        this.convention = variadicFunction ? CallingConvention.C : convention;
        this.integers =
                switch (this.convention) {
                    case THISCALL -> List.of("ecx");
                    case FASTCALL, VECTORCALL -> List.of("ecx", "edx");
                    default -> List.of();
                };
    }

    private boolean isVectorcall() {
        return convention == CallingConvention.VECTORCALL;
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0) {
            return ignored();
        }
        if (plain.isFloat()) {
            boolean inXmm = isVectorcall() && plain != CPrimitive.LONG_DOUBLE;
            boolean half = plain == CPrimitive.FLOAT16;
            return direct(Part.in(inXmm || half ? "xmm0" : "st0", 0, size));
        }
        if (!Leaf.isAggregate(plain) && !(plain instanceof CType.Complex)) {
            return direct(chunks(size, SLOT, List.of("eax", "edx")), extension(plain));
        }
        if (isVectorcall() && homogeneous(plain).isPresent()) {
            List<Part> parts = new ArrayList<>();
            for (Leaf leaf : homogeneous(plain).orElseThrow()) {
                parts.add(
                        Part.in(
                                "xmm" + parts.size(),
                                leaf.bitOffset() / Byte.SIZE,
                                leaf.bitSize() / Byte.SIZE));
            }
            return direct(parts.toArray(Part[]::new));
        }
        boolean small = size <= 8 && Long.bitCount(size) == 1;
        boolean complexInts = plain instanceof CType.Complex && size <= 8;
        if (complexInts || (target.isWindows() && small && isRegisterSized(plain))) {
            List<Leaf> leaves = Leaf.of(plain, target);
            boolean oneFloat =
                    target.os() == Target.Os.WINDOWS_GNU
                            && leaves.size() == 1
                            && leaves.getFirst().isFloat()
                            && leaves.getFirst().bitSize() == size * Byte.SIZE;
            return oneFloat
                    ? direct(Part.in("st0", 0, size))
                    : direct(chunks(size, SLOT, List.of("eax", "edx")).toArray(Part[]::new));
        }
        hiddenPointer = true;
        boolean inRegister = convention == CallingConvention.FASTCALL || isVectorcall();
        return indirect(
                inRegister ? Part.in(integers.get(used++), 0, SLOT) : onStack(SLOT, SLOT, SLOT, 0));
    }

    /** Whether a record and all it consists of have the size of a register or a pair. */
    private boolean isRegisterSized(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size > 8 || Long.bitCount(size) != 1) {
            return false;
        }
        if (plain instanceof CType.Array array) {
            return isRegisterSized(array.element());
        }
        if (!(plain instanceof CStructDef record)) {
            return true;
        }
        for (CStructField field : record.fields()) {
            if (field.bitWidth().isEmpty()
                    && field.type().size(target) != 0
                    && !isRegisterSized(field.type())) {
                return false;
            }
        }
        return true;
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0) {
            return ignored();
        }
        if (isVectorcall() && named) {
            List<Leaf> leaves = homogeneous(plain).orElse(List.of());
            boolean ofDoubles =
                    !leaves.isEmpty() && leaves.getFirst().type() != CPrimitive.LONG_DOUBLE;
            if (ofDoubles && floats + leaves.size() <= XMM_REGISTERS) {
                List<Part> parts = new ArrayList<>();
                for (Leaf leaf : leaves) {
                    parts.add(
                            Part.in(
                                    "xmm" + floats++,
                                    leaf.bitOffset() / Byte.SIZE,
                                    leaf.bitSize() / Byte.SIZE));
                }
                return direct(parts.toArray(Part[]::new));
            }
            if (ofDoubles && (size > 8 || Leaf.isAggregate(plain))) {
                return indirect(
                        used < integers.size()
                                ? Part.in(integers.get(used++), 0, SLOT)
                                : onStack(SLOT, SLOT, SLOT, 0));
            }
        }
        if (isOveraligned(plain)) {
            return indirect(
                    used < integers.size()
                            ? Part.in(integers.get(used++), 0, SLOT)
                            : onStack(SLOT, SLOT, SLOT, 0));
        }
        boolean scalar = plain.isInteger() || plain.isPointer();
        if (scalar && size <= SLOT && used < integers.size()) {
            return direct(List.of(Part.in(integers.get(used++), 0, size)), extension(plain));
        }
        if (!integers.isEmpty()
                && target.os() == Target.Os.WINDOWS_GNU
                && convention == CallingConvention.FASTCALL
                && !plain.isFloat()) {
            used = integers.size(); // MinGW gives up registers once a value did not fit
        }
        return direct(List.of(onStack(size, SLOT, SLOT, 0)), extension(plain));
    }

    /** Microsoft's compiler cannot align a stack slot, so it passes a pointer. */
    private boolean isOveraligned(CType type) {
        return target.os() == Target.Os.WINDOWS_MSVC
                && type instanceof CStructDef record
                && RecordLayout.of(record, target).requiredAlignmentBytes() > SLOT;
    }

    @Override
    long calleePops() {
        return switch (convention) {
            case STDCALL, FASTCALL, THISCALL, VECTORCALL -> stackBytes();
            default -> hiddenPointer && !target.isWindows() ? SLOT : 0;
        };
    }
}
