package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** Whatever text comes in: a result, or an error with a place, soon, and nothing else. */
class ParserFuzzTest {
    private static final int TEXTS = 10_000;
    private static final long MOST_MILLIS = 100;

    private static final String DECLARATIONS =
            """
            typedef unsigned long size_type;
            enum colour { RED, GREEN = 1 << 3, BLUE = sizeof(int[4]) };
            struct __attribute__((packed, aligned(8))) node {
                struct node *next; union { int i; float f; }; unsigned flags : 3, : 0, mode : 5;
                char name[2 * GREEN + 1]; int (*compare)(const void *, const void *);
            };
            #pragma pack(push, 2)
            struct tight { char c; double d; _Alignas(16) int a; };
            #pragma pack(pop)
            _Static_assert(sizeof(size_type) >= 4, "size");
            extern int printf(const char *restrict format, ...) __asm__("printf_");
            static inline int twice(int x) { return "}"[0] ? x * 2 : '\\n'; }
            long double _Complex rotate(long double _Complex, int (*f[3])(void), struct node n);
            /* comment */ int table[][4], *const volatile pointer; // the end
            """;

    private static final String[] PIECES = {
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        ",",
        "*",
        ":",
        "...",
        "=",
        "#pragma pack(",
        "struct",
        "union",
        "enum",
        "typedef",
        "int",
        "unsigned",
        "long",
        "_Complex",
        "sizeof",
        "__attribute__((",
        "1",
        "0x",
        "'",
        "\"",
        "/*",
        "//",
        "\\",
        "_Alignas(",
        "aligned(",
        "-",
        "/",
        "%",
        "<<",
        "?",
        "0",
        "\n",
        "\0",
        "\u00e9"
    };

    @BeforeAll
    static void warmUp() {
        for (int i = 0; i < 2_000; i++) {
            parse(mutated(new SplittableRandom(i)));
        }
    }

    @Test
    void theWholeTextIsUnderstood() {
        CDeclarations.parse(DECLARATIONS, Target.X86_64_LINUX_GNU);
    }

    @Test
    void randomBytes() {
        SplittableRandom random = seeded("bytes");
        for (int i = 0; i < TEXTS; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            parseInTime(new String(bytes, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void mutatedDeclarations() {
        SplittableRandom random = seeded("declarations");
        for (int i = 0; i < TEXTS; i++) {
            parseInTime(mutated(random));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "[",
                "{",
                "*",
                "int (*f)(",
                "struct {",
                "sizeof(",
                "-",
                "!",
                "1?",
                "int a["
            })
    void deepNestingIsAnErrorWithAPlace(String piece) {
        for (String before : new String[] {"", "int x", "enum { A = ", "int a["}) {
            String text = before + piece.repeat(100_000);
            assertThrows(
                    CParseException.class,
                    () -> CDeclarations.parse(text, Target.X86_64_LINUX_GNU));
        }
    }

    private static SplittableRandom seeded(String what) {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("ParserFuzzTest " + what + " seed=" + seed);
        return new SplittableRandom(seed);
    }

    private static String mutated(SplittableRandom random) {
        StringBuilder text = new StringBuilder(DECLARATIONS);
        for (int changes = 1 + random.nextInt(6); changes > 0; changes--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(4)) {
                case 0 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(20)));
                case 1 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
                case 2 -> {
                    int end = Math.min(text.length(), at + random.nextInt(60));
                    text.insert(random.nextInt(text.length()), text.substring(at, end));
                }
                default -> text.setCharAt(at, (char) (1 + random.nextInt(126)));
            }
        }
        return text.toString();
    }

    private static void parseInTime(String text) {
        long start = System.nanoTime();
        parse(text);
        if ((System.nanoTime() - start) / 1_000_000 > MOST_MILLIS) {
            // Once more: a pause of the machine is no property of the text.
            start = System.nanoTime();
            parse(text);
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis <= MOST_MILLIS, millis + " ms for:\n" + text);
        }
    }

    private static void parse(String text) {
        try {
            CDeclarations.parse(text, Target.X86_64_LINUX_GNU);
        } catch (CParseException expected) {
            assertTrue(expected.line() >= 1 && expected.column() >= 1, expected.toString());
        } catch (RuntimeException | StackOverflowError other) {
            throw new AssertionError("for:\n" + text, other);
        }
    }
}
