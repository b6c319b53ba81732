package org.quantalang.abi;

import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.DataModel.FloatFormat;
import org.quantalang.abi.Target.Architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Calls that clang 19 compiles wrongly or as no other compiler does: comparisons leave them out,
 * and {@link CompilerFaultTest} states what we say instead.
 */
enum CompilerFault {
    /** Wastes the free integer register before it; llvm-project issue 123935, fixed in clang 20. */
    INT128_ON_THE_STACK_IN_SYSTEM_V,
    /** Passes it in memory; gcc since 4.4 by its other members, in registers. */
    FLEXIBLE_ARRAY_IN_SYSTEM_V,
    /**
     * Passes and returns it in xmm registers; gcc passes a pointer, as for everything of 16 bytes.
     */
    FLOAT128_IN_WIN64,
    /** Aligns it to 4 on the stack; the i386 psABI and gcc say 16. */
    FLOAT128_ON_THE_STACK_OF_I386,
    /**
     * Takes the sizes of a union's members for its own if they add up to it, and passes its largest
     * member only; gcc passes all of it.
     */
    PADDED_UNION_ON_THE_STACK_OF_I386,
    /** Stops with "Cannot select" in its back end. */
    FLOAT16_IN_A_VARIADIC_FUNCTION_OF_WINDOWS_ARM,
    /** Passes it on the stack and returns it in st0; gcc and MinGW's clang pass a pointer. */
    LONG_DOUBLE_IN_WIN64_OUTSIDE_WINDOWS,
    /**
     * Returns it through a hidden pointer that the callee, declared to use st0, knows nothing of.
     */
    LONG_DOUBLE_RESULT_OF_SYSTEM_V_ON_WINDOWS,
    /** Puts an 80-bit x87 value into an xmm register. */
    X87_LONG_DOUBLE_IN_VECTORCALL,
    /**
     * Takes a record apart and puts its float members into xmm registers; by Microsoft's text only
     * records of nothing but floats go there.
     */
    RECORD_WITH_A_FLOAT_IN_X86_VECTORCALL,
    /** Aligns it to 8 in the buffer; clang's own va_arg looks for it at a multiple of 16. */
    INT128_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY,
    /** Aligns it as if it were not packed; clang's own va_arg looks for it where we put it. */
    PACKED_SCALAR_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY,
    /** Moves it to the stack whole; clang's own va_arg looks for its first half in x7. */
    SPLIT_VARIADIC_VALUE_ON_WINDOWS_ARM,
    /**
     * Loads the float from behind the declared type of the bit-field, where nothing of the struct
     * is; the RISC-V psABI passes the bit-field's and the float's own values.
     */
    FLOAT_IN_THE_UNIT_OF_A_BIT_FIELD_ON_RISCV,
    /**
     * Stores and loads the declared type of the bit-field, which reaches behind the packed struct;
     * its optimizer then drops the store of a result. The registers are as we say.
     */
    BIT_FIELD_WITH_A_UNIT_BEHIND_THE_STRUCT_ON_RISCV,
    /** Aligns it to 8 on the stack as if it were not packed; AAPCS and gcc say 4. */
    PACKED_DOUBLES_ON_THE_STACK_OF_ARM;

    private static final Part NOWHERE = Part.in("", 0, 0);

    /** Returns the fault that a call would meet. */
    static Optional<CompilerFault> of(CallPlan plan) {
        for (CompilerFault fault : values()) {
            if (fault.concerns(plan)) {
                return Optional.of(fault);
            }
        }
        return Optional.empty();
    }

