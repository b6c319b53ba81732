package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantalang.abi.call.Callback;
import org.quantalang.abi.call.Downcall;
import org.quantalang.abi.call.NativeLibrary;
import org.quantalang.abi.layout.HostLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;

/** Declarations that are legal but unusual, or meant to do harm. */
@Timeout(20)
class HostileInputTest {
    private static final Target HOST = Target.parse("x86_64-pc-linux-gnu");

    private static CDeclarations parse(String text) {
        return CDeclarations.parse(text, HOST);
    }

    private static String refusal(String text) {
        return String.valueOf(assertThrows(CParseException.class, () -> parse(text)).getMessage());
    }

    @Nested
    class TakesNoLongerThanItsLength {
        @Test
        void withBlanksInAPragma() {
            parse("#pragma pack(push" + " ".repeat(100_000) + "x\nint a;");
            assertTrue(
                    refusal("_Pragma" + " ".repeat(300_000)).contains("_Pragma is never closed"));
        }

        @Test
        void withDigits() {
            assertTrue(
                    refusal("int a[" + "1".repeat(200_000) + "x];")
                            .contains("number of more than 256 characters"));
        }

        private static CStructDef unions(int depth, String member) {
            var text = new StringBuilder("union u0 { %s };".formatted(member));
            for (int i = 1; i <= depth; i++) {
                text.append("union u%d { union u%d a, b; };".formatted(i, i - 1));
            }
            return parse(text.toString()).record("u" + depth);
        }

        @Test
        void withUnionsOfUnions() {
            var signature = CFunctionSignature.of(CTypes.VOID, unions(60, "int a; double b;"));
            CallPlan plan = CallPlan.of(signature, List.of(), HOST);
            assertEquals(
                    "[rdi]",
                    plan.arguments().getFirst().parts().stream()
                            .map(part -> part.register().orElse(""))
                            .toList()
                            .toString());
        }

        @ParameterizedTest
        @MethodSource("org.quantalang.abi.CallPlanPropertyTest#targetsAndConventions")
        void withUnionsOfUnionsInEveryConvention(Target target, CallingConvention convention) {
            for (String member : List.of("int a;", "float a;", "int a[0];", "char a[40];")) {
                CStructDef union = unions(60, member);
                var signature = CFunctionSignature.of(union, union).withConvention(convention);
                CallPlan plan = CallPlan.of(signature, List.of(), target);
                assertEquals(1, plan.arguments().size());
            }
        }

        @Test
        void withUnionsOfUnionsInACall() {
            MemorySegment nowhere = MemorySegment.ofAddress(8);
            CStructDef union = unions(60, "int a;");
            assertEquals(4, HostLayout.of(union).byteSize());
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    Downcall.bind(
                                            nowhere, CFunctionSignature.of(CTypes.VOID, union)));
            assertEquals(
                    "cannot pass by value: record=union u60 (more than 10000 members in it) in void"
                            + " f(union u60); pass a pointer to it",
                    refused.getMessage());
            Downcall.bind(nowhere, CFunctionSignature.of(CTypes.VOID, unions(11, "int a;")));
        }

        @Test
        void withTypesThatBuildOnEachOther() {
            var text = new StringBuilder("typedef int t0;");
            for (int i = 1; i <= 200_000; i++) {
                text.append("typedef t%d t%d;".formatted(i - 1, i));
            }
            assertTrue(
                    refusal(text + "struct s { t200000 x[sizeof(t200000)]; };")
                            .contains(
                                    "types build on each other too deeply: more than 256 levels"));
        }

        private static String chain(String first, String next, int length) {
            var text = new StringBuilder(first);
            for (int i = 1; i <= length; i++) {
                text.append(next.replace("BEFORE", "t" + (i - 1)).replace("NEXT", "t" + i));
            }
            return text.toString();
        }

        private static final String RECORDS = "struct NEXT { struct BEFORE a; };\n";
        private static final String ARRAYS = "typedef struct { BEFORE a[1]; } NEXT;\n";
        private static final String POINTERS = "typedef BEFORE *NEXT;\n";
        private static final String FUNCTIONS = "typedef BEFORE (*NEXT)(BEFORE);\n";

        @Test
        void withTypesInEachOther() {
            assertTrue(
                    refusal(chain("struct t0 { int a; };\n", RECORDS, 20_000))
                            .startsWith(
                                    "line 257, column 1: types nested too deeply: record=struct"
                                            + " t256 levels=257; at most 256, use a pointer"));
            assertTrue(
                    refusal(chain("typedef int t0;\n", ARRAYS, 20_000))
                            .contains("types nested too deeply: record=struct (unnamed)"));
            for (String next : List.of(POINTERS, FUNCTIONS)) {
                assertTrue(
                        refusal(chain("typedef int t0;\n", next, 20_000))
                                .contains(": types build on each other too deeply: more than 256"));
            }
        }

        @ParameterizedTest
        @MethodSource("org.quantalang.abi.CallPlanPropertyTest#targetsAndConventions")
        void withTypesAsDeepAsTheyMayBe(Target target, CallingConvention convention) {
            CStructDef deep = parse(chain("struct t0 { int a; };", RECORDS, 255)).record("t255");
            var signature = CFunctionSignature.of(deep, deep).withConvention(convention);
            assertEquals(1, CallPlan.of(signature, List.of(), target).arguments().size());
        }

        @Test
        void withTypesAsDeepAsTheyMayBeInACall() {
            CStructDef deep = parse(chain("struct t0 { int a; };", RECORDS, 255)).record("t255");
            Downcall.bind(MemorySegment.ofAddress(8), CFunctionSignature.of(deep, deep));
            String pointers = chain("typedef int t0;", POINTERS, 127);
            CType away = parse(pointers).types("t127").getFirst();
            CType again = parse(pointers).types("t127").getFirst();
            assertEquals(away, again);
            assertEquals(away.hashCode(), again.hashCode());
        }

