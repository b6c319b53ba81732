package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Declarations that contradict each other or C; and those that only look so. */
class ConflictTest {
    private static final Target LINUX = Target.X86_64_LINUX_GNU;

    /** Each a text of its own that every compiler takes. */
    private static final List<String> LEGAL =
            List.of(
                    "typedef int T; typedef int T;",
                    "typedef struct s T; typedef struct s T; struct s { T *next; };",
                    "typedef int T __attribute__((aligned(8))); typedef int T;",
                    "int f(const int); int f(int);",
                    "int f(int[]); int f(int *); int f(int[3]); int f(int a[static 3]);",
                    "int (*f(void))[]; int (*f(void))[3];",
                    "enum e { A = -1 }; int f(enum e); int f(int);",
                    "unsigned long f(int); typedef unsigned long T; T f(int);",
                    "extern int x[]; extern int x[3]; extern int x[];",
                    "int x; int x; extern int x;",
                    "typedef const int T[2]; extern T x; extern const int x[2];",
                    "struct s { int y; int x[]; }; struct t { struct s m; int z; };",
                    "int x[][2]; long int long y;",
                    "struct s { _Alignas(0) int x; _Alignas(2) _Alignas(8) int y; };",
                    "void f(int (*)(int)); void f(int (*g)(int h));",
                    "int f(int n, int a[n], int b[static n], int c[const n], int d[n][n * 2], int"
                            + " e[3][n]);",
                    "int f(int a[*], int (*b)[*], int c[restrict 3], int d[3][4]);");

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void whatClangTakesIsTaken(Target target) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        for (String text : LEGAL) {
            CDeclarations.parse(text, target);
            Path source = Files.writeString(folder.resolve("legal.c"), text);
            String said =
                    clang.run(
                            List.of(
                                    "--target=" + target.triple(),
                                    "-w",
                                    "-fsyntax-only",
                                    source.toString()));
            assertEquals("", said, text);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "typedef int T; typedef long T; | 29 | conflicting declarations of 'T': before int",
                "typedef const int T; typedef int T; | 34 | conflicting declarations of 'T'",
                "int f(int); long f(long); | 18 | before int (int), here long (long)",
                "int f(int); int f(unsigned); | 17 | conflicting declarations of 'f'",
                "int f(int, ...); int f(int); | 22 | conflicting declarations of 'f'",
                "int f(int *); int f(const int *); | 19 | conflicting declarations of 'f'",
                "int f(int); int f(int) __attribute__((ms_abi)); | 17 | here int (int) (win64)",
                "int x; long x; | 13 | conflicting declarations of 'x': before int, here long",
                "extern int x[3]; int x[4]; | 22 | conflicting declarations of 'x'",
                "extern int x; extern volatile int x; | 35 | conflicting declarations of 'x'",
                "int f(int); int f; | 17 | 'f' is declared as a function before",
                "typedef int x; int x; | 20 | 'x' is declared as a typedef before",
                "int x; typedef int x; | 20 | 'x' is declared as a variable before",
                "enum e { A, A }; | 13 | 'A' is declared as an enum constant before",
                "enum e { A }; enum f { A }; | 24 | 'A' is declared as an enum constant before",
                "int A(void); enum e { A }; | 23 | 'A' is declared as a function before",
                "enum e { A }; enum e { B }; | 15 | enum e is defined twice",
                "struct s { int x[]; int y; }; | 25 | a flexible array is the last",
                "struct s { int a; int x[], y; }; | 28 | a flexible array is the last",
                "struct s { int x[]; }; | 1 | a flexible array must be the last member",
                "union u { int y; int x[]; }; | 1 | a flexible array must be the last member",
                "struct s { int a; struct { int a; }; }; | 1 | two members of one name",
                "int x[2][]; | 6 | an array element cannot have type int []",
                "typedef int t[]; t x[2]; | 21 | an array element cannot have type t",
                "int f(int x[2][]); | 12 | an array element cannot have type int []",
                "struct s { static int x; }; | 12 | a member has no storage class: 'static'",
                "struct s { typedef int x; }; | 12 | a member has no storage class: 'typedef'",
                "int f(extern int x); | 7 | a parameter has no storage class: 'extern'",
                "int a[sizeof(static int)]; | 14 | a type name has no storage class: 'static'",
                "static extern int x; | 8 | two storage classes in one declaration",
                "int int x; | 5 | two types in one declaration",
                "int long int x; | 10 | two types in one declaration",
                "unsigned unsigned x; | 10 | two types in one declaration",
                "_Alignas(1) int x; | 1 | alignment=1 type=int aligned to 4",
                "struct s { _Alignas(2) int x; }; | 12 | alignment=2 type=int aligned to 4",
                "struct s { _Alignas(8) int x : 3; }; | 12 | '_Alignas' cannot be on a bit-field",
                "typedef _Alignas(8) int x; | 9 | '_Alignas' cannot be on a typedef",
                "_Alignas(8) int f(void); | 1 | '_Alignas' cannot be on a function",
                "int f(_Alignas(8) int x); | 7 | '_Alignas' cannot be on a parameter",
                "int f()[3]; | 6 | a function cannot return type int [3]",
                "int f()(); | 6 | a function cannot return type int (void)",
                "typedef int F[3]; F f(void); | 22 | a function cannot return type F",
                "int f[3](); | 6 | an array element cannot have type int (void)",
                "int f(int a, int a); | 18 | parameter 'a' twice",
                "int a[sizeof(int[])]; | 7 | no size: type=int []",
                "void f(int n, struct { int k, a[n]; } s); | 33 | unknown name 'n'",
                "int a[n]; | 7 | unknown name 'n'",
                "int f(int a[-1]); | 12 | array size is negative",
                "int f(int a[n);  | 14 | expected ']'",
            })
    void whatCompilersRefuseIsAFault(String text, int column, String why) {
        CParseException refused =
                assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX), text);
        assertEquals(column, refused.column(), refused.getMessage());
        assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
    }

    @Test
    void aLaterDeclarationLosesNothing() {
        CDeclarations c =
                CDeclarations.parse(
                        "void f(int) __attribute__((ms_abi)); void f(int);"
                                + " int g(int, char); int g();"
                                + " extern int x[3]; extern int x[];"
                                + " typedef int T __attribute__((aligned(8))); typedef int T;"
                                + " struct s { char c[sizeof x]; T t; };",
                        LINUX);
        assertEquals(
                List.of("void (int) win64", "int (int, char) c"),
                c.functions().stream()
                        .map(each -> each.signature() + " " + each.signature().convention())
                        .toList());
        assertEquals(24, c.record("s").size(LINUX));
    }

    @Test
    void aSizeThatOnlyACallKnowsLeavesAPointer() {
        CDeclarations c =
                CDeclarations.parse(
                        "int f(int n, int a[n], int b[n][n], int c[3][4], int d[sizeof(int[n])]);",
                        LINUX);
        assertEquals(
                "int f(int n, int *a, int (*b)[], int (*c)[4], int *d)",
                c.functions().getFirst().toString());
    }

    @Test
    @Timeout(20)
    void aFaultInsideASkippedSizeIsForgotten() {
        String text = "int f(int a[sizeof(int (*)(int x[n], int y[q(1)]))]); int b[m];";
        CParseException refused =
                assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX));
        assertTrue(String.valueOf(refused.getMessage()).contains("unknown name 'm'"));
    }

    @Test
    @Timeout(20)
    void typesThatBuildOnEachOtherAreComparedOnce() {
        StringBuilder text = new StringBuilder("typedef int a0; typedef int b0;");
        for (int i = 1; i <= 60; i++) {
            for (String name : List.of("a", "b")) {
                text.append(
                        "typedef %s%d (*%s%d)(%s%d, %s%d);"
                                .formatted(name, i - 1, name, i, name, i - 1, name, i - 1));
            }
        }
        CDeclarations c = CDeclarations.parse(text + "extern a60 x; extern b60 x;", LINUX);
        assertEquals(1, c.variables().size());
    }
}
