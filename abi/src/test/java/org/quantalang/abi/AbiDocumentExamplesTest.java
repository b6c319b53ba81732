package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.ArgumentPlan.Passing;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * The worked examples of the ABI documents, and the cases that their rules spell out. Vector types
 * are unknown here, so an example that has one is read without it.
 */
class AbiDocumentExamplesTest {
    /** Where arguments go: {@code +} joins the parts of one, {@code *} is a pointer to a copy. */
    private static String arguments(CallPlan plan) {
        StringJoiner all = new StringJoiner(" ");
        plan.arguments().forEach(argument -> all.add(place(argument)));
        return all.toString();
    }

    private static String place(ArgumentPlan plan) {
        if (plan.parts().isEmpty()) {
            return plan.passing() == Passing.VOID ? "void" : "nothing";
        }
        StringJoiner parts =
                new StringJoiner("+", plan.passing() == Passing.INDIRECT ? "*" : "", "");
        for (Part part : plan.parts()) {
            parts.add(
                    part.register()
                            .orElseGet(
                                    () ->
                                            part.parameter().isPresent()
                                                    ? "p" + part.parameter().getAsLong()
                                                    : "@" + part.stack().orElseThrow()));
        }
        return parts.toString();
    }

    private static CallPlan plan(Target target, String text, String... further) {
        CDeclarations declarations = CDeclarations.parse(text, target);
        List<CType> types = new ArrayList<>();
        for (String type : further) {
            types.addAll(declarations.types(type));
        }
        return CallPlan.of(declarations.functions().getFirst().signature(), types, target);
    }

    private static void requirePlaces(
            String arguments, String result, Target target, String text, String... further) {
        CallPlan plan = plan(target, text, further);
        assertEquals(arguments, arguments(plan));
        assertEquals(result, place(plan.result()));
    }

    @Nested
    class SystemVPsAbiForX8664 {
        /** Figures 3.5 and 3.6, "Parameter Passing Example", without the __m256 of xmm2. */
        @Test
        void parameterPassingExample() {
            requirePlaces(
                    "rdi rsi rdx+xmm0 rcx r8 @0 xmm1 xmm2 r9 @16 @24",
                    "void",
                    Target.X86_64_LINUX_GNU,
                    "typedef struct { int a, b; double d; } structparm; void func(int e, int f,"
                            + " structparm s, int g, int h, long double ld, double m, double n,"
                            + " int i, int j, int k);");
        }

        /**
         * 3.2.3: a record above two eightbytes, or with a member out of place, has class MEMORY.
         */
        @Test
        void memoryClass() {
            requirePlaces(
                    "@0 @24 rsi",
                    "*rdi",
                    Target.X86_64_LINUX_GNU,
                    "struct big { long a, b, c; }; struct __attribute__((packed)) odd { char c;"
                            + " double d; }; struct big f(struct big a, struct odd b, int c);");
        }

        /** 3.2.3 again: a record member is out of place by the alignment its attribute gave it. */
        @Test
        void memoryClassByAMembersOwnAlignment() {
            requirePlaces(
                    "@0 rdi",
                    "void",
                    Target.X86_64_LINUX_GNU,
                    "struct raised { _Alignas(4) char c; }; struct __attribute__((packed)) odd {"
                            + " int i; char c; struct raised r; }; void f(struct odd a, int b);");
        }

        /** 3.2.3 again: where a member lies is asked from the start of the argument. */
        @Test
        void aMemberInPlaceAfterAll() {
            requirePlaces(
                    "rdi rsi",
                    "void",
                    Target.X86_64_LINUX_GNU,
                    "struct __attribute__((packed)) part { short a; int b; };"
                            + " struct __attribute__((packed)) whole { short a; struct part p; };"
                            + " void f(struct whole a, int b);");
        }

        /** 3.2.3: no eightbyte in registers unless all of the value fits; the rest stays free. */
        @Test
        void allOfAValueOrNothing() {
            requirePlaces(
                    "rdi rsi rdx rcx r8 @0 r9",
                    "rax+rdx",
                    Target.X86_64_LINUX_GNU,
                    "struct pair { long a, b; }; struct pair f(long, long, long, long, long,"
                            + " struct pair, long);");
        }

        /** 3.2.3: x87 values come back in st0, a complex one in st0 and st1. */
        @Test
        void x87Results() {
            requirePlaces("@0", "st0", Target.X86_64_LINUX_GNU, "long double f(long double);");
            requirePlaces(
                    "@0",
                    "st0+st1",
                    Target.X86_64_LINUX_GNU,
                    "_Complex long double f(_Complex long double);");
        }
    }

    /** "x64 calling convention" of Microsoft's documentation, "Parameter passing" and "Return". */
    @Nested
    class MicrosoftX64 {
        private static final Target TARGET = Target.X86_64_WINDOWS_MSVC;