    private boolean concerns(CallPlan plan) {
        Target target = plan.target();
        boolean x64 = target.architecture() == Architecture.X86_64;
        boolean win64 =
                x64
                        && (target.isWindows()
                                ? plan.convention() != CallingConvention.SYSV64
                                : plan.convention() == CallingConvention.WIN64);
        boolean x87 = target.dataModel().longDoubleFormat() == FloatFormat.X87;
        int fixed = plan.signature().parameters().size();
        List<CType> all = new ArrayList<>(plan.argumentTypes());
        all.add(plan.signature().returnType());
        return switch (this) {
            case INT128_ON_THE_STACK_IN_SYSTEM_V -> x64 && !win64 && hasInt128OnStack(plan);
            case FLEXIBLE_ARRAY_IN_SYSTEM_V ->
                    x64 && !win64 && all.stream().anyMatch(CompilerFault::isFlexible);
            case FLOAT128_IN_WIN64 -> win64 && contains(all, CPrimitive.FLOAT128);
            case FLOAT128_ON_THE_STACK_OF_I386 ->
                    target.architecture() == Architecture.X86
                            && plan.argumentTypes().stream()
                                    .anyMatch(type -> holds(type, CPrimitive.FLOAT128));
            case PADDED_UNION_ON_THE_STACK_OF_I386 ->
                    target.architecture() == Architecture.X86
                            && plan.argumentTypes().stream()
                                    .anyMatch(type -> holdsPaddedUnion(type, target));
            case FLOAT16_IN_A_VARIADIC_FUNCTION_OF_WINDOWS_ARM ->
                    target == Target.AARCH64_WINDOWS_MSVC
                            && plan.signature().variadic()
                            && contains(plan.argumentTypes(), CPrimitive.FLOAT16);
            case LONG_DOUBLE_IN_WIN64_OUTSIDE_WINDOWS ->
                    win64 && !target.isWindows() && contains(all, CPrimitive.LONG_DOUBLE);
            case LONG_DOUBLE_RESULT_OF_SYSTEM_V_ON_WINDOWS ->
                    x64
                            && !win64
                            && target.isWindows()
                            && plan.result().parts().stream()
                                    .anyMatch(part -> part.register().orElse("").equals("st0"));
            case X87_LONG_DOUBLE_IN_VECTORCALL ->
                    plan.convention() == CallingConvention.VECTORCALL
                            && x87
                            && contains(all, CPrimitive.LONG_DOUBLE);
            case RECORD_WITH_A_FLOAT_IN_X86_VECTORCALL ->
                    plan.convention() == CallingConvention.VECTORCALL
                            && target.architecture() == Architecture.X86
                            && hasMixedRecord(plan);
            case INT128_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY ->
                    target == Target.WASM32
                            && plan.argumentTypes().stream()
                                    .skip(fixed)
                                    .anyMatch(type -> isInt128(onlyMember(type)));
            case PACKED_SCALAR_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY ->
                    target == Target.WASM32
                            && plan.argumentTypes().stream()
                                    .skip(fixed)
                                    .anyMatch(type -> isUnderaligned(type, target));
            case SPLIT_VARIADIC_VALUE_ON_WINDOWS_ARM ->
                    target == Target.AARCH64_WINDOWS_MSVC
                            && plan.arguments().stream().anyMatch(CompilerFault::isSplit);
            case FLOAT_IN_THE_UNIT_OF_A_BIT_FIELD_ON_RISCV ->
                    target.architecture() == Architecture.RISCV64
                            && anyValue(plan, CompilerFault::isFloatInUnit);
            case BIT_FIELD_WITH_A_UNIT_BEHIND_THE_STRUCT_ON_RISCV ->
                    target.architecture() == Architecture.RISCV64
                            && anyValue(plan, CompilerFault::isBitFieldWithLargeUnit);
            case PACKED_DOUBLES_ON_THE_STACK_OF_ARM ->
                    target.architecture() == Architecture.ARM
                            && plan.convention() == CallingConvention.C
                            && !plan.signature().variadic()
                            && hasDoublesAtAnOddWord(plan);
        };
    }

    private static boolean contains(List<CType> types, CType wanted) {
        return types.stream().anyMatch(type -> type.unwrap().equals(wanted));
    }

    /** Whether a type is another or has it inside. */
    private static boolean holds(CType type, CPrimitive wanted) {
        return switch (type.unwrap()) {
            case CStructDef record ->
                    record.fields().stream().anyMatch(field -> holds(field.type(), wanted));
            case CType.Array array -> holds(array.element(), wanted);
            case CType.Complex complex -> holds(complex.part(), wanted);
            case CType plain -> plain == wanted;
        };
    }

    /** Whether a record is, or contains, a union with padding as large as its members together. */
    private static boolean holdsPaddedUnion(CType type, Target target) {
        if (!(type.unwrap() instanceof CStructDef record)) {
            return false;
        }
        long sum = 0;
        long largest = 0;
        for (CStructField field : record.fields()) {
            long size = field.bitWidth().isPresent() ? 0 : field.type().size(target);
            sum += size;
            largest = Math.max(largest, size);
        }
        long size = record.size(target);
        return (record.isUnion() && size == sum && size > largest)
                || record.fields().stream()
                        .anyMatch(field -> holdsPaddedUnion(field.type(), target));
    }

    /** Whether a record is as large as a scalar in it that wants a larger alignment. */
    private static boolean isUnderaligned(CType type, Target target) {
        long size = type.size(target);
        return type.unwrap() instanceof CStructDef record
                && record.alignment(target) < size
                && size > Integer.BYTES
                && holdsScalarOf(record, size, target);
    }

    private static boolean holdsScalarOf(CType type, long size, Target target) {
        return switch (type.unwrap()) {
            case CStructDef record ->
                    record.fields().stream()
                            .anyMatch(field -> holdsScalarOf(field.type(), size, target));
            case CType.Array array -> holdsScalarOf(array.element(), size, target);
            case CType plain -> plain.size(target) == size;
        };
    }

