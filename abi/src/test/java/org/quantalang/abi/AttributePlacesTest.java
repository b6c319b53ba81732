package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Attributes in every place where C has them: obeyed as clang does, or refused. */
class AttributePlacesTest {
    private static final Target LINUX = Target.X86_64_LINUX_GNU;

    /** Bodies of a record, or declarations with one in them whose tag is {@code NAME}. */
    private static final List<String> RECORDS =
            List.of(
                    "struct [[gnu::packed]] NAME { char c; int i; };",
                    "struct [[__gnu__::__packed__, deprecated]] NAME { char c; int i; };",
                    "struct [[gnu::aligned(64)]] NAME { char c; int i; };",
                    "struct NAME { char c; [[gnu::packed]] int i; };",
                    "struct NAME { char c; int i [[gnu::packed]]; };",
                    "struct NAME { char c; [[deprecated(\"x\"), maybe_unused, omp::f(1)]] int i;"
                            + " };",
                    "struct NAME { char c; [[packed]] int i; };",
                    "struct NAME { char c; int i [[gnu::aligned(32)]][2]; };",
                    "struct NAME { char c; int (i [[gnu::aligned(32)]]); };",
                    "struct NAME { char c; int i [[gnu::aligned(32)]] : 3; };",
                    "struct NAME { char c; [[gnu::mode(DI)]] int i; };",
                    "struct NAME { char c; [[gnu::mode(QI)]] unsigned i; };",
                    "enum [[gnu::packed]] NAME_e { NAME_A }; struct NAME { enum NAME_e e; };",
                    "typedef struct { int i; } NAME_t [[gnu::aligned(16)]];"
                            + " struct NAME { char c; NAME_t t; };",
                    "[[gnu::aligned(16)]] typedef int NAME_t; struct NAME { char c; NAME_t t; };",
                    "struct NAME { char c; void (*__attribute__((aligned(32))) f)(void); };",
                    "struct NAME { char c; void (__attribute__((aligned(32))) *f)(void); };",
                    "struct NAME { char c; int (__attribute__((aligned(32))) i); };",
                    "struct NAME { char c; int *__attribute__((aligned(32))) i; };",
                    "struct NAME { char c; int (*(*__attribute__((aligned(32))) f)[2])(void); };",
                    "struct NAME { char c; int (*__attribute__((packed)) p)[2]; };",
                    "struct NAME { char c; int ((__attribute__((packed)) i)); };",
                    "struct NAME { char c; int (__attribute__((mode(DI))) i); };",
                    "typedef int (__attribute__((aligned(32))) NAME_t);"
                            + " struct NAME { char c; NAME_t t; };",
                    "typedef void (*__attribute__((aligned(32))) NAME_t)(void);"
                            + " struct NAME { char c; NAME_t t; };",
                    "__declspec(align(16)) struct NAME { char c; int i; };",
                    "__declspec(align(16)) struct NAME { char c; int i; } NAME_x;",
                    "typedef __declspec(align(16)) struct NAME { char c; int i; } NAME_t;",
                    "struct NAME { char c; __declspec(align(16)) struct { char e; }; int d; };",
                    "struct __declspec(align(16)) NAME { char c; int i; };",
                    "struct NAME { char c; __declspec(align(16)) int i; };",
                    "enum __attribute__((mode(QI))) NAME_e { NAME_A }; struct NAME { enum NAME_e e;"
                            + " };",
                    "enum NAME_e { NAME_A } __attribute__((packed, mode(DI)));"
                            + " struct NAME { enum NAME_e e; };",
                    "struct NAME { unsigned __int8 a; unsigned __int16 b; __int32 c; _int64 d; };",
                    "struct NAME { char c[(__int8)-1 < 0 ? 1 : 2]; signed __int8 d; _int16 e; };");

