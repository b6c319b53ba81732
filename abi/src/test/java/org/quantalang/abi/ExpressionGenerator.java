package org.quantalang.abi;

import java.util.List;
import java.util.Random;

/** Writes random expressions that C allows; the variables in them have the declarations here. */
final class ExpressionGenerator {
    /** The widths are those whose promotion gcc and clang agree on. */
    static final String PRELUDE =
            """
            struct fields {
                unsigned a : 3; int b : 32; unsigned long long c : 20, d : 64, e : 32;
                unsigned f : 32; long long g : 32; _Bool h : 1; unsigned char i : 8;
            };
            struct fields v; const struct fields cv;
            signed char sc; unsigned short us; unsigned u; long l; unsigned long ul;
            long long ll; unsigned long long ull; float f; double d; long double ld;
            _Complex float fc; _Complex double dc; _Bool b;
            enum small { E0 = -5, E1 } es; enum wide { W0 = 0x80000000u, W1 } ew;
            enum huge { H0 = 0x100000000, H1 = -1 } eh;
            int arr[3], (*parr)[3], *p, fun(int, char *); const short table[2][4];
            """;

    /**
     * Without {@code L'a'}: on i686 that is a {@code long} for gcc and an {@code int} for clang.
     */
    private static final List<String> NUMBERS =
            List.of(
                    "0",
                    "1",
                    "2u",
                    "3l",
                    "4ul",
                    "5ll",
                    "6ull",
                    "7LLU",
                    "010",
                    "0x7f",
                    "0b101",
                    "2147483647",
                    "2147483648",
                    "0x80000000",
                    "0xffffffff",
                    "4294967296",
                    "0x7fffffffffffffff",
                    "0x8000000000000000",
                    "0xffffffffffffffffu",
                    "1'000",
                    "'a'",
                    "'\\xff'",
                    "'ab'",
                    "u'\\xffff'",
                    "U'\\xffffffff'",
                    "u8'~'",
                    "E0",
                    "E1",
                    "W0",
                    "W1",
                    "H0",
                    "H1",
                    "sizeof(int)",
                    "_Alignof(double)");

    private static final List<String> REALS =
            List.of(
                    "1.5",
                    "0.1",
                    ".5f",
                    "3e2",
                    "0x1.8p1",
                    "2.5l",
                    "1e10",
                    "0.3f",
                    "16777217.0f",
                    "9007199254740993.0",
                    "1e-3",
                    "7.0");
    private static final List<String> INTEGER_VARIABLES =
            List.of(
                    "v.a",
                    "v.b",
                    "v.c",
                    "v.d",
                    "v.e",
                    "v.f",
                    "v.g",
                    "v.h",
                    "v.i",
                    "cv.a",
                    "sc",
                    "us",
                    "u",
                    "l",
                    "ul",
                    "ll",
                    "ull",
                    "b",
                    "es",
                    "ew",
                    "eh",
                    "arr[1]",
                    "*p",
                    "2[arr]",
                    "table[1][2]",
                    "**table",
                    "(*parr)[0]",
                    "fun(1, 0)",
                    "(&v)->c");
    private static final List<String> INTEGER_TYPES =
            List.of(
                    "_Bool",
                    "char",
                    "signed char",
                    "unsigned char",
                    "short",
                    "unsigned short",
                    "int",
                    "unsigned",
                    "long",
                    "unsigned long",
                    "long long",
                    "unsigned long long",
                    "enum small",
                    "enum wide",
                    "enum huge",
                    "const int");
    private static final List<String> REAL_TYPES = List.of("float", "double", "long double");
    private static final List<String> INTEGER_OPERATORS =
            List.of("%", "&", "|", "^", "<<", ">>", "+", "-", "*", "/");
    private static final List<String> OPERATORS = List.of("+", "-", "*", "/");
    private static final List<String> TRUTHS =
            List.of("<", ">", "<=", ">=", "==", "!=", "&&", "||");

    private final Random random;
    private final boolean wide;
    private final boolean variables;

