package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Joined lines, comments, directives and digraphs: what becomes of a text before it has tokens. */
class TranslationPhasesTest {
    private static final Target LINUX = Target.X86_64_LINUX_GNU;

    @TempDir Path folder;

    /** Each declares {@code struct s}, about whose size the compilers are asked. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "struct s { char c; // goes on \\\n int hidden;\n long l; };",
                "struct s { char c; // goes on \\ \t\n int hidden;\n long l; };",
                "struct s { char c; // goes on \\\r\n int hidden;\r\n long l; };",
                "struct s { char c; // ends \\ here\n int shown; };",
                "struct s { char c; /\\\n/ a comment\n int i; };",
                "struct s { char c; /\\\n* a comment *\\\n/ int i; };",
                "str\\\nuct s { sh\\\n\\\nort i; char a[1\\\n2]; };",
                "struct s { char a[sizeof \"abc\\\ndef\"]; };",
                "struct s { char a['\\\n\\\n\\x4\\\n1']; };",
                "#pragma pack(1) // tight\nstruct s { char c; int i; };",
                "#pragma pack(1) // \\\n struct not { int i; };\nstruct s { char c; int i; };",
                "#pragma pack(1) /* tight\n still */\nstruct s { char c; int i; };",
                "#pragma pack(/* a */ push, /* b */ 1 /* c */)\nstruct s { char c; int i; };",
                "# /* a */ pragma /* b */ pack /* c */ (2)\nstruct s { char c; int i; };",
                "/* a */ #pragma pack(2)\nstruct s { char c; int i; };",
                "#pra\\\ngma pa\\\nck(\\\n2\\\n)\nstruct s { char c; int i; };",
                "%:pragma pack(2)\nstruct s { char c; int i; };",
                "#pragma pack(0b10)\nstruct s { char c; int i; };",
                "#pragma pack(push, 0B1u)\nstruct s { char c; int i; };",
                "#pragma pack(0b11)\nstruct s { char c; int i; };",
                "#pragma message \"http://x/*\" // and so on\nstruct s { char c; int i; };",
                "struct s <% char a<:3:>; %>;",
                "struct s { char a[sizeof \"<:\"]; int b:> 3?2:1; };",
                "struct s { char a[1 <:: 2]; };",
            })
    void leaveWhatCompilersSee(String text) throws IOException {
        Path source = folder.resolve("phases.c");
        String size;
        try {
            size = String.valueOf(CDeclarations.parse(text, LINUX).record("s").size(LINUX));
        } catch (CParseException _) {
            size = "1, a fault"; // which both compilers must find
        }
        Files.writeString(
                source, text + "\n_Static_assert(sizeof(struct s) == %s);".formatted(size));
        for (CompilerUnderTest compiler :
                List.of(
                        CompilerUnderTest.require("gcc", "gcc"),
                        CompilerUnderTest.require("clang-19", "clang-19"))) {
            List<String> line = List.of("-w", "-std=gnu2x", "-fsyntax-only", source.toString());
            if (size.endsWith("fault")) {
                assertThrows(AssertionError.class, () -> compiler.run(line), text);
            } else {
                assertEquals("", compiler.run(line), text);
            }
        }
    }

    private static String fault(String text) {
        return String.valueOf(
                assertThrows(CParseException.class, () -> CDeclarations.parse(text, LINUX))
                        .getMessage());
    }

    @Test
    void leaveFaultsInTheLinesThatWereGiven() {
        assertTrue(fault("int a; // b \\\n c\nint @").startsWith("line 3, column 5: "));
        assertTrue(fault("int a\\\nb\\\n\\\n @").startsWith("line 4, column 2: "));
        assertTrue(
                fault("int a; /\\\n* c").startsWith("line 1, column 8: comment is never closed"));
        assertTrue(fault("int a;\r\n\\\r\n  @").startsWith("line 3, column 3: "));
        assertTrue(fault("# 7 \"x.h\" /* a\n b */\n@").startsWith("line 3, column 1 (x.h:7): "));
        assertTrue(fault("int a; \\ b").contains("unexpected character U+005C"));
    }
}
