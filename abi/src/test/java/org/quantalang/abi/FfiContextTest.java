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
import java.util.Optional;

class FfiContextTest {
    @TempDir Path folder;

    private static FfiContext libc(Target target) {
        FfiContext context = new FfiContext(target);
        context.addLibc();
        return context;
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void libcsPrototypesAreThoseTheCompilerKnows(Target target) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        StringBuilder text = new StringBuilder("typedef __SIZE_TYPE__ size_t;\n");
        for (ExternFunction function : libc(target).functions()) {
            text.append(function).append(";\n");
        }
        // Clang knows these functions without a header, and warns of other prototypes.
        Path source = Files.writeString(folder.resolve("libc.c"), text);
        clang.run(arguments(target, source));

        String wrong = text.toString().replace("size_t strlen(", "short strlen(");
        Path mustFail = Files.writeString(folder.resolve("wrong.c"), wrong);
        AssertionError refused =
                assertThrows(AssertionError.class, () -> clang.run(arguments(target, mustFail)));
        assertTrue(String.valueOf(refused.getMessage()).contains("strlen"));
    }

    private static List<String> arguments(Target target, Path source) {
        return List.of(
                "--target=" + target.triple(),
                "-fsyntax-only",
                "-Werror=incompatible-library-redeclaration",
                source.toString());
    }

    @Test
    void libcsTypesAreTheTargets() {
        for (Target target : Target.values()) {
            CFunctionSignature malloc = libc(target).function("malloc").signature();
            assertEquals(
                    CTypes.VOID_POINTER.size(target), malloc.parameters().getFirst().size(target));
            assertTrue(libc(target).function("printf").signature().variadic());
            assertEquals(32, libc(target).functions().size());
        }
    }

    @Test
    void libcsLibrariesAreThePlatforms() {
        assertEquals(
                List.of(LibraryLink.dynamic("c"), LibraryLink.dynamic("m")),
                libc(Target.X86_64_LINUX_GNU).libraries());
        assertEquals(List.of(LibraryLink.dynamic("System")), libc(Target.ARM64_DARWIN).libraries());
        FfiContext msvc = libc(Target.X86_64_WINDOWS_MSVC);
        assertEquals(LinkKind.STATIC, msvc.function("printf").library().orElseThrow().kind());
        assertEquals("ucrt", msvc.function("sin").library().orElseThrow().name());
    }

    @Test
    void addingTheSameAgainIsHarmlessAndAnotherIsRefused() {
        FfiContext context = libc(Target.X86_64_LINUX_GNU);
        int before = context.functions().size();
        context.addLibc();
        assertEquals(before, context.functions().size());
        ExternFunction other =
                ExternFunction.of("puts", CFunctionSignature.of(CTypes.VOID, CTypes.INT));
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> context.add(other));
        assertTrue(String.valueOf(refused.getMessage()).contains("puts"));
        context.add(LibraryLink.dynamic("z"));
        LibraryLink archive = new LibraryLink("z", Optional.empty(), LinkKind.STATIC);
        assertThrows(IllegalArgumentException.class, () -> context.add(archive));
    }

    @Test
    void aFunctionOfAnotherConventionIsRefused() {
        FfiContext context = new FfiContext(Target.I686_WINDOWS_MSVC);
        context.add(CDeclarations.parse("int f(int);", context.target()));
        CDeclarations other = CDeclarations.parse("int __stdcall f(int);", context.target());
        var refused = assertThrows(IllegalArgumentException.class, () -> context.add(other));
        assertEquals(
                "function means two things: name=f known=int f(int) (c) other=int f(int) (stdcall)",
                refused.getMessage());
    }

    @Test
    void recordsOfTwoTextsAreOneIfTheySayTheSame() {
        String header =
                """
                enum kind { LEAF, INNER };
                typedef struct node {
                    struct node *next[2]; enum kind kind; unsigned bits : 3;
                    int (*visit)(struct node *, const char *); struct tree *owner;
                } node;
                """;
        FfiContext context = new FfiContext(Target.X86_64_LINUX_GNU);
        context.add(CStructDef.declare(false, "node"));
        context.add(CDeclarations.parse(header + "int f(node *);", context.target()));
        context.add(CDeclarations.parse(header + "int g(node *);", context.target()));
        assertEquals(40, context.record("node").size(context.target()));
        assertEquals(2, context.functions().size());
        for (String other :
                List.of(
                        header.replace(": 3", ": 4"),
                        header.replace("next[2]", "next[3]"),
                        header.replace("const char", "char"),
                        header.replace("INNER", "OTHER"),
                        header.replace("*owner", "*root"),
                        header.replace("struct node {", "struct __attribute__((packed)) node {"))) {
            CDeclarations c = CDeclarations.parse(other, context.target());
            var refused = assertThrows(IllegalArgumentException.class, () -> context.add(c));
            assertEquals(
                    "record means two things: name=node known=struct node other=struct node",
                    refused.getMessage());
        }
    }

    @Test
    void typeNamesAreFollowedToTheEnd() {
        FfiContext context = new FfiContext(Target.X86_64_LINUX_GNU);
        context.addTypedef("handle", new CType.Opaque("id"));
        assertEquals(new CType.Opaque("id"), context.resolve(new CType.Opaque("handle")));
        context.addTypedef("id", new CType.Typedef("number", CTypes.INT));
        assertEquals(CTypes.INT, context.resolve(new CType.Opaque("handle")));
    }

    @Test
    void aTypeNameThatStandsForItselfIsRefusedWithItsChain() {
        FfiContext context = new FfiContext(Target.X86_64_LINUX_GNU);
        context.addTypedef("a", new CType.Opaque("b"));
        context.addTypedef("b", new CType.Opaque("c"));
        IllegalArgumentException refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> context.addTypedef("c", new CType.Opaque("a")));
        assertEquals("typedef stands for itself: c -> a -> b -> c", refused.getMessage());
        assertEquals(List.of("a", "b"), context.typedefNames());
    }

    @Test
    void takesADeclaredText() {
        FfiContext context = new FfiContext(Target.WASM32);
        context.add(
                CDeclarations.parse(
                        "typedef struct point { double x, y; } point; double norm(point p);",
                        Target.WASM32));
        assertEquals(16, context.record("point").size(Target.WASM32));
        assertEquals("double norm(point p)", context.function("norm").toString());
        IllegalArgumentException none =
                assertThrows(IllegalArgumentException.class, () -> context.function("nrom"));
        assertTrue(String.valueOf(none.getMessage()).contains("norm"));
        CDeclarations elsewhere = CDeclarations.parse("int f(void);", Target.ARM64_DARWIN);
        assertThrows(IllegalArgumentException.class, () -> context.add(elsewhere));
    }
}
