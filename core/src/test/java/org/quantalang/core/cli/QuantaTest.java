package org.quantalang.core.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Pattern;

/** What all commands share. */
class QuantaTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String arguments) {
        return Quanta.execute(
                new PrintWriter(out, true), new PrintWriter(err, true), arguments.split(" ", -1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "nonsense --help",
                "nonsense --version",
                "--help nonsense",
                "help nonsense"
            })
    void answersAnUnknownCommandWithThoseThereAre(String arguments) {
        assertEquals(2, run(arguments));
        assertEquals("", out.toString());
        assertTrue(err.toString().startsWith("quanta: unknown command 'nonsense'"), err::toString);
        assertTrue(
                err.toString().contains("; there are demo, layout, classify, info"), err::toString);
    }

    @Test
    void listsTheCommandsIfNoneIsNamed() {
        assertEquals(2, Quanta.execute(new PrintWriter(out, true), new PrintWriter(err, true)));
        assertTrue(
                err.toString().startsWith("quanta: a command is missing; there are demo, layout,"),
                err::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"layout a.c b.c --help", "layout --frobnicate --help"})
    void refusesWhatACommandDoesNotTakeBesideHelp(String arguments) {
        assertEquals(2, run(arguments));
        assertEquals("", out.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "layout --help", "help layout", "help"})
    void explains(String arguments) {
        assertEquals(0, run(arguments));
        assertTrue(out.toString().startsWith("Usage: quanta"), out::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"layout", "classify"})
    void listsTheTargets(String command) {
        assertEquals(0, run(command + " --help"));
        assertTrue(out.toString().contains("riscv64-linux-gnu, wasm32."), out::toString);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\033[2Jnonsense",
                "help \033[2J",
                "layout - --\u009b2J",
                "layout --target \033]0;title\007 -",
                "layout /no/such\033[2J\n\u202efile",
                "layout /no/such\033[2J\n\u202efile --debug",
                "demo \b\b\b\r\u2028"
            })
    void showsNoCharacterThatATerminalWouldObey(String arguments) {
        assertTrue(run(arguments) > 0);
        assertEquals("", out.toString());
        assertTrue(err.toString().contains("\ufffd"), err::toString);
        assertFalse(
                err.toString()
                        .codePoints()
                        .filter(character -> character != '\n' && character != '\t')
                        .anyMatch(
                                character ->
                                        Character.isISOControl(character)
                                                || character == 0x202e
                                                || character == 0x2028),
                err::toString);
    }

    @Test
    void keepsAFailureOnOneLineWhateverTheNameOfTheFile() {
        assertEquals(1, run("layout /no/such\nquanta:"));
        assertEquals("quanta: no such file: /no/such\ufffdquanta:", err.toString().strip());
    }

    @Test
    void writesNumbersAsNumbersOfJson() {
        assertEquals(0, run("info --json"));
        String compact = out.toString().replaceAll("\\s", "");
        String numbers =
                "\"processors\":\\d+,\"heapAddressSpaceBytes\":\\d+,\"heapLimitBytes\":null,"
                        + "\"workers\":\\d+,\"tools\":";
        assertTrue(Pattern.compile(numbers).matcher(compact).find(), compact);
    }
}
