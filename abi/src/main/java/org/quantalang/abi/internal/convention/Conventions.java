package org.quantalang.abi.internal.convention;

import static org.quantalang.abi.CallingConvention.AAPCS;
import static org.quantalang.abi.CallingConvention.AARCH64;
import static org.quantalang.abi.CallingConvention.C;
import static org.quantalang.abi.CallingConvention.FASTCALL;
import static org.quantalang.abi.CallingConvention.QUANTA;
import static org.quantalang.abi.CallingConvention.STDCALL;
import static org.quantalang.abi.CallingConvention.SYSTEM;
import static org.quantalang.abi.CallingConvention.SYSV64;
import static org.quantalang.abi.CallingConvention.THISCALL;
import static org.quantalang.abi.CallingConvention.VECTORCALL;
import static org.quantalang.abi.CallingConvention.WASM;
import static org.quantalang.abi.CallingConvention.WIN64;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Passing;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallPlan;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.Target;
import org.quantalang.abi.Target.Architecture;
import org.quantalang.abi.Target.Os;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Picks the convention that a name stands for on a target, and runs it over a signature. */
public final class Conventions {
    private static final Set<CallingConvention> CALLEE_POPS =
            Set.of(STDCALL, FASTCALL, THISCALL, VECTORCALL);

    private Conventions() {}

    /** Returns the conventions that a target has, in the order of their declaration. */
    public static Set<CallingConvention> of(Target target) {
        Set<CallingConvention> all = EnumSet.of(C, SYSTEM, QUANTA);
        switch (target.architecture()) {
            case X86_64 -> all.addAll(EnumSet.of(WIN64, SYSV64));
            case X86 -> all.addAll(EnumSet.of(STDCALL, FASTCALL, THISCALL));
            case AARCH64 -> all.add(AARCH64);
            case ARM -> all.add(AAPCS);
            case WASM32 -> all.add(WASM);
            case RISCV64 -> {}
        }
        if (target.isWindows() && all.contains(WIN64)) {
            all.addAll(EnumSet.of(STDCALL, FASTCALL, THISCALL)); // accepted, without effect
        }
        if (target.isWindows() && target.architecture() != Architecture.AARCH64) {
            all.add(VECTORCALL);
        }
        return all;
    }

    private static CallingConvention resolve(CFunctionSignature signature, Target target) {
        CallingConvention wanted = signature.convention();
        if (wanted == CallingConvention.RUST) {
            throw new IllegalArgumentException(
                    "convention=rust has no stable ABI and cannot be classified; use c");
        }
        if (!of(target).contains(wanted)) {
            throw new IllegalArgumentException(
                    "target=%s has no convention=%s; it has %s"
                            .formatted(target, wanted, of(target)));
        }
        if (signature.variadic() && CALLEE_POPS.contains(wanted)) {
            return C; // a callee cannot pop what it does not know
        }
        boolean windows32 = target.architecture() == Architecture.X86 && target.isWindows();
        return switch (wanted) {
            case SYSTEM -> windows32 && !signature.variadic() ? STDCALL : C;
            case QUANTA -> C;
            default -> wanted;
        };
    }

    private static Convention start(
            CallingConvention convention, Target target, CFunctionSignature signature) {
        boolean variadic = signature.variadic();
        return switch (target.architecture()) {
            case X86_64 -> {
                boolean win64 = target.isWindows() ? convention != SYSV64 : convention == WIN64;
                if (convention == VECTORCALL) {
                    yield new Vectorcall64(target, signature);
                }
                yield win64 ? new Win64(target, variadic) : new SysVX64(target, variadic);
            }
            case X86 -> new X86(target, convention, signature);
            case AARCH64 -> new Aapcs64(target, variadic);
            case ARM -> {
                boolean vfp = target == Target.ARMV7_LINUX_GNUEABIHF && convention != AAPCS;
                yield new Aapcs32(target, vfp, variadic);
            }
            case RISCV64 -> new RiscV64(target, variadic);
            case WASM32 -> new Wasm32(target, variadic);
        };
    }

    /** Classifies a call. */
    public static CallPlan plan(CFunctionSignature signature, List<CType> further, Target target) {
        if (!signature.variadic() && !further.isEmpty()) {
            throw new IllegalArgumentException(
                    "not variadic: signature=%s further arguments=%d"
                            .formatted(signature, further.size()));
        }
        CallingConvention convention = resolve(signature, target);
        Convention call = start(convention, target, signature);
        ArgumentPlan result =
                signature.returnType().unwrap() == CPrimitive.VOID
                        ? new ArgumentPlan(Passing.VOID, List.of(), Extension.NONE)
                        : call.result(signature.returnType());
        call.begin();
        List<ArgumentPlan> arguments = new ArrayList<>();
        List<CType> types = new ArrayList<>(signature.parameters());
        for (CType type : signature.parameters()) {
            arguments.add(call.argument(type, true));
        }
        for (CType type : further) {
            arguments.add(call.argument(type, false));
            types.add(type);
        }
        return new CallPlan(
                target,
                convention,
                signature,
                result,
                arguments,
                types,
                call.stackBytes(),
                call.calleePops());
    }

    /** Decorates a name as the target's object files have it. */
    public static String symbol(String name, CallPlan plan) {
        Target target = plan.target();
        if (target.os() == Os.DARWIN) {
            return "_" + name;
        }
        boolean x86 = target.architecture() == Architecture.X86;
        CallingConvention convention = plan.convention();
        if (!target.isWindows() || (!x86 && convention != VECTORCALL)) {
            return name;
        }
        long slot = target.dataModel().pointerBytes();
        long bytes = 0;
        for (CType type : plan.signature().parameters()) {
            bytes += Convention.roundUp(type.size(target), slot);
        }
        return switch (convention) {
            case STDCALL -> "_%s@%d".formatted(name, bytes);
            case FASTCALL -> "@%s@%d".formatted(name, bytes);
            case VECTORCALL -> "%s@@%d".formatted(name, bytes);
            default -> "_" + name;
        };
    }
}