        @Test
        void withNamesThatStandForEachOther() {
            var context = new FfiContext(HOST);
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    context.addTypedef(
                                            "a", new CType.Typedef("t", new CType.Opaque("a"))));
            assertEquals("typedef stands for itself: a -> a", refused.getMessage());
        }
    }

    @Nested
    class KeepsItsMeaning {
        @Test
        void inEnumsBeyondTheSignedRange() {
            CDeclarations c =
                    parse(
                            "enum e { A = 0xffffffffffffffffULL };"
                                    + "struct s { enum e x; char c[A > 0 ? 3 : 1]; };");
            RecordLayout s = c.record("s").layout(HOST);
            assertEquals(64, s.field("x").bitSize());
            assertEquals(24, s.field("c").bitSize());
        }

        @Test
        void inTargetsOfAnotherAbi() {
            for (String other : List.of("x86_64-linux-gnux32", "aarch64-linux-gnu_ilp32")) {
                var refused =
                        assertThrows(IllegalArgumentException.class, () -> Target.parse(other));
                assertTrue(refused.toString().contains("unknown target: triple=" + other));
            }
        }

        @Test
        void inPragmas() {
            CDeclarations c =
                    parse(
                            """
                            #pragma pack(1)
                            #pragma pack(0)
                            struct s { char c; int x; };
                            """);
            assertEquals(8, c.record("s").layout(HOST).sizeBytes());
        }

        @Test
        void inArraysOfAlignedTypesUnderPacking() {
            Target msvc = Target.parse("x86_64-pc-windows-msvc");
            CDeclarations c =
                    CDeclarations.parse(
                            """
                            typedef struct { float f[4]; } v4 __attribute__((aligned(16)));
                            #pragma pack(push, 1)
                            struct s { char c; v4 m[2]; };
                            """,
                            msvc);
            RecordLayout s = c.record("s").layout(msvc);
            assertEquals(48, s.sizeBytes());
            assertEquals(16, s.alignmentBytes());
        }

        @Test
        void inArgumentsLargerThanTheAddressSpace() {
            Target arm = Target.parse("armv7-linux-gnueabihf");
            CDeclarations c =
                    CDeclarations.parse(
                            "struct h { char a[8589934592]; }; void f(struct h a);", arm);
            CallPlan plan = CallPlan.of(c.functions().getFirst().signature(), List.of(), arm);
            assertTrue(plan.stackBytes() > 8_589_934_000L);
        }
    }

    @Nested
    class IsRefusedBeforeACall {
        private static void refuses(String text, String why) {
            CDeclarations c = CDeclarations.parse(text, Target.host());
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    Downcall.bind(
                                            MemorySegment.ofAddress(8),
                                            c.functions().getFirst().signature()));
            assertTrue(refused.toString().contains(why), refused.toString());
        }

        @Test
        void inRecordsOfWhatTheLinkerDoesNotKnow() {
            refuses(
                    "struct __attribute__((packed)) P { _Float16 x; }; struct Q { struct P a[1]; };"
                            + " float f(struct Q);",
                    "(member of type _Float16)");
            refuses(
                    "struct P { long double x; }; struct Q { struct P a[1]; }; float f(struct Q);",
                    "(member of type long double)");
            refuses("struct E { int a[0]; }; void f(struct E);", "(no bytes)");
        }

        @Test
        void inMoreArgumentsThanTheLinkerTakes() {
            Assumptions.assumeTrue(Target.host() == HOST, "other conventions pass pointers");
            refuses(
                    "struct s { char x[1024]; }; int f(struct s);",
                    "cannot pass by value: record=struct s (bytes=1024, more than the 1008 of all"
                            + " arguments) in int f(struct s); pass a pointer to it");
            refuses("struct s { char x[1LL << 33]; }; int f(struct s);", "(bytes=8589934592, more");
            refuses(
                    "int f(%s int);".formatted("int, ".repeat(299)),
                    "cannot call: too many arguments: slots=300 limit=252 (two for 8 bytes) in int"
                            + " f(int, int");
            refuses(
                    "struct s { long a, b, c; }; struct s f(%s int);"
                            .formatted("long, ".repeat(125)),
                    "slots=253 limit=252");
        }

        @Test
        void inNoFewerArgumentsThanItTakes() {
            CDeclarations c =
                    parse(
                            "struct s { char x[1008]; }; int f(struct s); struct t { long a, b, c;"
                                    + " };"
                                    + " struct t g(%s long); int h(%s int);"
                                            .formatted("long, ".repeat(124), "int, ".repeat(251)));
            try (Arena arena = Arena.ofConfined()) {
                for (ExternFunction function : c.functions()) {
                    Downcall call = Downcall.bind(MemorySegment.ofAddress(8), function.signature());
                    MethodType type = call.handle().type();
                    if (type.lastParameterType() != MemorySegment.class
                            && type.returnType() == MemorySegment.class) {
                        type = type.dropParameterTypes(0, 1); // the allocator
                    }
                    Callback.create(arena, function.signature(), MethodHandles.empty(type));
                }
            }
        }

        @Test
        void inArraysOfMoreThanTheAddressSpace() {
            assertTrue(
                    refusal("char a[1ULL << 63];")
                            .contains(
                                    "array size does not fit 64 bits: value=9223372036854775808"));
        }

        @Test
        void inNamesOfLibraries() {
            for (String wrong : List.of("", " ", "a\0b", "/a\0b")) {
                try (Arena arena = Arena.ofConfined()) {
                    assertThrows(
                            IllegalArgumentException.class, () -> NativeLibrary.open(wrong, arena));
                }
            }
        }
    }
}