    private static boolean isFlexible(CType type) {
        return type.unwrap() instanceof CStructDef record
                && !record.fields().isEmpty()
                && record.fields().getLast().type() instanceof CType.Array array
                && array.length().isEmpty();
    }

    private boolean isInt128(CType type) {
        return type.unwrap() == CPrimitive.INT128 || type.unwrap() == CPrimitive.UINT128;
    }

    private static CType onlyMember(CType type) {
        CType plain = type.unwrap();
        if (plain instanceof CType.Array array) {
            return onlyMember(array.element());
        }
        return plain instanceof CStructDef record && record.fields().size() == 1
                ? onlyMember(record.fields().getFirst().type())
                : plain;
    }

    private boolean hasInt128OnStack(CallPlan plan) {
        for (int i = 0; i < plan.arguments().size(); i++) {
            Part first =
                    plan.arguments().get(i).parts().stream().findFirst().orElse(Part.in("", 0, 0));
            if (isInt128(plan.argumentTypes().get(i)) && first.stack().isPresent()) {
                return true;
            }
        }
        return false;
    }

    /** Whether a record of up to four words that is no homogeneous one has a float in it. */
    private static boolean hasMixedRecord(CallPlan plan) {
        for (int i = 0; i < plan.arguments().size(); i++) {
            Part first = plan.arguments().get(i).parts().stream().findFirst().orElse(NOWHERE);
            if (first.stack().isPresent()
                    && plan.argumentTypes().get(i).unwrap() instanceof CStructDef record
                    && record.size(plan.target()) <= 16
                    && record.fields().stream().anyMatch(field -> field.type().isFloat())) {
                return true;
            }
        }
        return false;
    }

    /** Whether a record of doubles only, for the VFP registers, is on the stack between two. */
    private static boolean hasDoublesAtAnOddWord(CallPlan plan) {
        for (int i = 0; i < plan.arguments().size(); i++) {
            Part first = plan.arguments().get(i).parts().stream().findFirst().orElse(NOWHERE);
            if (first.stack().orElse(0) % Double.BYTES != 0
                    && plan.argumentTypes().get(i).unwrap() instanceof CStructDef record
                    && isOfDoublesOnly(record, plan.target())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOfDoublesOnly(CType type, Target target) {
        return switch (type.unwrap()) {
            case CStructDef record ->
                    record.fields().stream()
                            .allMatch(
                                    field ->
                                            field.bitWidth().isEmpty()
                                                    ? isOfDoublesOnly(field.type(), target)
                                                    : field.bitWidth().getAsInt() == 0);
            case CType.Array array -> isOfDoublesOnly(array.element(), target);
            case CType.Complex complex -> isOfDoublesOnly(complex.part(), target);
            case CType plain -> plain.isFloat() && plain.size(target) == Double.BYTES;
        };
    }

    /** How the value of a type is passed, and on which target. */
    private interface ValueTest {
        boolean test(CType type, ArgumentPlan value, Target target);
    }

    /** Whether the result or an argument is such a value. */
    private static boolean anyValue(CallPlan plan, ValueTest wanted) {
        boolean found = wanted.test(plan.signature().returnType(), plan.result(), plan.target());
        for (int i = 0; i < plan.arguments().size() && !found; i++) {
            CType type = plan.argumentTypes().get(i);
            found = wanted.test(type, plan.arguments().get(i), plan.target());
        }
        return found;
    }

    /**
     * Whether a bit-field goes into an integer register, beside a float, and its unit would end
     * behind the record.
     */
    private static boolean isBitFieldWithLargeUnit(CType type, ArgumentPlan value, Target target) {
        boolean withFloat =
                value.parts().stream().anyMatch(part -> part.register().orElse("").startsWith("f"));
        return withFloat
                && value.parts().stream()
                        .filter(part -> part.register().orElse("").startsWith("a"))
                        .anyMatch(
                                part ->
                                        holdsUnitBeyond(
                                                type, type.size(target) - part.offset(), target));
    }

    /** Whether a float goes into a register that lies in the unit of a bit-field before it. */
    private static boolean isFloatInUnit(CType type, ArgumentPlan value, Target target) {
        return value.parts().stream()
                .filter(part -> part.register().orElse("").startsWith("f"))
                .anyMatch(part -> holdsUnitBeyond(type, part.offset(), target));
    }

    private static boolean holdsUnitBeyond(CType type, long offset, Target target) {
        return type.unwrap() instanceof CStructDef record
                && record.fields().stream()
                        .anyMatch(
                                field ->
                                        field.bitWidth().isPresent()
                                                ? offset > 0 && field.type().size(target) > offset
                                                : holdsUnitBeyond(field.type(), offset, target));
    }

    private static boolean isSplit(ArgumentPlan argument) {
        List<Part> parts = argument.parts();
        return parts.size() > 1 && parts.getLast().stack().isPresent();
    }
}
