package org.quantalang.core.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code quanta layout} and {@code quanta classify}. */
class CDeclarationCommandsTest {
    @TempDir Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String command, String text, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("declarations.h"), text);
        String[] arguments = new String[more.length + 2];
        arguments[0] = command;
        arguments[1] = file.toString();
        System.arraycopy(more, 0, arguments, 2, more.length);
        return Quanta.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    private String compact() {
        return out.toString().replaceAll("\\s", "");
    }

    @Test
    void layoutPrintsRecordsAsJson() throws IOException {
        int code =
                run(
                        "layout",
                        "struct s { char c; union { int i; double d; }; unsigned b : 3; int : 2;"
                                + " char f[]; };",
                        "--json",
                        "--target",
                        "x86_64-pc-linux-gnu");
        assertEquals("", err.toString());
        assertEquals(0, code);
        assertEquals(
                "{'target':'x86_64-pc-linux-gnu','records':[{'name':'s','kind':'struct','size':24,'align':8,"
                                .replace('\'', '"')
                        + "'fields':[{'name':'c','type':'char','offset':0,'size':1},"
                                .replace('\'', '"')
                        + "{'name':'','offset':8,'size':8,'fields':[".replace('\'', '"')
                        + "{'name':'i','type':'int','offset':8,'size':4},".replace('\'', '"')
                        + "{'name':'d','type':'double','offset':8,'size':8}]},".replace('\'', '"')
                        + "{'name':'b','type':'unsignedint','bitOffset':128,'bitWidth':3},"
                                .replace('\'', '"')
                        + "{'name':'','type':'int','bitOffset':131,'bitWidth':2},"
                                .replace('\'', '"')
                        + "{'name':'f','type':'char[]','offset':17,'size':0}]}]}"
                                .replace('\'', '"'),
                compact());
    }

    @Test
    void aRecordThatOnlyATypedefNamesHasTheAlignmentOfThatName() throws IOException {
        String text =
                "typedef union { char c; } u __attribute__((aligned(32)));"
                        + " typedef struct t { char c; } t __attribute__((aligned(32)));";
        assertEquals(0, run("layout", text, "--json"));
        assertTrue(
                compact().contains("\"name\":\"u\",\"kind\":\"union\",\"size\":1,\"align\":32,"),
                out.toString());
        assertTrue(
                compact().contains("\"name\":\"t\",\"kind\":\"struct\",\"size\":1,\"align\":1,"),
                out.toString());
        assertEquals(0, run("layout", text));
        assertTrue(out.toString().contains("typedef union u  size 1, aligned to 32"));
        assertTrue(out.toString().contains("\nstruct t  size 1, aligned to 1"));
    }

    @Test
    void layoutMarksHolesAndPadding() throws IOException {
        assertEquals(0, run("layout", "struct s { char c; int i; char d; };"));
        assertTrue(out.toString().contains("-- hole --"), out.toString());
        assertTrue(out.toString().contains("-- padding --"), out.toString());
    }

    @Test
    void classifyPrintsRegistersAsJson() throws IOException {
        int code =
                run(
                        "classify",
                        "struct p { double x; long n; }; struct p f(struct p a, char c);",
                        "--json",
                        "--target",
                        "x86_64-linux-gnu");
        assertEquals("", err.toString());
        assertEquals(0, code);
        assertEquals(
                ("{'target':'x86_64-pc-linux-gnu','convention':'c','functions':[{'name':'f','symbol':'f',"
                     + "'return':{'passing':'direct','parts':[{'register':'xmm0','offset':0,'size':8},"
                     + "{'register':'rax','offset':8,'size':8}]},'arguments':[{'name':'a',"
                     + "'type':'structp','passing':'direct','parts':[{'register':'xmm0','offset':0,"
                     + "'size':8},{'register':'rdi','offset':8,'size':8}],'extension':'none'},"
                     + "{'name':'c','type':'char','passing':'direct','parts':[{'register':'rsi',"
                     + "'offset':0,'size':1}],'extension':'sign'}],'stackBytes':0,'calleePops':0,"
                     + "'variadic':false}]}")
                        .replace('\'', '"'),
                compact());
    }

    @Test
    void furtherArgumentsArePromotedAsACallerPromotesThem() throws IOException {
        int code =
                run(
                        "classify",
                        "int f(int, ...);",
                        "--variadic",
                        "float, char",
                        "--target",
                        "x86_64-pc-linux-gnu");
        assertEquals(0, code);
        assertTrue(out.toString().contains("double"), out.toString());
        assertTrue(!out.toString().contains("float"), out.toString());
    }

    @Test
    void furtherArgumentsThatNoFunctionTakesAreNoted() throws IOException {
        assertEquals(0, run("classify", "int f(int);", "--variadic", "float"));
        assertEquals(
                "quanta: --variadic has no effect: no function here takes \"...\"\n",
                err.toString());
    }

    @Test
    void onWebAssemblyADirectResultIsNoParameter() throws IOException {
        assertEquals(
                0,
                run("classify", "struct s { int a, b; } f(void);", "--target", "wasm32")
                        + run("classify", "int g(int);", "--target", "wasm32"));
        assertTrue(out.toString().contains("pointer in parameter 0"), out.toString());
        assertTrue(out.toString().contains("result 0"), out.toString());
    }

    @Test
    void aConventionThatTheTargetLacksIsRefused() throws IOException {
        int code =
                run(
                        "classify",
                        "int f(int);",
                        "--convention",
                        "stdcall",
                        "--target",
                        "aarch64-linux-gnu");
        assertEquals(2, code);
        assertEquals("", out.toString());
        assertEquals(
                "quanta: --convention: target=aarch64-linux-gnu has no convention=stdcall; it has"
                        + " [c, system, aarch64, quanta]\ntry 'quanta classify --help'\n",
                err.toString());
    }

    @Test
    void anOptionThatMeansNothingIsWrongUse() throws IOException {
        for (String target : List.of("vax", "sparc-sun-solaris", "wasm32-unknown-emscripten")) {
            err.getBuffer().setLength(0);
            assertEquals(2, run("layout", "struct s { int a; };", "--target", target));
            assertTrue(
                    err.toString().startsWith("quanta: --target: unknown target"), err::toString);
        }
        err.getBuffer().setLength(0);
        assertEquals(2, run("layout", "struct s { int a; };", "--target", ""));
        assertTrue(
                err.toString().startsWith("quanta: --target: no target given; known: x86_64-"),
                err::toString);
        err.getBuffer().setLength(0);
        assertEquals(2, run("classify", "int f(int);", "--convention", ""));
        assertTrue(
                err.toString()
                        .startsWith("quanta: --convention: no calling convention given; known: c "),
                err::toString);
        err.getBuffer().setLength(0);
        assertEquals(
                2, Quanta.execute(new PrintWriter(out), new PrintWriter(err, true), "layout", ""));
        assertTrue(
                err.toString().startsWith("quanta: no FILE given; - is standard input"),
                err::toString);
        err.getBuffer().setLength(0);
        assertEquals(2, run("classify", "int f(int, ...);", "--variadic", "int["));
        assertTrue(err.toString().startsWith("quanta: --variadic: line 1, column"), err::toString);
    }

    @Test
    void aTextWithoutRecordsOrFunctionsIsSaidToBeOne() throws IOException {
        Path file = folder.resolve("declarations.h");
        assertEquals(0, run("layout", "int f(int); struct { int a; } x;"));
        assertEquals(
                "quanta: %s defines no record with a name: nothing to lay out\n".formatted(file),
                err.toString());
        err.getBuffer().setLength(0);
        assertEquals(0, run("classify", "struct s { int a; };", "--variadic", "int"));
        assertEquals(
                "quanta: %s declares no function: nothing to classify\n".formatted(file),
                err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void aVariadicFunctionIsShownInTheConventionThatItHas() throws IOException {
        assertEquals(
                0,
                run(
                        "classify",
                        "int __attribute__((stdcall)) f(int, ...);",
                        "--target",
                        "i686-pc-windows-msvc"));
        assertEquals("", err.toString());
        assertTrue(out.toString().contains("  symbol _f, c, 4 stack bytes\n"), out::toString);
    }

    @Test
    void aFunctionThatCannotBeCalledIsNamedAndTheOthersAreShown() throws IOException {
        int code =
                run(
                        "classify",
                        "int f(int); void g(__int128 x); int h(double);",
                        "--target",
                        "i686-linux-gnu");
        assertEquals(1, code);
        assertTrue(out.toString().contains("int f(int)"), out::toString);
        assertTrue(out.toString().contains("int h(double)"), out::toString);
        assertEquals(
                "quanta: g: __int128 does not exist on target=i686-pc-linux-gnu\n", err.toString());
    }

    @Test
    void anInputThatHasNoEndIsRefused() throws IOException {
        Path file = folder.resolve("endless.h");
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength((64 << 20) + 1);
        }
        int code =
                Quanta.execute(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        "layout",
                        file.toString());
        assertEquals(1, code);
        assertTrue(
                err.toString().contains("the input is too large: mostBytes=67108864"),
                err.toString());
    }

    @Test
    void aFaultInTheTextIsShownWithItsPlace() throws IOException {
        assertEquals(1, run("layout", "struct s {\n  int x\n};"));
        assertEquals("", out.toString());
        assertTrue(
                err.toString().contains("line 3, column 1: expected ';' after a member, found '}'"),
                err.toString());
    }

    @Test
    void aFaultInPreprocessedTextIsShownWithFileAndLineBeforeIt() throws IOException {
        String text = "# 849 \"/usr/include/regex.h\" 3 4\nint a;\nint \u001b[31m;\n";
        assertEquals(1, run("layout", text));
        assertTrue(
                err.toString().contains("line 3, column 5 (/usr/include/regex.h:850): "),
                err::toString);
        assertTrue(err.toString().indexOf('\u001b') < 0, err::toString);
    }

    @Test
    void whatWouldHaveToBeGuessedIsRefused() throws IOException {
        String[][] refused = {
            {"struct s { char c; int i; } [[gnu::packed]];", "compilers differ on 'packed'"},
            {"#pragma ms_struct on\nstruct s { int i; };", "changes the layout"},
            {"void f(int) __attribute__((regparm(3)));", "changes the call"},
            {"struct s { char c[1 << 40]; };", "shift count out of range"},
            {"typedef int T; typedef long T;", "conflicting declarations of 'T'"},
        };
        for (String[] each : refused) {
            err.getBuffer().setLength(0);
            assertEquals(1, run("layout", each[0]), each[0]);
            assertTrue(err.toString().contains(each[1]), err::toString);
        }
        assertEquals("", out.toString());
        assertEquals(0, run("layout", "struct [[gnu::packed]] s { char c; int i; };", "--json"));
        assertTrue(compact().contains("\"size\":5,\"align\":1,"), out::toString);
    }
}
