package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What compilers take is taken, and what they refuse is refused. The assertions within the texts
 * are evaluated here and there.
 */
class LegalityTest {
    private static final Target LINUX = Target.X86_64_LINUX_GNU;

    @TempDir Path folder;

    private List<String> judgesThatTake(String text, String... packages) throws IOException {
        Path source = Files.writeString(folder.resolve("text.c"), text + "\n");
        List<String> taking = new ArrayList<>();
        for (String each : packages) {
            CompilerUnderTest compiler = CompilerUnderTest.require(each, each);
            try {
                compiler.run(List.of("-w", "-std=gnu2x", "-fsyntax-only", source.toString()));
                taking.add(each);
            } catch (AssertionError _) {
                // It refuses the text; its output is no matter here.
            }
        }
        return taking;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "typedef void V; int f(V);",
                "typedef void V; typedef V W; int f(W); int f(void);",
                "int f(register int a, int b[restrict], int c[const restrict 3]);",
                "typedef int *p; p restrict x; int *restrict *__restrict y;",
                "extern void x; extern const void y;",
                "_Static_assert((int)2.9 == 2 && (int)-2.9 == -2 && (int)+(2.9f) == 2, \"\");",
                "_Static_assert((int)(2.9 + 1) == 3 && (int)0x1.8p3 == 12 && (int).5e1 == 5,"
                        + " \"\");",
                "_Static_assert((int)16777217.0f == 16777216, \"\");",
                "_Static_assert((long)(16777217.0f + 0.5) == 16777216, \"\");",
                "_Static_assert((long)9007199254740993.0 == 9007199254740992, \"\");",
                "_Static_assert((long)9007199254740995.0 == 9007199254740996, \"\");",
                "_Static_assert((long)9007199254740993.0L == 9007199254740993, \"\");",
                "_Static_assert((long)(0.1 * 3 * 1e17) == 30000000000000004, \"\");",
                "_Static_assert((_Bool)0.5 && !(_Bool)0.0 && 1.5 < 2 && !!1.5, \"\");",
                "_Static_assert(0.1 + 0.2 != 0.3 && 0.1f != 0.1 && 1.0 / 3 > 0.333, \"\");",
                "_Static_assert((unsigned char)255.9 == 255 && 1.5 && 0.0 == -0.0, \"\");",
                "int a[1.0 ? 2 : 3]; _Static_assert(sizeof(a) == 8, \"\");",
                "_Static_assert((1 ?: 2) == 1 && (0 ?: 2) == 2 && sizeof(0 ?: 2LL) == 8, \"\");",
                "_Static_assert(sizeof(1, (char)2) == 1, \"\");",
                "int a[3]; _Static_assert(sizeof(2[a]) == 4 && sizeof(0, a) == 8, \"\");",
                "_Static_assert((long)&((struct {int i; char c[4];} *)0)->c[2] == 6, \"\");",
                "struct s {int i, j;}; enum {A = &((struct s *)0)->j - (int *)0};"
                        + " _Static_assert(A == 1, \"\");",
                "_Static_assert((int)(long)(void *)5 == 5, \"\");",
                "char s[] = \"abc\"; char t[sizeof(s)]; _Static_assert(sizeof(t) == 4, \"\");",
                "char s[] = {\"a\" \"bc\"}, u; _Static_assert(sizeof(s) == 4, \"\");",
                "int s[5], s[] = {1}; _Static_assert(sizeof(s) == 20, \"\");",
                "extern const char s[]; const char s[] = \"a\"; int x[sizeof(s) == 2 ? 1 : -1];",
                "int s[] = {1, (2), 3,}; _Static_assert(sizeof(s) == 12, \"\");",
                "const char *const s[] = {\"abc\", \"d\"}; _Static_assert(sizeof(s) == 16, \"\");",
                "struct q {int a, b;} s[] = {{1, 2}, {3}}; _Static_assert(sizeof(s) == 16, \"\");",
                "_Static_assert(sizeof((int[]){1, 2, 3}) == 12, \"\");",
                "_Static_assert(sizeof(struct {int a; char b[3];}){1}.b == 3, \"\");",
                "int f(int), x; _Static_assert(sizeof(f(x)) == 4 && sizeof(&f) == 8, \"\");",
                "_Static_assert(sizeof(*(1 ? (void *)0 : (int *)0)) == 4, \"\");",
                "__typeof__(1L + 1LL) x; extern long long x;",
                "__typeof__(1LL + 1L) x; extern long long x;",
                "__typeof__(1UL + 1LL) x; extern unsigned long long x;",
                "struct s {int i;} v; int a[sizeof((struct s)v) + sizeof((int *)(char *)0)];",
                "union u {int i; long l;}; int a[sizeof((union u)1)];",
                "enum e {A = 1}; int a[(enum e)1.5 + (long)(void *)(enum e)1];",
                "void f(int n, int a[2][3][n]); int x; int a[sizeof((double)(float)x)];",
                "int x; __typeof__(x) y; __typeof__(x + 1LL) z; _Static_assert(sizeof z == 8,"
                        + " \"\");",
                "typedef int T[3]; const T x; int f(const T); int f(const int *);",
                "typedef int T[3][4]; int f(volatile T); int f(volatile int (*)[4]);",
                "struct s {int i; int b[3];};"
                        + " _Static_assert(__builtin_offsetof(struct s, b[1 + 1]) == 12, \"\");",
                "typedef int T __attribute__((aligned(2))); T a[4];",
                "typedef struct {int i;} __attribute__((aligned(16))) T; T a[4];",
                "enum e {A, B,}; enum {C = sizeof(enum e)};",
                "enum {A = 08.5 > 8, B = 09e1 > 8, C = 0xE - 1, D = 1'000'000, E = 0b11};",
                "register int x __asm__(\"r12\");",
            })
    void whatBothTakeIsTaken(String text) throws IOException {
        CDeclarations.parse(text, LINUX);
        boolean onlyGcc = text.contains("r12"); // clang knows that for few registers
        assertEquals(
                onlyGcc ? List.of("gcc") : List.of("gcc", "clang-19"),
                judgesThatTake(text, "gcc", "clang-19"));
    }

    /** gcc learned these words of C23 later than the version that may be here. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "typedef typeof(nullptr) T; _Static_assert(sizeof(T) == 8 && !nullptr, \"\");",
                "_Static_assert(sizeof(*(1 ? nullptr : (int *)0)) == 4, \"\");",
                "_Static_assert(sizeof(true) == 1 && sizeof(true + true) == 4, \"\");",
                "enum : unsigned char {A = 255, B = sizeof(A), C = A + 1 > 255 ? 7 : 8};"
                        + " _Static_assert(B == 1 && C == 7 && sizeof(A) == 1 && -1 < A, \"\");",
                "enum e : short; enum e : short {A}; _Static_assert(sizeof(A) == 2, \"\");",
                "enum e : unsigned long long {A = -1ULL}; _Static_assert(A > 0, \"\");",
                "enum : _Bool {A, B}; _Static_assert(sizeof(B) == 1, \"\");",
            })
    void whatC23BringsIsTaken(String text) throws IOException {
        CDeclarations.parse(text, LINUX);
        assertEquals(List.of("clang-19"), judgesThatTake(text, "clang-19"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "int restrict x;",
                "restrict int *x;",
                "int f(int restrict a);",
                "struct s {int restrict a;};",
                "typedef int F(void); F *restrict x;",
                "auto int x;",
                "typedef int x = 3;",
                "register int x;",
                "auto int f(void);",
                "register int f(void);",
                "int f(void, int);",
                "int f(int, void);",
                "int f(void, ...);",
                "int f(const void);",
                "typedef void V; int f(const V);",
                "struct s {int b : 3;}; int x[__builtin_offsetof(struct s, b)];",
                "struct s {struct {int b : 3;} t;}; int x[__builtin_offsetof(struct s, t.b)];",
                "struct s {int b : 3;} v; int x[sizeof(v.b)];",
                "struct s {int b : 3;} v; int x[_Alignof(v.b)];",
                "struct s {int b : 3;} v; int x[sizeof(&v.b)];",
                "typedef int T __attribute__((aligned(16))); T a[2];",
                "typedef int T __attribute__((aligned(16))); const T a[1];",
                "typedef int T __attribute__((aligned(16))); int f(T a[]);",
                "typedef int T __attribute__((aligned(16))); struct s {int i; T a[];};",
                "typedef struct {char c[24];} T __attribute__((aligned(16))); T a[4];",
                "enum {};",
                "enum e {};",
                "enum {A,,};",
                "enum {A = 2.0};",
                "enum {A = (char *)1};",
                "int a[08];",
                "int a[1lul];",
                "int a[1lL];",
                "int a[1uu];",
                "int a[0b102];",
                "int a[0x];",
                "int a[1_000];",
                "int a[1''0];",
                "int a[(int)1f];",
                "int a[(int)08f];",
                "int a[(int)1e];",
                "int a[(int)0x1.8];",
                "int a[0xE+1];",
                "int a[1 ? 2 : 3.0];",
                "int a[3.0];",
                "struct s {int b : 1.0;};",
                "int a[~1.0 != 0];",
                "int a[5.0 % 2];",
                "int a[1 << 2.0];",
                "struct s {int i;} v; int a[sizeof(v + 1)];",
                "struct s {int i;} v; int a[sizeof(!v)];",
                "struct s {int i;} v; int a[sizeof(v ? 1 : 2)];",
                "int *p; int a[sizeof(p + p)];",
                "int *p; int a[sizeof(1 - p)];",
                "int *p; int a[sizeof(p * 2)];",
                "int *p; int a[sizeof(p[p])];",
                "int i; int a[sizeof(i[i])];",
                "struct s {int i;} v; int a[sizeof((struct s)1)];",
                "struct s {int i;} v; int a[sizeof((int)v)];",
                "int a[sizeof((void *)1.5)];",
                "int *p; int a[sizeof((double)p)];",
                "int a[sizeof(&1)];",
                "int i; int a[sizeof(i(1))];",
            })
    void whatBothRefuseIsRefused(String text) throws IOException {
        assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX), text);
        assertEquals(List.of(), judgesThatTake(text, "gcc", "clang-19"), text);
    }

    /** Where gcc is lenient, and C and clang are not; and what gcc has not yet. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "void x;",
                "typedef void V; const V x;",
                "int f(void a);",
                "enum : unsigned char {A = 256};",
                "enum : unsigned char {A = 255, B};",
                "enum : _Bool {A, B, C};",
                "enum e : float {A};",
                "enum e : short; enum e {A};",
                "enum e : short; enum e : int {A};",
            })
    void whatClangRefusesIsRefused(String text) throws IOException {
        assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX), text);
        assertEquals(List.of(), judgesThatTake(text, "clang-19"), text);
    }

    /** What clang alone takes: constants with commas, arrays of arrays that are not all aligned. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "int a[(1, 2)];",
                "enum {A = (1, 2)};",
                "struct s {int b : (1, 2);};",
                "typedef int T[3] __attribute__((aligned(16))); T a[2];",
            })
    void whatGccRefusesIsRefused(String text) throws IOException {
        assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX), text);
        assertEquals(List.of(), judgesThatTake(text, "gcc"), text);
    }
}