    /** Declarations of {@code NAME} with a convention somewhere, and calls through it. */
    private static final List<String> CONVENTIONS =
            List.of(
                    "int (CC *NAME(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*CC NAME(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (CC *CC NAME(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (CC **NAME(int a, int b))(int); | (*NAME(1, 2))(3)",
                    "int (**CC NAME(int a, int b))(int); | (*NAME(1, 2))(3)",
                    "int *CC NAME(int a, int b); | NAME(1, 2)",
                    "int *CC *NAME(int a, int b); | NAME(1, 2)",
                    "int *(CC NAME)(int a, int b); | NAME(1, 2)",
                    "int *CC (NAME)(int a, int b); | NAME(1, 2)",
                    "int CC (*NAME(int a, int b))(int); | NAME(1, 2)(3)",
                    "int *CC (*NAME(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*(CC NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*(CC NAME(int a, int b)))(int); | NAME(1, 2)(3)",
                    "int (CC *(NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*CC (NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (CC *(*NAME(int a, int b))(int))(int); | NAME(1, 2)(3)(4)",
                    "int (*(CC *NAME(int a, int b))(int))(int); | NAME(1, 2)(3)(4)",
                    "int (CC *(*NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*(CC *NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*(*CC NAME)(int a, int b))(int); | NAME(1, 2)(3)",
                    "int (*CC NAME)(int a, int b); | NAME(1, 2)",
                    "int (CC **NAME)(int a, int b); | (*NAME)(1, 2)",
                    "int (*CC *NAME)(int a, int b); | (*NAME)(1, 2)",
                    "int (CC *NAME[2])(int a, int b); | NAME[0](1, 2)",
                    "int CC (*NAME)(int a, int b); | NAME(1, 2)",
                    "int *CC *(*NAME)(int a, int b); | NAME(1, 2)",
                    "int CC NAME_1(int), NAME(int); | NAME(1)",
                    "int CC (*NAME[2])(int); | NAME[0](1)",
                    "typedef int NAME_t(int); NAME_t CC NAME; | NAME(1)",
                    "typedef int NAME_t(int); CC NAME_t NAME; | NAME(1)",
                    "typedef int NAME_t(int); NAME_t CC *NAME; | NAME(1)",
                    "typedef int NAME_t(int); NAME_t *CC NAME; | NAME(1)",
                    "typedef int NAME_t(int); NAME_t (CC *NAME); | NAME(1)",
                    "typedef int NAME_t(int); NAME_t (CC NAME); | NAME(1)",
                    "typedef int NAME_t(int); NAME_t CC **NAME; | (*NAME)(1)",
                    "typedef int NAME_t(int); NAME_t CC *NAME[2]; | NAME[0](1)",
                    "typedef int NAME_t(int); NAME_t CC *NAME(int); | NAME(1)(2)",
                    "typedef int NAME_t(int); NAME_t *CC NAME(int); | NAME(1)(2)",
                    "typedef int NAME_t(int); typedef NAME_t CC NAME_u; NAME_u NAME; | NAME(1)",
                    "typedef int (*NAME_t)(int); CC NAME_t NAME; | NAME(1)",
                    "typedef int (*const NAME_t)(int); NAME_t CC NAME; | NAME(1)",
                    "typedef int (*NAME_t)(int); NAME_t CC NAME(int); | NAME(1)(2)",
                    "typedef int (*NAME_t)(int); NAME_t CC NAME[2]; | NAME[0](1)",
                    "typedef int (*NAME_t)(int); NAME_t CC *NAME; | (*NAME)(1)");

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void areObeyedAsClangDoes(Target target) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        StringBuilder judged = new StringBuilder();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < RECORDS.size(); i++) {
            texts.add(RECORDS.get(i).replace("NAME", "s" + i));
        }
        CDeclarations c = CDeclarations.parse(String.join("\n", texts), target);
        for (int i = 0; i < texts.size(); i++) {
            CStructDef record = c.record("s" + i);
            judged.append(
                    "%s%n_Static_assert(sizeof(struct s%d) == %d && _Alignof(struct s%d) == %d, \"\");%n"
                            .formatted(
                                    texts.get(i),
                                    i,
                                    record.size(target),
                                    i,
                                    record.alignment(target)));
        }
        Path source = Files.writeString(folder.resolve("places.c"), judged);
        String said =
                clang.run(
                        List.of(
                                "--target=" + target.triple(),
                                "-std=c23",
                                "-fms-extensions",
                                "-w",
                                "-fsyntax-only",
                                source.toString()));
        assertEquals("", said);
    }

    private static String fault(String text, Target target) {
        return String.valueOf(
                assertThrows(CParseException.class, () -> CDeclarations.parse(text, target))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "struct s { char c; int i; } [[gnu::packed]];",
                "struct s { char c; int [[gnu::packed]] i; };",
                "struct s { char c; int *[[gnu::aligned(32)]] p; };",
                "struct s { char c; int a[2] [[gnu::aligned(32)]]; };",
                "typedef int [[gnu::aligned(16)]] t;",
                "int [[gnu::mode(DI)]] i;",
                "int a[_Alignof(int __attribute__((aligned(16))))];",
                "__typeof__(int __attribute__((mode(DI)))) i;",
                "enum __attribute__((aligned(16))) e { A };",
            })
    void areRefusedWhereCompilersDiffer(String text) {
        assertTrue(fault(text, LINUX).contains("compilers differ on '"), text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[[gnu::vector_size(16)]] int i;",
                "typedef float f4 [[clang::ext_vector_type(4)]];",
                "struct __attribute__((ms_struct)) s { int i; };",
            })
    void areRefusedWhereTheLayoutIsUnknown(String text) {
        assertTrue(fault(text, LINUX).contains("changes the layout and is not supported"), text);
    }

    @ParameterizedTest
    @CsvSource({
        "regparm(3), x86_64-pc-linux-gnu",
        "regparm(3), i686-pc-linux-gnu",
        "sseregparm, i686-pc-linux-gnu",
        "regcall, x86_64-pc-linux-gnu",
        "pascal, i686-pc-linux-gnu",
        "preserve_most, x86_64-pc-linux-gnu",
        "__preserve_all__, aarch64-linux-gnu",
        "aarch64_vector_pcs, aarch64-linux-gnu",
        "swiftcall, x86_64-apple-darwin",
        "intel_ocl_bicc, x86_64-pc-linux-gnu",
        "interrupt, riscv64-linux-gnu",
        "pcs(\"aapcs-vfp\"), armv7-linux-gnueabi",
    })
    void areRefusedWhereTheCallIsUnknown(String attribute, String triple) {
        Target target = Target.parse(triple);
        for (String text :
                List.of(
                        "void f(int) __attribute__((%s));",
                        "struct s { void (*f)(int) __attribute__((%s)); };",
                        "typedef void (__attribute__((%s)) *f)(int);",
                        "[[gnu::%s]] void f(int);")) {
            String message = fault(text.formatted(attribute), target);
            assertTrue(message.contains("changes the call and is not supported"), message);
        }
    }

    @Test
    void areObeyedWhereTheyNameAConvention() {
        CDeclarations c =
                CDeclarations.parse(
                        "void f(int) [[gnu::ms_abi]]; [[gnu::ms_abi]] void g(int);"
                                + " void h [[gnu::ms_abi]](int);"
                                + " void i(int) __attribute__((regparm(0)));",
                        LINUX);
        assertEquals(
                List.of("win64", "win64", "win64", "c"),
                c.functions().stream()
                        .map(each -> each.signature().convention().conventionName())
                        .toList());
        CDeclarations arm =
                CDeclarations.parse(
                        "void f(double) __attribute__((pcs(\"aapcs\")));"
                                + " void g(double) __attribute__((pcs(\"aapcs-vfp\")));",
                        Target.ARMV7_LINUX_GNUEABIHF);
        assertEquals(
                List.of("aapcs", "c"),
                arm.functions().stream()
                        .map(each -> each.signature().convention().conventionName())
                        .toList());
    }

    @ParameterizedTest
    @CsvSource({
        "i686-pc-windows-msvc, __stdcall",
        "i686-pc-windows-msvc, __attribute__((stdcall))",
        "i686-pc-linux-gnu, __attribute__((stdcall))",
        "x86_64-pc-linux-gnu, __attribute__((ms_abi))",
    })
    void giveTheirConventionToTheFunctionThatClangGivesItTo(String triple, String attribute)
            throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        List<String> ours = new ArrayList<>();
        StringBuilder judged = new StringBuilder();
        for (int i = 0; i < CONVENTIONS.size(); i++) {
            String name = "f" + i;
            String[] row =
                    CONVENTIONS
                            .get(i)
                            .replace("NAME", name)
                            .replace("CC", attribute)
                            .split(" \\| ", -1);
            CDeclarations c = CDeclarations.parse(row[0], Target.parse(triple));
            CType type =
                    c.functions().stream()
                            .filter(function -> function.name().equals(name))
                            .<CType>map(function -> new CType.Function(function.signature()))
                            .findFirst()
                            .orElseGet(() -> c.variables().get(name));
            ours.add(row[0] + conventions(type));
            judged.append("%s%nint probe%d(void) { %s; return 0; }%n".formatted(row[0], i, row[1]));
        }
        Path source = Files.writeString(folder.resolve("conventions.c"), judged);
        String ir =
                clang.run(
                        List.of(
                                "--target=" + triple,
                                "-w",
                                "-S",
                                "-emit-llvm",
                                "-o",
                                "-",
                                source.toString()));
        List<String> clangs = new ArrayList<>();
        for (int i = 0; i < CONVENTIONS.size(); i++) {
            String body = ir.substring(ir.indexOf("@probe%d()".formatted(i)));
            List<String> calls =
                    body.substring(0, body.indexOf("\n}"))
                            .lines()
                            .filter(line -> line.contains(" call "))
                            .map(line -> line.matches(".* call (x86_stdcall|win64)cc .*"))
                            .map(special -> special ? "special" : "c")
                            .toList();
            clangs.add(ours.get(i).replaceFirst("(?<=;)[^;]*$", calls.toString()));
        }
        assertEquals(clangs, ours);
    }

    /** The conventions of a function, of the one it returns a pointer to, and so on. */
    private static List<String> conventions(CType type) {
        List<String> found = new ArrayList<>();
        CType at = type.unwrap();
        while (true) {
            switch (at) {
                case CType.Pointer pointer -> at = pointer.pointee().unwrap();
                case CType.Array array -> at = array.element().unwrap();
                case CType.Function function -> {
                    boolean plain = function.signature().convention() == CallingConvention.C;
                    found.add(plain ? "c" : "special");
                    at = function.signature().returnType().unwrap();
                }
                default -> {
                    return found;
                }
            }
        }
    }

    @Test
    void aModeThatDoesNotFitTheTypeIsAFault() {
        assertTrue(
                fault("int *__attribute__((mode(DI))) p;", LINUX)
                        .contains("mode 'DI' does not fit type=int *"));
        assertTrue(
                fault("int i __attribute__((mode(DF)));", LINUX)
                        .contains("mode 'DF' does not fit type=int"));
    }

    @Test
    void aModeOfARecordIsAFault() {
        assertTrue(
                fault("struct __attribute__((mode(QI))) s { int i; };", LINUX)
                        .contains("mode 'QI' does not fit a record"));
    }

    @Test
    void aPointerOfAnotherSizeIsAFault() {
        assertTrue(
                fault("struct s { int *__ptr32 p; };", Target.X86_64_WINDOWS_MSVC)
                        .contains("'__ptr32' changes the layout and is not supported on target="));
        assertTrue(fault("int *__ptr64 p;", Target.I686_WINDOWS_MSVC).contains("'__ptr64'"));
        CDeclarations c = CDeclarations.parse("int *__ptr64 p; int *__sptr q;", LINUX);
        assertEquals(2, c.variables().size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ms_struct on",
                "options align=packed",
                "options align = mac68k",
                "align=reset",
                "scalar_storage_order big-endian",
                "clang attribute push(__attribute__((packed)), apply_to=record)",
            })
    void aPragmaThatChangesLayoutsIsAFault(String pragma) {
        for (String text : List.of("#pragma %s\nint a;", "_Pragma(\"%s\") int a;")) {
            assertTrue(
                    fault(text.formatted(pragma), LINUX)
                            .contains(
                                    "'#pragma %s' changes the layout and is not supported"
                                            .formatted(pragma)),
                    pragma);
        }
    }

    @Test
    void otherPragmasSayNothing() {
        CDeclarations c =
                CDeclarations.parse(
                        """
                        #pragma ms_struct off
                        #pragma ms_struct reset
                        #pragma GCC visibility push(default)
                        #pragma scalar_storage_order default
                        #pragma alignment
                        struct s { char c; int i; };
                        """,
                        LINUX);
        assertEquals(8, c.record("s").size(LINUX));
    }
}
