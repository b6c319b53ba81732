package org.quantalang.abi.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.FfiContext;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.HostLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;

/** The README's example of calls: what it says it prints, and that the README has these lines. */
class CallExampleTest {
    private final StringBuilder printed = new StringBuilder();

    private void println(Object line) {
        printed.append(line).append('\n');
    }

    // README
    int compare(MemorySegment a, MemorySegment b) { // C calls it
        return CString.read(a).compareTo(CString.read(b));
    }

    void callC() throws Throwable {
        FfiContext c = new FfiContext(Target.host());
        c.add(
                CDeclarations.parse(
                        """
                        double cos(double x);
                        typedef struct { int quot, rem; } div_t;
                        div_t div(int number, int by);
                        struct in_addr { uint32_t s_addr; };
                        char *inet_ntoa(struct in_addr address);
                        void qsort(void *base, size_t count, size_t size,
                                   int (*compare)(const void *, const void *));
                        """,
                        c.target()));
        NativeLibrary libc = NativeLibrary.libc();
        try (Arena arena = Arena.ofConfined()) {
            NativeLibrary libm = NativeLibrary.open("m", arena); // finds libm.so.6
            MethodHandle cos = libm.downcall("cos", c.function("cos").signature()).handle();
            println((double) cos.invokeExact(0.0)); // 1.0

            // Returns a record: the first argument is the allocator that gives the memory.
            MethodHandle div = libc.downcall("div", c.function("div").signature()).handle();
            MemorySegment parts = (MemorySegment) div.invokeExact((SegmentAllocator) arena, 17, 5);
            RecordLayout divT = c.record("div_t").layout(c.target());
            println(parts.get(ValueLayout.JAVA_INT, divT.field("rem").offsetBytes())); // 2

            // Takes a record by value, returns a string that C owns.
            MethodHandle text =
                    libc.downcall("inet_ntoa", c.function("inet_ntoa").signature()).handle();
            MemorySegment address = arena.allocate(HostLayout.of(c.record("in_addr")));
            address.copyFrom(MemorySegment.ofArray(new byte[] {127, 0, 0, 1}));
            println(CString.read((MemorySegment) text.invokeExact(address))); // 127.0.0.1

            // Takes a function: what compare throws, the guarded handle throws after the call.
            MethodHandle qsort = libc.downcall("qsort", c.function("qsort").signature()).handle();
            Callback order =
                    Callback.create(
                            arena,
                            CFunctionSignature.of(
                                    CTypes.INT,
                                    CTypes.CONST_VOID_POINTER,
                                    CTypes.CONST_VOID_POINTER),
                            MethodHandles.lookup()
                                    .bind(
                                            this,
                                            "compare",
                                            MethodType.methodType(
                                                    int.class,
                                                    MemorySegment.class,
                                                    MemorySegment.class)));
            MemorySegment words = arena.allocate(3 * 8); // char words[3][8]
            int at = 0;
            for (String word : new String[] {"pear", "fig", "apple"}) {
                words.asSlice(8L * at++, 8).copyFrom(CString.allocate(arena, word));
            }
            order.guard(qsort).invokeExact(words, 3L, 8L, order.pointer());
            println(CString.read(words)); // apple
        }
    }

    // end

    @Test
    void printsWhatItsCommentsSay() throws Throwable {
        callC();
        assertEquals("1.0\n2\n127.0.0.1\napple\n", printed.toString());
    }

    @Test
    void standsInTheReadme() throws IOException {
        String source =
                Files.readString(
                        Path.of("src/test/java/org/quantalang/abi/call/CallExampleTest.java"));
        int start = source.indexOf("// README\n") + "// README\n".length();
        String lines = source.substring(start, source.indexOf("    // end", start));
        String readme = Files.readString(Path.of("../README.md"));
        assertTrue(
                readme.contains("```java\n" + lines.stripTrailing().stripIndent() + "\n```\n"),
                lines);
    }
}
