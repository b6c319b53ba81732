package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Constant expressions have the values that a compiler for the target gives them. */
class ConstantExpressionTest {
    private static final String PRELUDE =
            """
            struct three { char c[3]; }; struct nine { char c[9]; }; struct sixteen { long long l[2]; };
            struct mixed { char c; _Atomic long long l; _Atomic struct three t; };
            enum wide { W0, W1 = 0x100000000LL };
            typedef double loose __attribute__((aligned(4)));
            typedef _Atomic struct three atomic_three;
            """;

    /** What only Microsoft's compiler takes for members. */
    private static final String ANONYMOUS =
            """
            struct tagged { int a; }; typedef struct { int t; } named; union both { int i; double d; };
            struct a0 { struct inside { int i; }; int b; };
            struct a1 { struct tagged; int b; };
            struct a2 { named; int b; };
            struct a3 { char c; union both; char e; };
            struct a4 { const struct tagged; int b; };
            struct a5 { struct { int i; }; int b; };
            """;

    private static final List<String> TYPES =
            List.of(
                    "char",
                    "long",
                    "long long",
                    "unsigned long long",
                    "double",
                    "long double",
                    "_Complex double",
                    "double[3]",
                    "int64_t",
                    "loose",
                    "loose[2]",
                    "enum wide",
                    "struct mixed",
                    "struct sixteen",
                    "void *",
                    "_Atomic char",
                    "_Atomic long long",
                    "_Atomic(long double)",
                    "_Atomic _Complex float",
                    "_Atomic _Complex double",
                    "_Atomic struct three",
                    "_Atomic(struct nine)",
                    "_Atomic struct sixteen",
                    "atomic_three[2]",
                    "int *_Atomic");

    private static final List<String> EXPRESSIONS =
            List.of(
                    "'a'",
                    "'ab'",
                    "'abcd'",
                    "'\\xff'",
                    "'\\377\\0'",
                    "'\\e'",
                    "'\\''",
                    "L'a'",
                    "L'\u00e9'",
                    "L'\\xffff' < 0",
                    "u'\\xffff'",
                    "u'\\u00e9'",
                    "U'\ud83d\ude00'",
                    "U'\\xffffffff' > 0",
                    "u8'~'",
                    "sizeof u8'~'",
                    "sizeof 'a'",
                    "sizeof L'a'",
                    "sizeof u'a'",
                    "sizeof \"\u00e9\"",
                    "sizeof L\"\u00e9\ud83d\ude00\"",
                    "sizeof u\"\u00e9\ud83d\ude00\"",
                    "sizeof U\"\u00e9\ud83d\ude00\"",
                    "sizeof u8\"\u00e9\ud83d\ude00\"",
                    "sizeof \"a\" L\"\u00e9\"",
                    "sizeof \"\\x41\\1012\\u00e9\\U0001F600\"",
                    "1 || 1 / 0",
                    "0 && 1 % 0",
                    "1 || (0 && 1 / 0)",
                    "1 || 0 && 1 / 0",
                    "1 || 1 << 40",
                    "sizeof(1 << -1)",
                    "sizeof 1.0",
                    "sizeof 1.0f",
                    "sizeof 1e3F",
                    "sizeof 1.0L",
                    "sizeof(1.0f + 1)",
                    "__alignof__(2.5L)",
                    "(3 << 30) != 0",
                    "(-1 << 3) + 20",
                    "1u << 31",
                    "-8 >> 1",
                    "1LL << 40",
                    "1 ? 2 : 1 / 0",
                    "0 ? 1 / 0 : 3",
                    "sizeof(1 / 0)",
                    "0 == 0 ? 5 : 6");

    /** For targets with integers of 128 bits. */
    private static final List<String> WIDE =
            List.of(
                    "(__int128)0xffffffffffffffffULL > 0",
                    "(unsigned __int128)-1 == 0xffffffffffffffffULL",
                    "(__int128)0x7fffffffffffffff + 1 > 0",
                    "((__int128)1 << 100) / ((__int128)1 << 97)",
                    "((unsigned __int128)-1 >> 127) + 5",
                    "(__int128)-1 >> 100",
                    "((__int128)1 << 100) != 0",
                    "(long long)((__int128)3 << 62)",
                    "-(__int128)0x8000000000000000u < 0");

