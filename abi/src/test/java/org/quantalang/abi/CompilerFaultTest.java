package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What we say where clang 19 is wrong, beside gcc where gcc can judge. */
class CompilerFaultTest {
    @TempDir Path folder;

    private static CallPlan plan(
            String prototype, Target target, CallingConvention convention, String further) {
        CDeclarations declarations = CDeclarations.parse(prototype, target);
        CFunctionSignature signature = declarations.functions().getFirst().signature();
        return CallPlan.of(
                signature.withConvention(convention), declarations.types(further), target);
    }

    private static void requireFault(CompilerFault fault, CallPlan plan) {
        assertEquals(fault, CompilerFault.of(plan).orElseThrow());
    }

    private String gcc(String source) throws IOException {
        return gcc("-m64", source);
    }

    /** Compiles without a system header, for which {@code -m32} needs no 32-bit library. */
    private String gcc(String mode, String source) throws IOException {
        CompilerUnderTest gcc = CompilerUnderTest.require("gcc", "gcc");
        Path file = Files.writeString(folder.resolve("fault.c"), source);
        return gcc.run(
                        List.of(
                                "-O1",
                                mode,
                                "-msse2",
                                "-fno-pic",
                                "-fomit-frame-pointer",
                                "-S",
                                "-o",
                                "-",
                                file.toString()))
                .replaceAll("\\s+", " ");
    }

    @Test
    void aRegisterBeforeAnInt128OnTheStackIsNotWasted() throws IOException {
        String prototype = "long f(long a, long b, long c, long d, long e, __int128 x, long g)";
        CallPlan plan = plan(prototype + ";", Target.X86_64_LINUX_GNU, CallingConvention.C, "");
        requireFault(CompilerFault.INT128_ON_THE_STACK_IN_SYSTEM_V, plan);
        assertEquals("r9", plan.arguments().getLast().parts().getFirst().register().orElse(""));
        String machine = gcc(prototype + " { return g; }");
        assertTrue(machine.contains("movq %r9, %rax"), machine);
    }

    @Test
    void systemVPassesAFlexibleStructByItsOtherMembers() throws IOException {
        String text = "struct s { long n; double d; char rest[]; };";
        String prototype = " double f(int a, struct s b)";
        CallPlan plan =
                plan(text + prototype + ";", Target.X86_64_LINUX_GNU, CallingConvention.C, "");
        requireFault(CompilerFault.FLEXIBLE_ARRAY_IN_SYSTEM_V, plan);
        List<ArgumentPlan.Part> parts = plan.arguments().getLast().parts();
        assertEquals("rsi", parts.getFirst().register().orElse(""));
        assertEquals("xmm0", parts.getLast().register().orElse(""));
        // The double is in xmm0 already, so returning it takes no instruction.
        String machine = gcc(text + prototype + " { return b.d; }");
        assertTrue(machine.contains(".cfi_startproc ret"), machine);
        String other = gcc(text + " long f(int a, struct s b) { return b.n; }");
        assertTrue(other.contains("movq %rsi, %rax"), other);
    }

    @Test
    void aFloat128OnTheStackOfI386IsAlignedTo16() throws IOException {
        String text = "struct s { __float128 x; };";
        String prototype = " int f(int a, __float128 b, int c, struct s d, int e)";
        CallPlan plan =
                plan(text + prototype + ";", Target.I686_LINUX_GNU, CallingConvention.C, "");
        requireFault(CompilerFault.FLOAT128_ON_THE_STACK_OF_I386, plan);
        assertEquals(
                List.of(0L, 16L, 32L, 48L, 64L),
                plan.arguments().stream()
                        .map(each -> each.parts().getFirst().stack().orElse(-1))
                        .toList());
        String machine = gcc("-m32", text + prototype + " { return e; }");
        assertTrue(machine.contains("movl 68(%esp), %eax"), machine); // behind the return address
    }

    @Test
    void aPaddedUnionOnTheStackOfI386IsPassedWhole() throws IOException {
        String text =
                "union u { int a; int b; int c; int d __attribute__((aligned(16))); };"
                        + " int f(int a, union u b, int c)";
        CallPlan plan = plan(text + ";", Target.I686_LINUX_GNU, CallingConvention.C, "");
        requireFault(CompilerFault.PADDED_UNION_ON_THE_STACK_OF_I386, plan);
        long behind = plan.arguments().getLast().parts().getFirst().stack().orElse(-1);
        assertEquals(20, behind);
        String machine = gcc("-m32", text + " { return c; }");
        // Behind the return address and the 28 bytes that gcc puts below it.
        assertTrue(machine.contains("movl 52(%esp), %eax"), machine);
    }

