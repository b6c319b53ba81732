package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.DataModel.FloatFormat;
import org.quantalang.abi.Target;
import org.quantalang.abi.Target.Os;
import org.quantalang.abi.layout.RecordLayout;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The conventions of 32-bit x86: arguments in 4-byte stack slots.
 *
 * <pre>
 *            registers                                            who pops
 * cdecl      none                                                 the caller (Linux: the callee pops a hidden pointer)
 * stdcall    none                                                 the callee
 * thiscall   ecx: the first small integer                         the callee
 * fastcall   ecx edx: the first two small integers                the callee
 * vectorcall as fastcall; xmm0 to xmm5: first the float and double
 *            arguments, then in what is left whole records of them the callee
 * </pre>
 *
 * <p>gcc and clang for anything but Microsoft's platform let a record use up the registers of
 * fastcall although it travels on the stack.
 */
final class X86 extends Convention {
    private static final int SLOT = 4;
    private static final int XMM_REGISTERS = 6;
    private static final List<String> FAST = List.of("ecx", "edx");

    private final CallingConvention convention;
    private int unclaimed; // registers that small integers may still claim
    private int used; // registers of FAST in use: the next one is named by it
    private int scalarFloats; // of vectorcall, so far
    private int nextXmm; // for the next record of floats
    private boolean hiddenPointer;

    X86(Target target, CallingConvention convention, CFunctionSignature signature) {
        super(target, signature.variadic());
        this.convention = convention;
        this.unclaimed =
                switch (this.convention) {
                    case THISCALL -> 1;
                    case FASTCALL, VECTORCALL -> FAST.size();
                    default -> 0;
                };
        for (CType type : signature.parameters()) {
            nextXmm += isXmmScalar(type.unwrap()) && nextXmm < XMM_REGISTERS ? 1 : 0;
        }
    }

    private boolean isVectorcall() {
        return convention == CallingConvention.VECTORCALL;
    }

    private boolean isXmmScalar(CType type) {
        return type.isFloat() && !isX87(type);
    }

    private boolean isX87(CType type) {
        return type == CPrimitive.LONG_DOUBLE
                && target.dataModel().longDoubleFormat() == FloatFormat.X87;
    }

    /** The members of a record of up to four equal floating types; empty for anything else. */
    private List<Leaf> floatRecord(CType type) {
        List<Leaf> leaves =
                isAggregate(type) ? homogeneous(type).orElse(List.of()) : List.<Leaf>of();
        return leaves.isEmpty() || isX87(leaves.getFirst().type()) ? List.of() : leaves;
    }

    private static boolean isAggregate(CType type) {
        return Leaf.isAggregate(type) || type instanceof CType.Complex;
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (target.isWindows() && (size == 0 || Leaf.isEmpty(plain))) {
            return ignored();
        }
        if (plain.isFloat() && plain != CPrimitive.FLOAT128) {
            return direct(Part.in(floatRegister(plain), 0, size));
        }
        if (!isAggregate(plain) && size <= 2 * SLOT) {
            return direct(chunks(size, SLOT, List.of("eax", "edx")), extension(plain));
        }
        List<Leaf> floats = isVectorcall() ? floatRecord(plain) : List.of();
        if (!floats.isEmpty()) {
            return direct(inRegisters(floats, "xmm", 0).toArray(Part[]::new));
        }
        if (isReturnedInRegisters(plain, size)) {
            Optional<CType> only = singleElement(plain).filter(CType::isFloat);
            return only.isPresent() && target.os() == Os.WINDOWS_GNU
                    ? direct(Part.in(floatRegister(only.get()), 0, size))
                    : direct(chunks(size, SLOT, List.of("eax", "edx")).toArray(Part[]::new));
        }
        hiddenPointer = true;
        boolean likeFirstArgument =
                convention == CallingConvention.THISCALL && target.os() == Os.WINDOWS_GNU;
        return indirect(likeFirstArgument ? pointer() : onStack(SLOT, SLOT, SLOT, 0));
    }

    /** Where a lone float comes back, by itself or as a record of nothing else. */
    private String floatRegister(CType type) {
        boolean inXmm = type == CPrimitive.FLOAT16 || (isVectorcall() && !isX87(type));
        return inXmm ? "xmm0" : "st0";
    }

