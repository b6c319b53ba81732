package org.quantalang.abi.layout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CompilerUnderTest;
import org.quantalang.abi.Target;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Records of the host as memory layouts, and their bit-fields, against C that gcc compiled. */
class HostRecordTest {
    private static final String DECLARATION =
            """
            enum side { LEFT, RIGHT = 5 };
            struct bits {
              char before; _Bool flag : 1; signed char low : 3; unsigned char high : 4;
              int minus : 7; unsigned : 5; unsigned plus : 20;
              long long wide : 61; unsigned long long whole : 64; enum side side : 3;
              struct __attribute__((packed)) { unsigned a : 13; int b : 31; unsigned c : 30; };
            };
            """;
    private static final List<String> NAMES =
            List.of("flag", "low", "high", "minus", "plus", "wide", "whole", "side", "a", "b", "c");

    @TempDir Path folder;

    private static RecordLayout layout(String text, String name) {
        return RecordLayout.of(
                CDeclarations.parse(text, Target.host()).record(name), Target.host());
    }

    /** Compiles {@code get_x} and {@code set_x} for each bit-field. */
    @SuppressWarnings("restricted") // loads what the compiler just wrote
    private SymbolLookup compiled(Arena arena) throws IOException {
        assumeTrue(Target.host() == Target.X86_64_LINUX_GNU, "gcc judges for x86-64 Linux here");
        CompilerUnderTest gcc = CompilerUnderTest.require("gcc", "gcc");
        StringBuilder text = new StringBuilder(DECLARATION);
        for (String name : NAMES) {
            text.append(
                    "long long get_%s(struct bits *s) { return s->%s; }%n".formatted(name, name));
            text.append(
                    "void set_%s(struct bits *s, long long v) { s->%s = v; }%n"
                            .formatted(name, name));
        }
        Path source = Files.writeString(folder.resolve("bits.c"), text);
        Path library = folder.resolve("libbits.so");
        gcc.run(List.of("-shared", "-fPIC", "-O1", "-o", library.toString(), source.toString()));
        return SymbolLookup.libraryLookup(library, arena);
    }