    private static final String PACKED =
            """
            #pragma pack(push, outer, 2)
            struct p0 { char c; long long l; };
            #pragma pack(push, 0x1)
            struct p1 { char c; long long l; };
            #pragma pack(push, inner, 04)
            struct p2 { char c; long long l; };
            #pragma pack(pop, nobody)
            struct p3 { char c; long long l; };
            #pragma pack(push, 3)
            struct p4 { char c; long long l; };
            #pragma pack(pop, outer)
            struct p5 { char c; long long l; };
            #pragma pack(push)
            #pragma pack(2)
            struct p6 { char c; long long l; };
            #pragma pack(pop, 1)
            struct p7 { char c; long long l; };
            #pragma pack(show)
            #pragma pack 4
            struct p8 { char c; long long l; };
            #pragma pack()
            struct p9 { char c; long long l; };
            """;

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void agreeWithClang(Target target) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        List<String> all = new ArrayList<>(EXPRESSIONS);
        for (String type : TYPES) {
            all.addAll(
                    List.of(
                            "sizeof(%s)".formatted(type),
                            "_Alignof(%s)".formatted(type),
                            "__alignof__(%s)".formatted(type)));
        }
        if (target.dataModel().hasInt128()) {
            all.addAll(WIDE);
        }
        for (int i = 0; i < 10; i++) {
            all.add("sizeof(struct p%d)".formatted(i));
        }
        for (int i = 0; i < 6; i++) {
            all.add("sizeof(struct a%d)".formatted(i));
        }
        String prelude = PRELUDE + ANONYMOUS + PACKED;
        StringBuilder judged = new StringBuilder(RecordGenerator.COMPILER_PRELUDE).append(prelude);
        for (String expression : all) {
            judged.append(
                    "_Static_assert((%s) == %d, \"\");%n"
                            .formatted(expression, value(prelude, expression, target)));
        }
        Path source = folder.resolve("constants.c");
        Files.writeString(source, judged);
        String said =
                clang.run(
                        List.of(
                                "--target=" + target.triple(),
                                "-std=c23",
                                "-w",
                                "-fsyntax-only",
                                source.toString()));
        assertEquals("", said);
    }

    private static long value(String prelude, String expression, Target target) {
        CDeclarations c =
                CDeclarations.parse(
                        prelude + "enum : long long { value = (" + expression + ") };", target);
        return Objects.requireNonNull(c.enums().getLast().constants().get("value"));
    }

    private static String fault(String text) {
        return String.valueOf(
                assertThrows(
                                CParseException.class,
                                () -> CDeclarations.parse(text, Target.X86_64_LINUX_GNU))
                        .getMessage());
    }

    @Test
    void aDivisionByZeroThatIsEvaluatedIsAFault() {
        for (String expression : List.of("0 || 1 / 0", "1 && 1 / 0", "0 ? 1 : 1 / 0", "1 % 0")) {
            assertTrue(
                    fault("int a[" + expression + "];").contains("division by zero"), expression);
        }
    }

    @Test
    void aShiftThatItsTypeDoesNotHaveIsAFault() {
        assertTrue(
                fault("char a[1 << 40];")
                        .contains("shift count out of range: count=40 type=int of 32 bits"));
        for (String expression : List.of("1 << -1", "1 >> 32", "1u << 32", "1LL << 64")) {
            String message = fault("enum { A = " + expression + " };");
            assertTrue(message.contains("shift count out of range: count="), message);
        }
        assertTrue(
                fault("enum { A = (-2147483647 - 1) / -1 };")
                        .contains("result does not fit its type: -2147483648 / -1 of type=int"));
    }

    @Test
    void aValueBeyond64BitsIsAFaultWhereItMattersWhole() {
        assertTrue(
                fault("int a[(__int128)1 << 64];")
                        .contains("array size does not fit 64 bits: value=18446744073709551616"));
        assertTrue(
                fault("enum { A = (__int128)1 << 64 };")
                        .contains("enum value does not fit 64 bits: value=18446744073709551616"));
    }

    @Test
    void aCharacterConstantThatNoCompilerTakesIsAFault() {
        assertTrue(fault("int a[''];").contains("empty character constant"));
        assertTrue(fault("int a[u'ab'];").contains("more than one character in a wide"));
        assertTrue(fault("int a['\\x'];").contains("escape sequence lacks digits"));
        assertTrue(fault("int a['\\x100'];").contains("escape sequence does not fit: value=0x100"));
        assertTrue(fault("int a[U'\\U00110000'];").contains("no character: U+110000"));
    }

    @Test
    void aLiteralMayGoOnInTheNextLine() {
        assertEquals(7, value("", "sizeof \"abc\\\ndef\"", Target.X86_64_LINUX_GNU));
        assertTrue(
                fault("int a[sizeof \"abc\\\ndef];")
                        .startsWith("line 1, column 14: \" is never closed on this line"));
    }

    @Test
    void anArrayCannotBeAtomic() {
        assertTrue(fault("typedef int a[2]; _Atomic a x;").contains("no type for '_Atomic': a"));
        assertTrue(fault("_Atomic(int[2]) x;").contains("no type for '_Atomic': int [2]"));
    }

    @Test
    void aByteOrderMarkIsNoCharacter() {
        CDeclarations c =
                CDeclarations.parse("\ufeffstruct s { int a; };", Target.X86_64_LINUX_GNU);
        assertEquals(4, c.record("s").size(Target.X86_64_LINUX_GNU));
    }

    @Test
    void ofALongLineThePartAroundTheFaultIsShown() {
        String line = "int a; ".repeat(100);
        String message = fault(line + "@; " + line);
        String[] lines = message.split("\n", -1);
        assertEquals(3, lines.length);
        assertTrue(lines[1].length() < 200, message);
        assertEquals('@', lines[1].charAt(lines[2].indexOf('^')));
    }

    @Test
    void aBitFieldWiderThanItsTypeHasNoLayout() {
        CStructDef wide = CStructDef.struct("s", CStructField.bits("f", CTypes.INT, 33));
        assertEquals(
                "bit-field is wider than its type: record=struct s field=f width=33 type=int of 32"
                        + " bits",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> wide.size(Target.X86_64_LINUX_GNU))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> CStructField.bits("f", CTypes.INT, -1));
        assertThrows(
                IllegalArgumentException.class, () -> CStructField.bits("f", CTypes.DOUBLE, 3));
    }
}
