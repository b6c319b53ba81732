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
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Types and values of the constants of enums, within their braces and after them. */
class EnumConstantTest {
    private static final List<String> ENUMS =
            List.of(
                    "enum { A = 0x80000000u }",
                    "enum { A = 0x80000000u, B, C = -1 }",
                    "enum { A = 0x80000000u, B = A * 2, C = sizeof(A) }",
                    "enum { A = 0x7fffffff, B = 0x7fffffffu, C }",
                    "enum { A = 0xffffffff, B = -2147483647 - 1 }",
                    "enum { A = 0x7fffffffffffffff, B = 1 }",
                    "enum { A = 0x100000000, B = A + 1, C = -1 }",
                    "enum { A = 0xffffffffffffffff, B = 1 }",
                    "enum { A = 0xffffffffffffffff, B = -1 }",
                    "enum { A = -2147483649ll, B }",
                    "enum { A = 'a', B = 1ull, C = sizeof(B) }",
                    "enum { A = (char)-1, B = (short)3, C = sizeof(A) }",
                    "enum __attribute__((packed)) { A = 1, B = 200, C = sizeof(B) }",
                    "enum __attribute__((packed)) { A = 3000000000, B = -1 }",
                    "enum : unsigned char { A = 255, B = sizeof(A), C = -1 < A }",
                    "enum : short { A = -1, B, C }",
                    "enum : unsigned long long { A = 0xffffffffffffffff, B = 1 }",
                    "enum : long long { A, B = sizeof(A) }",
                    "enum e : unsigned; enum e : unsigned { A = 3, B = -1 < A }",
                    "enum { A = 3000000000, B = sizeof(A), C = -1 < A }",
                    "enum { A = 0x80000000u, B = -1 < A, C = sizeof(A) }",
                    "enum { A = 0x80000000u, B, C = -1 < B, D = sizeof(B) }",
                    "enum { A = 0x100000000, B = A >> 31, C = sizeof(A) }");

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void areClangs(Target target) throws IOException {
        StringBuilder judged = new StringBuilder();
        int number = 0;
        for (String text : ENUMS) {
            CDeclarations c = CDeclarations.parse(text + ";", target);
            StringBuilder written = new StringBuilder(text).append(";\n");
            for (Map.Entry<String, Long> each : c.enums().getLast().constants().entrySet()) {
                String name = each.getKey();
                written.append(
                        "_Static_assert(sizeof %s == %d && (-1 < %s) == %d && (long long)%s == %dLL);%n"
                                .formatted(
                                        name,
                                        value(text, "sizeof(" + name + ")", target),
                                        name,
                                        value(text, "-1 < " + name, target),
                                        name,
                                        each.getValue()));
            }
            judged.append(written.toString().replaceAll("\\b([A-De])\\b", "$1" + number++));
        }
        Path source = Files.writeString(folder.resolve("enums.c"), judged);
        assertEquals(
                "",
                CompilerUnderTest.require("clang-19", "clang-19")
                        .run(
                                List.of(
                                        "--target=" + target.triple(),
                                        "-std=c23",
                                        "-w",
                                        "-fsyntax-only",
                                        source.toString())));
    }

    private static long value(String text, String expression, Target target) {
        CDeclarations c =
                CDeclarations.parse(text + "; enum { value = (" + expression + ") };", target);
        return Objects.requireNonNull(c.enums().getLast().constants().get("value"));
    }

    @Test
    void aValueAfterTheLargestIsAFault() {
        for (String last : List.of("0xffffffffffffffff", "0x7fffffffffffffff")) {
            String message =
                    String.valueOf(
                            assertThrows(
                                            CParseException.class,
                                            () ->
                                                    CDeclarations.parse(
                                                            "enum { A = " + last + ", B };",
                                                            Target.X86_64_LINUX_GNU))
                                    .getMessage());
            assertTrue(message.contains("enum value does not fit its type: value="), message);
        }
    }
}