    @Test
    void aVariadicFunctionOfWindowsOnArmTakesAFloat16InACoreRegister() {
        CallPlan plan =
                plan(
                        "void f(_Float16 x, ...);",
                        Target.AARCH64_WINDOWS_MSVC,
                        CallingConvention.C,
                        "");
        requireFault(CompilerFault.FLOAT16_IN_A_VARIADIC_FUNCTION_OF_WINDOWS_ARM, plan);
        assertEquals("x0", plan.arguments().getFirst().parts().getFirst().register().orElse(""));
    }

    @Test
    void win64PassesAFloat128AsAPointer() throws IOException {
        CallPlan plan =
                plan(
                        "__float128 f(int a, __float128 x);",
                        Target.X86_64_LINUX_GNU,
                        CallingConvention.WIN64,
                        "");
        requireFault(CompilerFault.FLOAT128_IN_WIN64, plan);
        assertEquals("r8", plan.arguments().getLast().parts().getFirst().register().orElse(""));
        String machine =
                gcc(
                        "void __attribute__((ms_abi)) f(int a, __float128 x, __float128 *r)"
                                + " { *r = x; }");
        assertTrue(machine.contains("(%rdx), %xmm0"), machine);
    }

    @Test
    void win64PassesAnX87LongDoubleAsAPointer() throws IOException {
        CallPlan plan =
                plan(
                        "long double f(int a, long double x);",
                        Target.X86_64_LINUX_GNU,
                        CallingConvention.WIN64,
                        "");
        requireFault(CompilerFault.LONG_DOUBLE_IN_WIN64_OUTSIDE_WINDOWS, plan);
        assertEquals("rcx", plan.result().parts().getFirst().register().orElse(""));
        assertEquals("r8", plan.arguments().getLast().parts().getFirst().register().orElse(""));
        String machine =
                gcc("long double __attribute__((ms_abi)) f(int a, long double x) { return x; }");
        assertTrue(machine.contains("fldt (%r8)"), machine);
        assertTrue(machine.contains("fstpt (%rcx)"), machine);
    }

    @Test
    void systemVReturnsAnX87LongDoubleInSt0OnWindowsToo() {
        CallPlan plan =
                plan(
                        "long double f(void);",
                        Target.X86_64_WINDOWS_GNU,
                        CallingConvention.SYSV64,
                        "");
        requireFault(CompilerFault.LONG_DOUBLE_RESULT_OF_SYSTEM_V_ON_WINDOWS, plan);
        assertEquals("st0", plan.result().parts().getFirst().register().orElse(""));
    }

    @Test
    void vectorcallPassesAnX87LongDoubleOnTheStack() {
        CallPlan plan =
                plan(
                        "void f(long double x);",
                        Target.I686_WINDOWS_GNU,
                        CallingConvention.VECTORCALL,
                        "");
        requireFault(CompilerFault.X87_LONG_DOUBLE_IN_VECTORCALL, plan);
        assertEquals(0, plan.arguments().getFirst().parts().getFirst().stack().orElse(-1));
    }

    @Test
    void vectorcallPassesARecordWithAFloatWholeOnTheStack() {
        CallPlan plan =
                plan(
                        "struct s { float x; int n; }; void f(struct s a);",
                        Target.I686_WINDOWS_MSVC,
                        CallingConvention.VECTORCALL,
                        "");
        requireFault(CompilerFault.RECORD_WITH_A_FLOAT_IN_X86_VECTORCALL, plan);
        assertEquals(1, plan.arguments().getFirst().parts().size());
        assertEquals(0, plan.arguments().getFirst().parts().getFirst().stack().orElse(-1));
    }

    @Test
    void aVariadicInt128OfWebAssemblyIsAlignedTo16() {
        CallPlan plan =
                plan("void f(int a, ...);", Target.WASM32, CallingConvention.C, "int, __int128");
        requireFault(CompilerFault.INT128_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY, plan);
        assertEquals(16, plan.arguments().getLast().parts().getFirst().stack().orElse(-1));
    }

    @Test
    void aVariadicPackedScalarOfWebAssemblyIsNotAligned() {
        CallPlan plan =
                plan(
                        "struct __attribute__((packed)) s { double d; }; void f(int a, ...);",
                        Target.WASM32,
                        CallingConvention.C,
                        "int, struct s");
        requireFault(CompilerFault.PACKED_SCALAR_IN_THE_VARIADIC_BUFFER_OF_WEBASSEMBLY, plan);
        assertEquals(4, plan.arguments().getLast().parts().getFirst().stack().orElse(-1));
    }