        @Test
        void allIntegers() {
            requirePlaces(
                    "rcx rdx r8 r9 @0 @8",
                    "void",
                    TARGET,
                    "void func1(int a, int b, int c, int d, int e, int f);");
        }

        @Test
        void allFloats() {
            requirePlaces(
                    "xmm0 xmm1 xmm2 xmm3 @0 @8",
                    "void",
                    TARGET,
                    "void func2(float a, double b, float c, double d, float e, float f);");
        }

        @Test
        void mixed() {
            requirePlaces(
                    "rcx xmm1 r8 xmm3 @0 @8",
                    "void",
                    TARGET,
                    "void func3(int a, double b, int c, float d, int e, float f);");
        }

        @Test
        void integerResult() {
            requirePlaces(
                    "rcx xmm1 r8 r9 @0",
                    "rax",
                    TARGET,
                    "__int64 func1(int a, float b, int c, int d, int e);");
        }

        @Test
        void recordResultThroughAHiddenPointer() {
            requirePlaces(
                    "rdx xmm2 r9 @0",
                    "*rcx",
                    TARGET,
                    "struct Struct1 { int j, k, l; };"
                            + " struct Struct1 func3(int a, double b, int c, float d);");
        }

        @Test
        void recordResultInRax() {
            requirePlaces(
                    "rcx xmm1 r8 xmm3",
                    "rax",
                    TARGET,
                    "struct Struct2 { int j, k; };"
                            + " struct Struct2 func4(int a, double b, int c, float d);");
        }

        /** "Varargs": floating-point values lie in the integer register as well. */
        @Test
        void floatsOfAVariadicFunctionAreDuplicated() {
            requirePlaces(
                    "rcx xmm1+rdx", "void", TARGET, "void f(const char *format, ...);", "double");
        }
    }

    /** Procedure Call Standard for the Arm 64-bit Architecture, 6.8.2, by rule. */
    @Nested
    class Aapcs64Stages {
        private static final Target TARGET = Target.AARCH64_LINUX_GNU;

        @Test
        void c2AndC3AnHfaGoesToVRegistersWholeOrToTheStack() {
            requirePlaces(
                    "v0 v1 v2 v3 v4 v5 @0 @16",
                    "v0+v1+v2",
                    TARGET,
                    "struct h3 { float x, y, z; }; struct h3 f(float, float, float, float, float,"
                            + " float, struct h3, float);");
        }

        @Test
        void b4AndC12ALargeRecordIsAPointerToACopy() {
            requirePlaces(
                    "x0 *x1 x2",
                    "*x8",
                    TARGET,
                    "struct big { long a, b, c; }; struct big f(int, struct big, int);");
        }

        @Test
        void c10AnInt128StartsAtAnEvenRegister() {
            requirePlaces("x0 x2+x3 x4", "x0+x1", TARGET, "__int128 f(int a, __int128 b, int c);");
        }

        @Test
        void c14WhatDoesNotFitClosesTheRegisters() {
            requirePlaces(
                    "x0 x1 x2 x3 x4 x5 x6 @0 @16",
                    "void",
                    TARGET,
                    "struct p { long a, b; }; void f(long, long, long, long, long, long, long,"
                            + " struct p, long);");
        }

        /** "Procedure Call Standard": the alignment that counts is that of the members. */
        @Test
        void anAlignmentOfTheRecordItselfDoesNotCount() {
            requirePlaces(
                    "x0 x1+x2",
                    "void",
                    TARGET,
                    "struct __attribute__((aligned(16))) s { long a; }; void f(int, struct s);");
            requirePlaces(
                    "x0 x2+x3",
                    "void",
                    TARGET,
                    "struct s { _Alignas(16) long a; }; void f(int, struct s);");
        }
    }

    /** Apple: "Writing ARM64 code for Apple platforms". */
    @Nested
    class AppleArm64 {
        @Test
        void stackArgumentsTakeOnlyTheirOwnBytes() {
            requirePlaces(
                    "x0 x1 x2 x3 x4 x5 x6 x7 @0 @1 @4 @8",
                    "void",
                    Target.ARM64_DARWIN,
                    "void f(int, int, int, int, int, int, int, int, char, char, int, char);");
        }

        @Test
        void variadicArgumentsLieOnTheStackInSlotsOfEightBytes() {
            requirePlaces(
                    "x0 @0 @8",
                    "x0",
                    Target.ARM64_DARWIN,
                    "int printf(const char *, ...);",
                    "int",
                    "double");
        }
    }

    /** Procedure Call Standard for the Arm Architecture, section 6, by rule. */
    @Nested
    class Aapcs32Stages {
        private static final Target VFP = Target.ARMV7_LINUX_GNUEABIHF;
        private static final Target CORE = Target.ARMV7_LINUX_GNUEABI;

