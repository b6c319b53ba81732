package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * Random expressions: their types, and the values of those that are constant, are what clang has
 * for the target, and gcc on x86.
 */
class ConstantExpressionPropertyTest {
    private static final long FIXED_SEED = 20_261_130;
    private static final int EXPRESSIONS = Integer.getInteger("quanta.expressions", 400);
    private static final int DEPTH = 3;

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void agreeWithCompilersOnTheFixedSeed(Target target) throws IOException {
        compare(target, FIXED_SEED);
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void agreeWithCompilersOnAFreshSeed(Target target) throws IOException {
        long seed = new Random().nextInt(1_000_000_000);
        System.out.printf("expressions: target=%s fresh seed=%d%n", target, seed);
        compare(target, seed);
    }

    private void compare(Target target, long seed) throws IOException {
        Random random = new Random(seed);
        boolean wide = target.dataModel().hasInt128();
        var constant = new ExpressionGenerator(random, wide, false);
        var variable = new ExpressionGenerator(random, wide, true);
        List<String> assertions = new ArrayList<>();
        int values = 0;
        for (int i = 0; i < EXPRESSIONS; i++) {
            String expression =
                    switch (i % 8) {
                        case 0, 1, 2, 3 -> constant.integer(DEPTH);
                        case 4 -> constant.real(DEPTH);
                        case 5 -> variable.real(DEPTH);
                        case 6 -> variable.complex(DEPTH);
                        default -> variable.integer(DEPTH);
                    };
            // A bit-field has neither size nor type of its own.
            String value = i % 8 == 7 ? "+" + expression : expression;
            assertions.add(type(value, target));
            String number = number(value, target);
            assertions.add(number);
            values += number.isEmpty() ? 0 : 1;
        }
        assertTrue(values > EXPRESSIONS / 4, "constants: " + values);
        Path source = folder.resolve("expressions.c");
        Files.writeString(
                source,
                RecordGenerator.COMPILER_PRELUDE
                        + ExpressionGenerator.PRELUDE
                        + String.join("\n", assertions));
        String judge = "target=%s seed=%d".formatted(target, seed);
        List<String> clang =
                List.of(
                        "--target=" + target.triple(),
                        "-std=c23",
                        "-ferror-limit=3",
                        "-w",
                        "-fsyntax-only",
                        source.toString());
        assertEquals("", CompilerUnderTest.require("clang-19", "clang-19").run(clang), judge);
        if (target == Target.X86_64_LINUX_GNU || target == Target.I686_LINUX_GNU) {
            String mode = target == Target.I686_LINUX_GNU ? "-m32" : "-m64";
            List<String> gcc =
                    List.of("-std=gnu2x", mode, "-w", "-fsyntax-only", source.toString());
            assertEquals(List.of(), gccFaults(gcc), judge);
        }
    }

    /** What gcc says, without the assertions that it does not take for constant. */
    private static List<String> gccFaults(List<String> arguments) {
        CompilerUnderTest gcc = CompilerUnderTest.require("gcc", "gcc");
        try {
            return gcc.run(arguments).lines().toList();
        } catch (AssertionError e) {
            return String.valueOf(e.getMessage())
                    .lines()
                    .filter(line -> line.contains(" error: "))
                    .filter(
                            line ->
                                    !line.endsWith(
                                            "expression in static assertion is not constant"))
                    .limit(3)
                    .toList();
        }
    }

    private static CDeclarations parse(String text, Target target) {
        return CDeclarations.parse(ExpressionGenerator.PRELUDE + text, target);
    }

    private static String type(String expression, Target target) {
        CType type =
                Objects.requireNonNull(
                        parse("typeof(%s) is;".formatted(expression), target)
                                .variables()
                                .get("is"));
        return "_Static_assert(__builtin_types_compatible_p(__typeof__(%s), %s), \"\");"
                .formatted(expression, type.spelling());
    }

    /** An assertion of the lowest 64 bits of a value; empty if it is unknown, or undefined in C. */
    private static String number(String expression, Target target) {
        try {
            String text = "enum : long long { value = (long long)(%s) };".formatted(expression);
            long value =
                    Objects.requireNonNull(
                            parse(text, target).enums().getLast().constants().get("value"));
            return "_Static_assert((long long)(%s) == (long long)0x%xULL, \"\");"
                    .formatted(expression, value);
        } catch (CParseException e) {
            String why = String.valueOf(e.getMessage());
            assertTrue(
                    why.contains("expected a constant")
                            || why.contains("division by zero")
                            || why.contains("shift count out of range")
                            || why.contains("does not fit its type"),
                    why);
            return "";
        }
    }
}