    @Test
    void aVariadicRecordOfWindowsOnArmIsSplitBetweenX7AndTheStack() {
        CallPlan plan =
                plan(
                        "struct p { long long a, b; }; void f(int, int, int, int, int, int, int,"
                                + " ...);",
                        Target.AARCH64_WINDOWS_MSVC,
                        CallingConvention.C,
                        "struct p");
        requireFault(CompilerFault.SPLIT_VARIADIC_VALUE_ON_WINDOWS_ARM, plan);
        List<ArgumentPlan.Part> parts = plan.arguments().getLast().parts();
        assertEquals("x7", parts.getFirst().register().orElse(""));
        assertEquals(0, parts.getLast().stack().orElse(-1));
    }

    @Test
    void aFloatInTheUnitOfABitFieldIsTakenFromWhereItIs() {
        CallPlan plan =
                plan(
                        "struct s { long n : 12; float x; }; struct s f(struct s a);",
                        Target.RISCV64_LINUX_GNU,
                        CallingConvention.C,
                        "");
        requireFault(CompilerFault.FLOAT_IN_THE_UNIT_OF_A_BIT_FIELD_ON_RISCV, plan);
        for (ArgumentPlan value : List.of(plan.arguments().getFirst(), plan.result())) {
            assertEquals("a0", value.parts().getFirst().register().orElse(""));
            assertEquals("fa0", value.parts().getLast().register().orElse(""));
            assertEquals(4, value.parts().getLast().offset());
        }
    }

    /** The registers are clang's too; it loses the bit-field on the way out of them. */
    @Test
    void aBitFieldBehindAFloatIsInItsRegisterOnRiscV() {
        CallPlan plan =
                plan(
                        "struct __attribute__((packed)) s { float a; unsigned short b : 1; };"
                                + " struct s f(struct s x);",
                        Target.RISCV64_LINUX_GNU,
                        CallingConvention.C,
                        "");
        requireFault(CompilerFault.BIT_FIELD_WITH_A_UNIT_BEHIND_THE_STRUCT_ON_RISCV, plan);
        for (ArgumentPlan value : List.of(plan.arguments().getFirst(), plan.result())) {
            assertEquals("fa0", value.parts().getFirst().register().orElse(""));
            assertEquals("a0", value.parts().getLast().register().orElse(""));
            assertEquals(4, value.parts().getLast().offset());
        }
        CallPlan whole =
                plan(
                        "struct s { float a; unsigned short b : 1; }; struct s f(void);",
                        Target.RISCV64_LINUX_GNU,
                        CallingConvention.C,
                        "");
        assertEquals(Optional.empty(), CompilerFault.of(whole));
    }

    /** gcc 12 for this target reads b from 12 bytes above the stack pointer, clang from 16. */
    @Test
    void packedDoublesOnTheStackOfArmAreAlignedTo4() {
        String prototype =
                "double f(double a, double b, double c, double d, double e, double g, int i, int j,"
                        + " int k, int l, int m, struct s x);";
        String fields = "struct s { double a, b, c; }";
        CallPlan packed =
                plan(
                        fields.replace("struct", "struct __attribute__((packed))")
                                + "; "
                                + prototype,
                        Target.ARMV7_LINUX_GNUEABIHF,
                        CallingConvention.C,
                        "");
        requireFault(CompilerFault.PACKED_DOUBLES_ON_THE_STACK_OF_ARM, packed);
        assertEquals(4, packed.arguments().getLast().parts().getFirst().stack().orElse(-1));
        CallPlan aligned =
                plan(
                        fields + "; " + prototype,
                        Target.ARMV7_LINUX_GNUEABIHF,
                        CallingConvention.C,
                        "");
        assertEquals(Optional.empty(), CompilerFault.of(aligned));
        assertEquals(8, aligned.arguments().getLast().parts().getFirst().stack().orElse(-1));
    }

    @Test
    void aFloatBehindTheUnitOfABitFieldIsCompared() {
        CallPlan plan =
                plan(
                        "struct s { unsigned n : 12; float x; }; void f(struct s a);",
                        Target.RISCV64_LINUX_GNU,
                        CallingConvention.C,
                        "");
        assertEquals(Optional.empty(), CompilerFault.of(plan));
    }
}