        /** C.1.vfp: the lowest free registers, so a float fills the gap before a double. */
        @Test
        void floatsFillGaps() {
            requirePlaces(
                    "s0 d1 s1 s4 d3", "d0", VFP, "double f(float, double, float, float, double);");
            requirePlaces(
                    "s0 s1+s2 d2 s6+s7+s8 s3",
                    "s0+s1+s2",
                    VFP,
                    "struct f2 { float a, b; }; struct f3 { float a, b, c; }; struct f3 f(float,"
                            + " struct f2, double, struct f3, float);");
        }

        /** C.3: a doubleword starts at an even register. */
        @Test
        void doublewordsStartAtEvenRegisters() {
            requirePlaces("r0 r2+r3 @0", "r0+r1", CORE, "long long f(int, long long, int);");
        }

        /** C.5: a record may be split between registers and stack. */
        @Test
        void aRecordIsSplit() {
            requirePlaces(
                    "r0 r1 r2+r3+@0 @4",
                    "void",
                    CORE,
                    "struct s { int a, b, c; }; void f(int, int, struct s, int);");
        }

        /** 6.1.2.1 and 7.1: a variadic function knows no VFP registers. */
        @Test
        void variadicFunctionsUseCoreRegisters() {
            requirePlaces("r0 r2+r3", "r0", VFP, "int f(int, ...);", "double");
        }
    }

    /** RISC-V ELF psABI, "Procedure Calling Convention". */
    @Nested
    class RiscVPsAbi {
        private static final Target TARGET = Target.RISCV64_LINUX_GNU;

        /** Its example of flattening: both of these are treated the same. */
        @Test
        void nestedArraysAreFlattened() {
            requirePlaces(
                    "fa0+fa1",
                    "void",
                    TARGET,
                    "struct s { struct { float f[1]; } g[2]; }; void f(struct s);");
            requirePlaces("fa0+fa1", "void", TARGET, "struct s { float f, g; }; void f(struct s);");
        }

        /** Flattening comes before the rule on size: padding does not make it a pointer. */
        @Test
        void aLargeRecordOfTwoRealsIsFlattenedToo() {
            requirePlaces(
                    "fa0+fa1 a0",
                    "fa0+fa1",
                    TARGET,
                    "struct s { _Alignas(32) float f; double d; }; struct s f(struct s, int);");
        }

        @Test
        void aFloatAndAnIntegerTravelApart() {
            requirePlaces(
                    "fa0+a0 fa1",
                    "fa0+a0",
                    TARGET,
                    "struct s { double d; int i; }; struct s f(struct s, float);");
        }

        @Test
        void unionsAreNeverFlattened() {
            requirePlaces("a0", "void", TARGET, "union u { float f; }; void f(union u);");
        }

        /** A scalar of 2 XLEN bits with one register left is split. */
        @Test
        void theLastRegisterTakesHalf() {
            requirePlaces(
                    "a0 a1 a2 a3 a4 a5 a6 a7+@0",
                    "void",
                    TARGET,
                    "void f(long, long, long, long, long, long, long, __int128);");
        }

        /** A variadic long double takes an even pair. */
        @Test
        void variadicValuesOfTwiceTheWidthStartAtAnEvenRegister() {
            requirePlaces(
                    "a0 a2+a3 a4", "void", TARGET, "void f(int, ...);", "long double", "double");
        }
    }

    /** WebAssembly tool-conventions, "Basic C ABI": its table of how types are passed. */
    @Nested
    class WebAssemblyBasicCAbi {
        private static final Target TARGET = Target.WASM32;

        @Test
        void scalarsAndTheirRecordsAreParameters() {
            requirePlaces(
                    "p0 p1 p2",
                    "p0",
                    TARGET,
                    "struct one { struct { double d[1]; } in; };"
                            + " double f(int, struct one, float);");
        }

        @Test
        void otherRecordsArePointersAndEmptyOnesNothing() {
            requirePlaces(
                    "*p1 nothing p2",
                    "*p0",
                    TARGET,
                    "struct two { int a, b; }; struct none {};"
                            + " struct two f(struct two, struct none, int);");
        }

        @Test
        void wideScalarsAreTwoParametersAndComeBackThroughAPointer() {
            requirePlaces("p1+p2", "*p0", TARGET, "long double f(long double);");
        }

        @Test
        void variadicArgumentsLieInABuffer() {
            CallPlan plan = plan(TARGET, "int f(int, ...);", "int", "double");
            assertEquals("p0 @0 @8", arguments(plan));
            assertEquals(16, plan.stackBytes());
        }
    }

    /** System V psABI for Intel386: all on the stack; a record comes back through a pointer. */
    @Nested
    class SystemVPsAbiForIntel386 {
        @Test
        void theCalleePopsTheHiddenPointer() {
            CallPlan plan =
                    plan(
                            Target.I686_LINUX_GNU,
                            "struct s { int a; }; struct s f(char, double, struct s);");
            assertEquals("@4 @8 @16", arguments(plan));
            assertEquals("*@0", place(plan.result()));
            assertEquals(4, plan.calleePops());
        }
    }
}
