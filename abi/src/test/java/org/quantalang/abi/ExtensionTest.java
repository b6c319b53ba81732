package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantalang.abi.ArgumentPlan.Extension;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sign and zero extension of every integer type, as a parameter and as a result, beside clang's.
 */
class ExtensionTest {
    private static final List<String> TYPES =
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
                    "wchar_t",
                    "char16_t",
                    "char32_t",
                    "int8_t",
                    "uint16_t",
                    "uint32_t",
                    "size_t",
                    "enum small",
                    "enum negative",
                    "enum tiny",
                    "void *");
    private static final String PRELUDE =
            """
            enum small { S0, S1 }; enum negative { N0 = -1, N1 };
            enum __attribute__((packed)) tiny { T0, T1 = 3 };
            """;
    private static final String COMPILER_PRELUDE =
            RecordGenerator.COMPILER_PRELUDE
                    + """
                    typedef __INT8_TYPE__ int8_t; typedef __UINT16_TYPE__ uint16_t;
                    typedef __UINT32_TYPE__ uint32_t;
                    """;
    private static final Pattern DEFINITION =
            Pattern.compile(
                    "(?m)^define"
                        + " [^@]*?(zeroext|signext)?[^@(]*@\"?[^\"(]*?([pr]\\d+)(?:@+\\d+)?\"?\\((.*?)\\)");

    @TempDir Path folder;

    @ParameterizedTest
    @MethodSource("org.quantalang.abi.CallPlanPropertyTest#targetsAndConventions")
    void agreesWithClang(Target target, CallingConvention convention) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        CDeclarations declarations = CDeclarations.parse(PRELUDE, target);
        StringBuilder source = new StringBuilder(COMPILER_PRELUDE).append(PRELUDE);
        String attribute = String.valueOf(CallPlanPropertyTest.attribute(convention));
        Map<String, String> ours = new TreeMap<>();
        for (int i = 0; i < TYPES.size(); i++) {
            String name = TYPES.get(i);
            source.append(
                    "void %s p%d(%s x) {}%n%s %s r%d(void) { return 0; }%n"
                            .formatted(attribute, i, name, name, attribute, i));
            CType type = declarations.types(name).getFirst();
            CFunctionSignature signature =
                    CFunctionSignature.of(type, type).withConvention(convention);
            CallPlan plan = CallPlan.of(signature, List.of(), target);
            ours.put("p" + i + " " + name, text(plan.arguments().getFirst().extension()));
            ours.put("r" + i + " " + name, text(plan.result().extension()));
        }
        Path file = Files.writeString(folder.resolve("extensions.c"), source);
        String ir =
                clang.run(
                        List.of(
                                "--target=" + target.triple(),
                                "-w",
                                "-S",
                                "-emit-llvm",
                                "-o",
                                "-",
                                file.toString()));
        Map<String, String> clangs = new TreeMap<>();
        Matcher definition = DEFINITION.matcher(ir);
        while (definition.find()) {
            String name = definition.group(2);
            String type = TYPES.get(Integer.parseInt(name.substring(1)));
            Matcher attributes =
                    Pattern.compile("(zero|sign)ext")
                            .matcher(
                                    name.startsWith("r")
                                            ? definition.group().split("@", -1)[0]
                                            : definition.group(3));
            clangs.put(name + " " + type, attributes.find() ? attributes.group(1) : "none");
        }
        assertEquals(ours, clangs);
    }

    private static String text(Extension extension) {
        return extension.name().toLowerCase(Locale.ROOT);
    }
}