    @SuppressWarnings("restricted") // the signatures are those of the text above
    private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
    }

    private static long random(Random random, RecordLayout layout, String name) {
        FieldLayout field = layout.field(name);
        int unused = (int) (Long.SIZE - field.bitSize());
        long bits = random.nextLong() << unused;
        boolean signed = !name.equals("flag") && field.field().type().isSigned(Target.host());
        return signed ? bits >> unused : bits >>> unused;
    }

    @Test
    void bitFieldsAreReadAndWrittenAsGccDoes() throws Throwable {
        RecordLayout layout = layout(DECLARATION, "bits");
        FunctionDescriptor getter =
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
        FunctionDescriptor setter =
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        Random random = new Random(2026);
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library = compiled(arena);
            MemorySegment ours = arena.allocate(layout.sizeBytes(), layout.alignmentBytes());
            MemorySegment theirs = arena.allocate(layout.sizeBytes(), layout.alignmentBytes());
            for (String name : NAMES) {
                BitField field = BitField.of(layout, name);
                MethodHandle get = bind(library, "get_" + name, getter);
                MethodHandle set = bind(library, "set_" + name, setter);
                for (int i = 0; i < 200; i++) {
                    for (long at = 0; at < ours.byteSize(); at++) {
                        byte noise = (byte) random.nextInt();
                        ours.set(ValueLayout.JAVA_BYTE, at, noise);
                        theirs.set(ValueLayout.JAVA_BYTE, at, noise);
                    }
                    assertEquals((long) get.invokeExact(theirs), field.get(ours), name);
                    long value = random(random, layout, name);
                    field.set(ours, value);
                    set.invokeExact(theirs, value);
                    assertArrayEquals(
                            theirs.toArray(ValueLayout.JAVA_BYTE),
                            ours.toArray(ValueLayout.JAVA_BYTE),
                            name);
                    assertEquals(value, field.get(ours), name);
                }
            }
        }
    }

    @Test
    void onlyTheBytesThatAFieldTouchesAreAccessed() {
        RecordLayout layout = layout("struct s { int a : 5; int b : 9; };", "s");
        byte[] two = new byte[2]; // the int that holds both has four
        MemorySegment memory = MemorySegment.ofArray(two);
        BitField.of(layout, "b").set(memory, -256);
        assertEquals(-256, BitField.of(layout, "b").get(memory));
        assertEquals(0, BitField.of(layout, "a").get(memory));
        MemorySegment one = MemorySegment.ofArray(new byte[1]);
        BitField.of(layout, "a").set(one, 15);
        assertThrows(IndexOutOfBoundsException.class, () -> BitField.of(layout, "b").get(one));
    }

    @Test
    void aValueThatDoesNotFitIsRefused() {
        RecordLayout layout = layout("struct s { int a : 5; _Bool b : 1; int c; };", "s");
        MemorySegment memory = MemorySegment.ofArray(new byte[8]);
        IllegalArgumentException large =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> BitField.of(layout, "a").set(memory, 16));
        assertEquals(
                "value does not fit: field=a width=5 signed=true value=16", large.getMessage());
        assertThrows(IllegalArgumentException.class, () -> BitField.of(layout, "b").set(memory, 2));
        IllegalArgumentException whole =
                assertThrows(IllegalArgumentException.class, () -> BitField.of(layout, "c"));
        assertEquals(
                "not a bit-field: record=struct s field=c; read it through its layout",
                whole.getMessage());
    }

    @Test
    void memoryLayoutsHaveNamesAndExplicitPadding() {
        String text =
                """
                struct s {
                  char c; short h; struct { int x; }; int i : 3; int j : 12; double d[2];
                  union { char k; long l; } u; void *p; char last;
                };
                """;
        RecordLayout layout = layout(text, "s");
        MemoryLayout host = HostLayout.of(layout.record());
        assertEquals(layout.sizeBytes(), host.byteSize());
        assertEquals(layout.alignmentBytes(), host.byteAlignment());
        assertEquals("s", host.name().orElse(""));
        for (String name : List.of("c", "h", "d", "u", "p", "last")) {
            assertEquals(
                    layout.field(name).offsetBytes(),
                    host.byteOffset(PathElement.groupElement(name)),
                    name);
        }
        assertEquals(8, host.byteOffset(PathElement.groupElement("i|j")));
        List<String> members = new ArrayList<>();
        ((GroupLayout) host)
                .memberLayouts()
                .forEach(member -> members.add(member.name().orElse("-") + member.byteSize()));
        assertEquals(
                List.of("c1", "-1", "h2", "-4", "i|j2", "-6", "d16", "u8", "p8", "last1", "-7"),
                members);
    }

    @Test
    void aBitFieldWiderThanALongIsRefused() {
        RecordLayout layout =
                layout("struct s { __int128 a : 70, b : 58; unsigned __int128 c : 64; };", "s");
        var refused = assertThrows(IllegalArgumentException.class, () -> BitField.of(layout, "a"));
        assertEquals(
                "bit-field wider than a long: record=struct s field=a width=70; read its bytes",
                refused.getMessage());
        MemorySegment record = MemorySegment.ofArray(new byte[32]);
        for (String name : List.of("b", "c")) {
            BitField field = BitField.of(layout, name);
            field.set(record, 100);
            assertEquals(100, field.get(record));
        }
    }

    @Test
    void paddedAtomicMembersHaveTheirPadding() {
        RecordLayout layout =
                layout(
                        "struct three { char c[3]; }; struct s { char a; _Atomic struct three t[2];"
                                + " _Atomic long l; };",
                        "s");
        MemoryLayout host = HostLayout.of(layout.record());
        assertEquals(24, host.byteSize());
        assertEquals(8, host.byteAlignment());
        assertEquals(
                8, host.byteOffset(PathElement.groupElement("t"), PathElement.sequenceElement(1)));
        assertEquals(16, host.byteOffset(PathElement.groupElement("l")));
    }

    @Test
    void packedRecordsHaveUnalignedMembers() {
        RecordLayout layout = layout("struct __attribute__((packed)) s { char c; long l; };", "s");
        MemoryLayout host = HostLayout.of(layout.record());
        assertEquals(9, host.byteSize());
        assertEquals(1, host.byteAlignment());
        assertEquals(1, host.byteOffset(PathElement.groupElement("l")));
    }
}
