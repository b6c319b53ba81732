package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The example of the README: what it says it prints, and that the README has these very lines. */
class FfiContextExampleTest {
    private final StringBuilder printed = new StringBuilder();

    private void println(Object line) {
        printed.append(line).append('\n');
    }

    private void example() {
        // README
        FfiContext c = new FfiContext(Target.AARCH64_LINUX_GNU);
        c.addLibc();
        c.add(
                CDeclarations.parse(
                        "typedef struct { double x, y; } vec; vec turn(vec v, float by);",
                        c.target()));
        CallPlan turn = CallPlan.of(c.function("turn").signature(), List.of(), c.target());
        println(c.record("vec").size(c.target())); // 16
        println(turn.arguments().getLast().parts().getFirst().register().orElse("")); // v2
        println(c.function("malloc").signature().declare("malloc")); // void *malloc(size_t size)
        println(c.libraries().getFirst().name()); // c
        // end
    }

    @Test
    void printsWhatItsCommentsSay() {
        example();
        assertEquals("16\nv2\nvoid *malloc(size_t size)\nc\n", printed.toString());
    }

    @Test
    void standsInTheReadme() throws IOException {
        String source =
                Files.readString(
                        Path.of("src/test/java/org/quantalang/abi/FfiContextExampleTest.java"));
        int start = source.indexOf("// README\n") + "// README\n".length();
        String lines = source.substring(start, source.indexOf("        // end", start));
        String readme = Files.readString(Path.of("../README.md"));
        assertTrue(
                readme.contains("```java\n" + lines.stripTrailing().stripIndent() + "\n```\n"),
                lines);
    }
}