    /** The psABI aligns a __float128 to 16 on the stack, and what contains one; all else to 4. */
    private long stackAlignment(CType type) {
        return Leaf.holds(type, CPrimitive.FLOAT128) ? 4 * SLOT : SLOT;
    }

    private boolean isReturnedInRegisters(CType type, long size) {
        return type instanceof CType.Complex
                ? size <= 2 * SLOT
                : target.isWindows()
                        && !Leaf.isFlexible(type)
                        && isRegisterSized(type, Leaf.records());
    }

    /** Microsoft's compiler passes also what holds nothing, if it has a size. */
    private boolean isNothing(CType type, long size) {
        return size == 0 || (target.os() != Os.WINDOWS_MSVC && Leaf.isEmpty(type));
    }

    /** Whether a record and all it consists of have the size of a register or a pair. */
    private boolean isRegisterSized(CType type, Set<CStructDef> seen) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size > 2 * SLOT || Long.bitCount(size) != 1) {
            return false;
        }
        if (plain instanceof CType.Array array) {
            return isRegisterSized(array.element(), seen);
        }
        if (!(plain instanceof CStructDef record) || !seen.add(record)) {
            return true;
        }
        for (CStructField field : record.fields()) {
            if (field.bitWidth().isEmpty()
                    && field.type().size(target) != 0
                    && !isRegisterSized(field.type(), seen)) {
                return false;
            }
        }
        return true;
    }

    /** A place for a pointer: a register as long as one is unclaimed. */
    private Part pointer() {
        if (unclaimed == 0) {
            return onStack(SLOT, SLOT, SLOT, 0);
        }
        unclaimed--;
        return Part.in(FAST.get(used++), 0, SLOT);
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (isNothing(plain, size) && !Leaf.isFlexible(plain)) {
            return ignored();
        }
        if (isVectorcall() && isXmmScalar(plain) && scalarFloats < XMM_REGISTERS) {
            return direct(Part.in("xmm" + scalarFloats++, 0, size));
        }
        if (isAggregate(plain)) {
            return record(plain, size, named);
        }
        boolean small = size <= SLOT && !plain.isFloat();
        if (small && unclaimed > 0) {
            unclaimed--;
            return direct(List.of(Part.in(FAST.get(used++), 0, size)), extension(plain));
        }
        return direct(List.of(onStack(size, stackAlignment(plain), SLOT, 0)), extension(plain));
    }

    private ArgumentPlan record(CType type, long size, boolean named) {
        List<Leaf> floats = isVectorcall() ? floatRecord(type) : List.of();
        if (!floats.isEmpty()) {
            if (nextXmm + floats.size() > XMM_REGISTERS) {
                return indirect(pointer());
            }
            List<Part> parts = inRegisters(floats, "xmm", nextXmm);
            nextXmm += floats.size();
            return direct(parts.toArray(Part[]::new));
        }
        if (target.os() == Os.WINDOWS_MSVC) {
            if (named && isOveraligned(type) && !Leaf.isFlexible(type)) {
                return indirect(pointer());
            }
        } else if (convention != CallingConvention.THISCALL
                && !isOneFloat(type)
                && !Leaf.isFlexible(type)) {
            useUpRegisters(type, size);
        }
        return direct(onStack(size, stackAlignment(type), SLOT, 0));
    }

    private boolean isOneFloat(CType type) {
        CType only = singleElement(type).orElse(type);
        return only == CPrimitive.FLOAT || only == CPrimitive.DOUBLE;
    }

    private void useUpRegisters(CType type, long size) {
        long registers = (size + SLOT - 1) / SLOT;
        if (registers > unclaimed) {
            unclaimed = 0;
            return;
        }
        unclaimed -= (int) registers;
        if (size == SLOT && unclaimed > 0 && isOneWord(type)) {
            used++; // a lone word blocks its register, any other record only its turn
        }
    }

    private boolean isOneWord(CType type) {
        return type instanceof CStructDef record
                && record.fields().size() == 1
                && record.fields().getFirst().bitWidth().isEmpty()
                && !isAggregate(record.fields().getFirst().type().unwrap())
                && record.fields().getFirst().type().size(target) == SLOT;
    }

    /** Microsoft's compiler cannot align a stack slot, so it passes a pointer. */
    private boolean isOveraligned(CType type) {
        return type instanceof CStructDef record
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
