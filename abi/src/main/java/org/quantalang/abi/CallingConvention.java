package org.quantalang.abi;

import org.quantalang.abi.internal.convention.Conventions;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The calling conventions of the language, with their names in LLVM. */
public enum CallingConvention {
    /** The platform's own C convention. */
    C("c", 0, "ccc"),
    /** What the system's libraries use: {@link #STDCALL} on 32-bit Windows, else {@link #C}. */
    SYSTEM("system", 0, "ccc"),
    /** 32-bit x86: all on the stack, the callee pops. */
    STDCALL("stdcall", 64, "x86_stdcallcc"),
    /** 32-bit x86: two integers in registers, the callee pops. */
    FASTCALL("fastcall", 65, "x86_fastcallcc"),
    /** x86 on Windows: floating point and vectors in registers. */
    VECTORCALL("vectorcall", 80, "x86_vectorcallcc"),
    /** 32-bit x86: the first integer in ecx, the callee pops. */
    THISCALL("thiscall", 70, "x86_thiscallcc"),
    /** Microsoft's convention on x86-64, wherever the code runs. */
    WIN64("win64", 79, "win64cc"),
    /** System V's convention on x86-64, wherever the code runs. */
    SYSV64("sysv64", 78, "x86_64_sysvcc"),
    /** The 32-bit Arm procedure call standard in core registers. */
    AAPCS("aapcs", 67, "arm_aapcscc"),
    /** The 64-bit Arm procedure call standard: the C convention there. */
    AARCH64("aarch64", 0, "ccc"),
    /** WebAssembly's C convention. */
    WASM("wasm", 0, "ccc"),
    /** Rust's own convention, which is not stable: calls refuse it. */
    RUST("rust", 0, "ccc"),
    /** QuantaLang's convention: the same as {@link #C}. */
    QUANTA("quanta", 0, "ccc");

    private final String conventionName;
    private final int llvmNumber;
    private final String llvmKeyword;

    CallingConvention(String conventionName, int llvmNumber, String llvmKeyword) {
        this.conventionName = conventionName;
        this.llvmNumber = llvmNumber;
        this.llvmKeyword = llvmKeyword;
    }

    /**
     * Finds a convention by the name that {@code extern} blocks use, in any case; {@code cdecl} and
     * {@code sysv} are understood too.
     *
     * @param name for example {@code stdcall}
     * @return the convention
     * @throws IllegalArgumentException if it is unknown; the message lists the names
     */
    public static CallingConvention parse(String name) {
        String wanted = name.strip().toLowerCase(Locale.ROOT);
        for (CallingConvention convention : values()) {
            if (convention.conventionName.equals(wanted)) {
                return convention;
            }
        }
        return switch (wanted) {
            case "cdecl" -> C;
            case "sysv" -> SYSV64;
            default ->
                    throw new IllegalArgumentException(
                            "%s; known: %s"
                                    .formatted(
                                            wanted.isEmpty()
                                                    ? "no calling convention given"
                                                    : "unknown calling convention: name=" + name,
                                            Arrays.stream(values())
                                                    .map(CallingConvention::conventionName)
                                                    .collect(Collectors.joining(" "))));
        };
    }

    /**
     * Returns the conventions that a target has.
     *
     * @param target the platform
     * @return the conventions in the order of their declaration
     */
    public static Set<CallingConvention> of(Target target) {
        return Conventions.of(target);
    }

    /**
     * Returns the name in {@code extern} blocks.
     *
     * @return for example {@code stdcall}
     */
    public String conventionName() {
        return conventionName;
    }

    /**
     * Returns the number in LLVM bitcode.
     *
     * @return the number
     */
    public int llvmNumber() {
        return llvmNumber;
    }

    /**
     * Returns the keyword in LLVM assembly.
     *
     * @return for example {@code x86_stdcallcc}
     */
    public String llvmKeyword() {
        return llvmKeyword;
    }

    @Override
    public String toString() {
        return conventionName;
    }
}
