package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** Where a fault is said to be, and how its line is shown. */
class FaultPlaceTest {
    private static CParseException fault(String text) {
        return assertThrows(
                CParseException.class,
                () -> CDeclarations.parse(text, Target.X86_64_LINUX_GNU),
                text);
    }

    private static String message(String text) {
        return String.valueOf(fault(text).getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "'# 849 \"/usr/include/regex.h\" 3 4', /usr/include/regex.h:850",
        "'#line 12 \"x\"', x:13",
        "'# 12', line 13",
        "'#line 12', line 13",
        "'# 1 \"a.h\" 1\n# 7', a.h:8",
        "'# 1 \"a\\\\b \\\"c\\\".h\"', 'a\\b \"c\".h:2'",
        "'# 1 \"a.h\"\n\nint b;\n# 70 \"c.h\" 2', c.h:71",
    })
    void isGivenInTheFileBeforePreprocessing(String markers, String place) {
        String text = markers + "\nint a;\n  @\n";
        CParseException fault = fault(text);
        assertEquals(text.lines().count(), fault.line());
        assertEquals(3, fault.column());
        assertTrue(
                String.valueOf(fault.getMessage())
                        .startsWith(
                                "line %d, column 3 (%s): expected ".formatted(fault.line(), place)),
                fault.getMessage());
    }

    @Test
    void isInTheTextOnlyBeforeTheFirstMarker() {
        assertTrue(message("@\n# 1 \"x.h\"\n").startsWith("line 1, column 1: "));
    }

    @Test
    void isShortWhateverTheNameOfTheFile() {
        String message = message("# 1 \"" + "x".repeat(100_000) + ".h\"\n@");
        assertTrue(message.contains("xxx.h:1): "), message);
        assertTrue(message.length() < 300, message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001b",
                "\u0007",
                "\u007f",
                "\u0085",
                "\u009b",
                "\u202e",
                "\u2066",
                "\u200b",
                "\u2028",
                "\ud800",
                "\udb40\udc01"
            })
    void showsNothingThatATerminalObeys(String hidden) {
        for (String text :
                List.of(
                        "int a; /* HIDDEN */ @",
                        "_Static_assert(0, \"HIDDEN\");",
                        "# 1 \"HIDDEN.h\"\n@",
                        "#xHIDDEN\n",
                        "void f(void) __asm__(\"HIDDEN\") @;")) {
            String message = message(text.replace("HIDDEN", hidden));
            assertFalse(message.contains(hidden), message);
            assertTrue(message.contains("\ufffd".repeat(hidden.length())), message);
        }
    }

    @Test
    void keepsTheCaretUnderTheFault() {
        String[] lines = message("int\ta; /*\u001b[31m \u202e*/ @;").split("\\R", -1);
        assertEquals("int\ta; /*\ufffd[31m \ufffd*/ @;", lines[1]);
        assertEquals(lines[1].indexOf('@'), lines[2].indexOf('^'));
    }

    @Test
    void isALabelsIfThatHasControlCharacters() {
        assertTrue(
                message("void f(void) __asm__(\"a\u001b[31m\");")
                        .contains("a label with control characters"));
    }
}
