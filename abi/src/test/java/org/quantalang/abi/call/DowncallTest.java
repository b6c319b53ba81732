package org.quantalang.abi.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.CompilerUnderTest;
import org.quantalang.abi.ExternFunction;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.HostLayout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class DowncallTest {
    @TempDir static Path folder;

    private static final CStructDef POINT =
            CStructDef.struct(
                    "point",
                    CStructField.of("x", CTypes.DOUBLE),
                    CStructField.of("y", CTypes.DOUBLE));
    private static final CStructDef ITEM =
            CStructDef.struct(
                    "item",
                    CStructField.of("id", CTypes.INT),
                    CStructField.of("weight", CTypes.FLOAT));
    private static final CStructDef TRIPLE =
            CStructDef.struct(
                    "triple",
                    CStructField.of("a", CTypes.LONG),
                    CStructField.of("b", CTypes.LONG),
                    CStructField.of("c", CTypes.LONG));
    private static final CStructDef MIXED =
            CStructDef.union(
                    "mixed",
                    CStructField.of("i", CTypes.INT),
                    CStructField.of("bytes", CType.array(CPrimitive.UCHAR, 5)));
    private static final CStructDef NESTED =
            CStructDef.struct(
                    "nested",
                    CStructField.of("tag", CTypes.CHAR),
                    CStructField.of("at", POINT),
                    CStructField.of("items", CType.array(ITEM, 2)));

    private static NativeLibrary byValue(Arena arena) throws Exception {
        Path library = folder.resolve("libbyvalue.so");
        if (!Files.exists(library)) {
            CompilerUnderTest gcc = CompilerUnderTest.require("gcc", "gcc");
            Path source = folder.resolve("by_value.c");
            try (var in = DowncallTest.class.getResourceAsStream("by_value.c")) {
                Files.write(source, in.readAllBytes());
            }
            gcc.run(
                    List.of(
                            "-O1",
                            "-fPIC",
                            "-shared",
                            "-o",
                            library.toString(),
                            source.toString()));
        }
        return NativeLibrary.open(library.toString(), arena);
    }

    @Test
    void callsStrlen() throws Throwable {
        MethodHandle strlen =
                NativeLibrary.libc()
                        .downcall(
                                "strlen",
                                CFunctionSignature.of(CTypes.SIZE_T, CTypes.CONST_CHAR_POINTER))
                        .handle();
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(
                    "größe".getBytes(StandardCharsets.UTF_8).length,
                    (long) strlen.invokeExact(CString.allocate(arena, "größe")));
        }
    }

    @Test
    void callsVariadicFunctionsWithPromotedArguments() throws Throwable {
        CFunctionSignature snprintf =
                CFunctionSignature.builder(CTypes.INT)
                        .parameter("buffer", CTypes.CHAR_POINTER)
                        .parameter("size", CTypes.SIZE_T)
                        .parameter("format", CTypes.CONST_CHAR_POINTER)
                        .variadic()
                        .build();
        NativeLibrary libc = NativeLibrary.libc();
        MethodHandle twoMore =
                libc.downcall("snprintf", snprintf, List.of(CTypes.FLOAT, CTypes.SHORT)).handle();
        MethodHandle noMore = libc.downcall("snprintf", snprintf).handle();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(32);
            MemorySegment format = CString.allocate(arena, "%.2f %d");
            assertEquals(8, (int) twoMore.invokeExact(buffer, 32L, format, 1.5, -42));
            // With the decimal point of the system's language.
            assertEquals("1.50 -42", CString.read(buffer).replace(',', '.'));
            MemorySegment plain = CString.allocate(arena, "plain");
            assertEquals(5, (int) noMore.invokeExact(buffer, 32L, plain));
            assertEquals("plain", CString.read(buffer));
        }
    }

    @Test
    void passesEveryScalarWidth() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            NativeLibrary lib = byValue(arena);
            MethodHandle flip =
                    lib.downcall("flip", CFunctionSignature.of(CTypes.BOOL, CTypes.BOOL)).handle();
            assertTrue((boolean) flip.invokeExact(false));
            MethodHandle next =
                    lib.downcall(
                                    "next_byte",
                                    CFunctionSignature.of(CPrimitive.UCHAR, CPrimitive.UCHAR))
                            .handle();
            assertEquals((byte) 0, (byte) next.invokeExact((byte) 255));
            MethodHandle negate =
                    lib.downcall("negate", CFunctionSignature.of(CTypes.SHORT, CTypes.SHORT))
                            .handle();
            assertEquals((short) -7, (short) negate.invokeExact((short) 7));
            MethodHandle half =
                    lib.downcall("half", CFunctionSignature.of(CTypes.FLOAT, CTypes.FLOAT))
                            .handle();
            assertEquals(1.25f, (float) half.invokeExact(2.5f));
        }
    }

    /** clang's callees rely on the extension; gcc's extend once more. */
    @ParameterizedTest
    @CsvSource({"clang-19, clang-19", "gcc, gcc"})
    void zeroExtendsSmallUnsignedArguments(String command, String debianPackage) throws Throwable {
        String declarations =
                """
                enum __attribute__((packed)) tiny { T0, T255 = 255 };
                long sum(unsigned char a, unsigned short b, enum tiny c, signed char d, short e,
                         _Bool f, unsigned char g, unsigned short h, short i);
                struct triple { long a, b, c; };
                struct triple three(unsigned char a, unsigned short b, enum tiny c);
                """;
        Path source = folder.resolve("unsigned.c");
        Files.writeString(
                source,
                declarations
                        + """
                        long sum(unsigned char a, unsigned short b, enum tiny c, signed char d,
                                 short e, _Bool f, unsigned char g, unsigned short h, short i) {
                            return a + 1000L * b + 100000000L * c + d + e + f + g + h + i;
                        }
                        struct triple three(unsigned char a, unsigned short b, enum tiny c) {
                            return (struct triple){a, b, c};
                        }
                        """);
        Path library = folder.resolve("libunsigned-" + command + ".so");
        CompilerUnderTest.require(command, debianPackage)
                .run(
                        List.of(
                                "-O2",
                                "-fPIC",
                                "-shared",
                                "-o",
                                library.toString(),
                                source.toString()));
        CDeclarations c = CDeclarations.parse(declarations, Target.host());
        try (Arena arena = Arena.ofConfined()) {
            NativeLibrary lib = NativeLibrary.open(library.toString(), arena);
            MethodHandle sum = lib.downcall("sum", c.functions().getFirst().signature()).handle();
            assertEquals(
                    25_540_000_200L - 1 - 2 + 1 + 250 + 60_000 - 3,
                    (long)
                            sum.invokeExact(
                                    (byte) 200,
                                    (short) 40_000,
                                    (byte) 255,
                                    (byte) -1,
                                    (short) -2,
                                    true,
                                    (byte) 250,
                                    (short) 60_000,
                                    (short) -3));
            MethodHandle three =
                    lib.downcall("three", c.functions().getLast().signature()).handle();
            MemorySegment all =
                    (MemorySegment)
                            three.invokeExact(
                                    (SegmentAllocator) arena,
                                    (byte) 200,
                                    (short) 40_000,
                                    (byte) 255);
            assertEquals(
                    List.of(200L, 40_000L, 255L),
                    all.elements(JAVA_LONG).map(s -> s.get(JAVA_LONG, 0)).toList());
        }
    }

    @Nested
    class RecordsByValue {
        @Test
        void goInAndComeBackInRegisters() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MethodHandle add =
                        byValue(arena)
                                .downcall("point_add", CFunctionSignature.of(POINT, POINT, POINT))
                                .handle();
                MemorySegment a = arena.allocateFrom(JAVA_DOUBLE, 1, 2);
                MemorySegment b = arena.allocateFrom(JAVA_DOUBLE, 10, 20);
                MemorySegment sum = (MemorySegment) add.invokeExact((SegmentAllocator) arena, a, b);
                assertEquals(11, sum.get(JAVA_DOUBLE, 0));
                assertEquals(22, sum.get(JAVA_DOUBLE, 8));
            }
        }

        @Test
        void goInAndComeBackInMemory() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MethodHandle rotate =
                        byValue(arena)
                                .downcall("triple_rotate", CFunctionSignature.of(TRIPLE, TRIPLE))
                                .handle();
                MemorySegment in = arena.allocateFrom(JAVA_LONG, 1, 2, 3);
                MemorySegment out =
                        (MemorySegment) rotate.invokeExact((SegmentAllocator) arena, in);
                assertEquals(
                        List.of(2L, 3L, 1L),
                        out.elements(JAVA_LONG).map(s -> s.get(JAVA_LONG, 0)).toList());
            }
        }

        @Test
        void unionsWithTailPaddingAreAccepted() throws Throwable {
            try (Arena arena = Arena.ofConfined()) {
                MethodHandle last =
                        byValue(arena)
                                .downcall("mixed_last", CFunctionSignature.of(CTypes.INT, MIXED))
                                .handle();
                MemorySegment mixed = arena.allocate(HostLayout.of(MIXED));
                mixed.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 4, (byte) 99);
                assertEquals(99, (int) last.invokeExact(mixed));
            }
        }

        @Test
        void nestedRecordsKeepTheirMembersPlaces() throws Throwable {
            var layout = HostLayout.of(NESTED);
            long x =
                    layout.byteOffset(
                            PathElement.groupElement("at"), PathElement.groupElement("x"));
            long id =
                    layout.byteOffset(
                            PathElement.groupElement("items"),
                            PathElement.sequenceElement(1),
                            PathElement.groupElement("id"));
            assertEquals(8, x);
            assertEquals(32, id);
            try (Arena arena = Arena.ofConfined()) {
                MethodHandle shift =
                        byValue(arena)
                                .downcall(
                                        "nested_shift",
                                        CFunctionSignature.of(NESTED, NESTED, CTypes.DOUBLE))
                                .handle();
                MemorySegment in = arena.allocate(layout);
                in.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 0, (byte) 5);
                in.set(JAVA_DOUBLE, x, 0.5);
                in.set(JAVA_INT, id, 100);
                MemorySegment out =
                        (MemorySegment) shift.invokeExact((SegmentAllocator) arena, in, 2.0);
                assertEquals(2.5, out.get(JAVA_DOUBLE, x));
                assertEquals(105, out.get(JAVA_INT, id));
            }
        }

        @Test
        void travelThroughCallbacksBothWays() throws Throwable {
            CFunctionSignature scale = CFunctionSignature.of(POINT, POINT, CTypes.INT);
            MethodHandle target =
                    MethodHandles.lookup()
                            .findStatic(
                                    DowncallTest.class,
                                    "scale",
                                    MethodType.methodType(
                                            MemorySegment.class, MemorySegment.class, int.class));
            try (Arena arena = Arena.ofConfined()) {
                Callback callback = Callback.create(arena, scale, target);
                MethodHandle apply =
                        byValue(arena)
                                .downcall(
                                        "apply",
                                        CFunctionSignature.of(
                                                POINT,
                                                CType.functionPointer(scale),
                                                POINT,
                                                CTypes.INT))
                                .handle();
                MemorySegment p = arena.allocateFrom(JAVA_DOUBLE, 1, 2);
                MemorySegment out =
                        (MemorySegment)
                                apply.invokeExact(
                                        (SegmentAllocator) arena, callback.pointer(), p, 3);
                assertEquals(3, out.get(JAVA_DOUBLE, 0));
                assertEquals(6, out.get(JAVA_DOUBLE, 8));
            }
        }

        @Test
        void areRefusedWhenTheLinkerCannotPassThem() {
            CStructDef packed =
                    CStructDef.declare(false, "packed")
                            .define(
                                    List.of(
                                            CStructField.of("c", CTypes.CHAR),
                                            CStructField.of("i", CTypes.INT)),
                                    true,
                                    0,
                                    0);
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    Downcall.bind(
                                            MemorySegment.ofAddress(16),
                                            CFunctionSignature.of(CTypes.VOID, packed)));
            assertEquals(
                    "cannot pass by value: record=struct packed (packed or over-aligned) in void"
                            + " f(struct packed); pass a pointer to it",
                    refused.getMessage());
        }
    }

    /** The linker would take a flexible array for nothing, compilers disagree on it. */
    @Test
    void refusesFlexibleArraysAndBitFields() {
        String text =
                "struct s { int n; char rest[]; }; struct b { int n : 3; };"
                        + " void f(struct s x); void g(struct b x); void h(long double x);";
        List<String> texts = new ArrayList<>();
        for (ExternFunction function : CDeclarations.parse(text, Target.host()).functions()) {
            var refused =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> Downcall.bind(MemorySegment.ofAddress(16), function.signature()));
            texts.add(refused.getMessage());
        }
        assertEquals(
                List.of(
                        "cannot pass by value: record=struct s (flexible array rest) in void"
                                + " f(struct s x); pass a pointer to it",
                        "cannot pass by value: record=struct b (bit-field n) in void f(struct b x);"
                                + " pass a pointer to it",
                        "no Java type holds it: type=long double target="
                                + Target.host()
                                + "; pass a pointer to it"),
                texts);
    }

    static MemorySegment scale(MemorySegment p, int by) {
        MemorySegment result = Arena.ofAuto().allocate(16, 8);
        result.set(JAVA_DOUBLE, 0, p.get(JAVA_DOUBLE, 0) * by);
        result.set(JAVA_DOUBLE, 8, p.get(JAVA_DOUBLE, 8) * by);
        return result;
    }

    @Test
    void refusesRustsConvention() {
        var refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                Downcall.bind(
                                        MemorySegment.ofAddress(16),
                                        CFunctionSignature.of(CTypes.VOID)
                                                .withConvention(CallingConvention.RUST)));
        assertEquals(
                "cannot call: convention=rust has no stable ABI; declare the function extern \"C\"",
                refused.getMessage());
    }

    @Test
    void saysWhereASymbolWasLookedFor() {
        var missing =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> NativeLibrary.libc().symbol("no_such_function"));
        assertEquals(
                "symbol not found: name=no_such_function; searched: the C library",
                missing.getMessage());
    }

    @Test
    void saysWhatWasTriedForALibrary() {
        var missing =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> NativeLibrary.open("nosuchlib", Arena.global()));
        String said = String.valueOf(missing.getMessage());
        assertTrue(said.startsWith("cannot open library: name=nosuchlib; tried nosuchlib: "), said);
        assertTrue(said.contains("tried libnosuchlib.so: "), said);
        var noFile =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> NativeLibrary.open("/no/such.so", Arena.global()));
        assertEquals(
                "cannot open library: name=/no/such.so; tried /no/such.so: no such file",
                noFile.getMessage());
    }
}