    /**
     * @param wide whether the target has integers of 128 bits
     * @param variables whether there may be variables, so that the value is not constant
     */
    ExpressionGenerator(Random random, boolean wide, boolean variables) {
        this.random = random;
        this.wide = wide;
        this.variables = variables;
    }

    private String any(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** An expression of an integer type. */
    String integer(int depth) {
        if (depth == 0) {
            return variables && random.nextInt(3) == 0 ? any(INTEGER_VARIABLES) : any(NUMBERS);
        }
        int inside = depth - 1;
        return switch (random.nextInt(variables ? 14 : 12)) {
            case 0, 1, 2 ->
                    "(%s %s %s)"
                            .formatted(integer(inside), any(INTEGER_OPERATORS), integer(inside));
            case 3 -> "(%s %s %s)".formatted(real(inside), any(TRUTHS), real(inside));
            case 4 -> "(%s %s %s)".formatted(integer(inside), any(TRUTHS), integer(inside));
            case 5 -> "(%s %s)".formatted(any(List.of("-", "~", "+", "!")), integer(inside));
            case 6 -> "(!%s)".formatted(real(inside));
            case 7 -> "((%s)%s)".formatted(integerType(), integer(inside));
            case 8 -> "((%s)%s)".formatted(integerType(), real(inside));
            case 9 -> "(%s ? %s : %s)".formatted(real(inside), integer(inside), integer(inside));
            case 10 -> "(%s ?: %s)".formatted(integer(inside), integer(inside));
            case 11 ->
                    "sizeof(%s)"
                            .formatted(random.nextBoolean() ? real(inside) : "+" + integer(inside));
            case 12 -> "(%s, %s + 0)".formatted(real(inside), integer(inside));
            default ->
                    switch (random.nextInt(5)) {
                        case 0 -> "(%s - %s)".formatted(pointer(inside), pointer(inside));
                        case 1 -> "(%s == %s)".formatted(pointer(inside), pointer(inside));
                        case 2 -> "%s[%s]".formatted(pointer(inside), integer(inside));
                        case 3 -> "(*%s)".formatted(pointer(inside));
                        default -> "sizeof(%s)".formatted(pointer(inside));
                    };
        };
    }

    private String integerType() {
        return wide && random.nextInt(8) == 0
                ? any(List.of("__int128", "unsigned __int128"))
                : any(INTEGER_TYPES);
    }

    /** An expression of an integer or floating type. */
    String real(int depth) {
        if (depth == 0 || random.nextInt(3) == 0) {
            return depth > 0 ? integer(depth) : realLeaf();
        }
        int inside = depth - 1;
        return switch (random.nextInt(5)) {
            case 0, 1 -> "(%s %s %s)".formatted(real(inside), any(OPERATORS), real(inside));
            case 2 -> "(-%s)".formatted(real(inside));
            case 3 -> "((%s)%s)".formatted(any(REAL_TYPES), real(inside));
            default -> "(%s ? %s : %s)".formatted(integer(inside), real(inside), real(inside));
        };
    }

    private String realLeaf() {
        return variables && random.nextInt(3) == 0 ? any(List.of("f", "d", "ld")) : any(REALS);
    }

    /** An expression of a complex type; needs variables. */
    String complex(int depth) {
        return depth == 0
                ? any(List.of("fc", "dc"))
                : "(%s %s %s)".formatted(complex(depth - 1), any(OPERATORS), real(depth - 1));
    }

    /** An expression of type {@code int *}; needs variables. */
    private String pointer(int depth) {
        if (depth == 0) {
            return any(List.of("p", "arr", "(*parr)", "(&arr[2])"));
        }
        int inside = depth - 1;
        return switch (random.nextInt(5)) {
            case 0 -> "(%s + %s)".formatted(pointer(inside), integer(inside));
            case 1 -> "(%s + %s)".formatted(integer(inside), pointer(inside));
            case 2 -> "(%s - %s)".formatted(pointer(inside), integer(inside));
            case 3 -> "(%s ? %s : 0)".formatted(real(inside), pointer(inside));
            default -> "(1 ? (void *)0 : %s)".formatted(pointer(inside));
        };
    }
}
