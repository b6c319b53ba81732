package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A destructor compiled from C, and C that reads the header and the type table. */
class NativeDestructorTest {
    private static final String SOURCE =
            """
            #include <stdint.h>
            int64_t dropped, last_value, last_strong;
            void drop(void *object) {
                int64_t *header = (int64_t *)object - 2;
                dropped++;
                last_value = *(int64_t *)object;
                last_strong = (uint64_t)*header >> 36;
            }
            """;

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    @Test
    void runsOnceWithThePayloadIntact(@TempDir Path folder)
            throws IOException, InterruptedException {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library = compile(folder, arena);
            TypeInfo type =
                    TypeInfo.builder("Dropped")
                            .int64("value")
                            .destructor(library.find("drop").orElseThrow().address())
                            .build();
            long object = test.heap().allocate(type);
            test.heap().putLong(object, 0, 42);
            test.heap().retain(object);
            test.heap().release(object);
            assertEquals(0, value(library, "dropped"));
            test.heap().release(object);
            assertEquals(1, value(library, "dropped"));
            assertEquals(42, value(library, "last_value"));
            assertEquals(1, value(library, "last_strong"), "counted once for the call");
            assertEquals(0, test.heap().liveObjects());
        }
    }

    @Test
    void theHeaderLiesWhereCExpectsIt() {
        long object = test.heap().allocate(TypeInfo.leaf("Leaf", 8, 8));
        assertEquals(16, HeaderWord.BYTES);
        assertEquals(1, Memory.getLong(object - 16) >>> 36);
        test.heap().release(object);
    }

    private static long value(SymbolLookup library, String name) {
        return Memory.getLong(library.find(name).orElseThrow().address());
    }

    @SuppressWarnings("restricted")
    private static SymbolLookup compile(Path folder, Arena arena)
            throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("drop.c"), SOURCE);
        Path library = folder.resolve("libdrop.so");
        for (String compiler : List.of("cc", "gcc", "clang", "clang-19")) {
            try {
                Process process =
                        new ProcessBuilder(
                                        compiler,
                                        "-shared",
                                        "-fPIC",
                                        "-O1",
                                        "-o",
                                        library.toString(),
                                        source.toString())
                                .inheritIO()
                                .start();
                assertEquals(0, process.waitFor());
                return SymbolLookup.libraryLookup(library, arena);
            } catch (IOException notFound) {
                System.out.println("not found: " + compiler);
            }
        }
        return Assumptions.abort("skipped: no C compiler found; apt install gcc");
    }
}
