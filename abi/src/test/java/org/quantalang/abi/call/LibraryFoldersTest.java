package org.quantalang.abi.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.Target;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class LibraryFoldersTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "libx.so.1, libx.so.1",
        "libx.so.9 libx.so.10, libx.so.10",
        "libx.so.1 libx.so.1.2.13, libx.so.1",
        "libx.so.1.1 libx.so.3, libx.so.3",
        "libx.so.1.10 libx.so.1.9, libx.so.1.10",
        "libx.so.2 libx.so.x libx.so.99999999999 libx.so.2-gdb.py, libx.so.2",
        "libx.so liby.so.1, ''",
    })
    void knowTheHighestVersion(String files, String newest) throws IOException {
        for (String file : files.split(" ", -1)) {
            Files.createFile(folder.resolve(file));
        }
        LibraryFolders folders = new LibraryFolders(List.of(folder.resolve("missing"), folder));
        assertEquals(
                Optional.of(newest).filter(name -> !name.isEmpty()), folders.newest("libx.so"));
    }

    @Test
    void areThoseOfTheLoadersConfiguration() throws IOException {
        Files.createDirectory(folder.resolve("conf.d"));
        Files.writeString(folder.resolve("conf.d/a.conf"), "/a # first\n\n");
        Files.writeString(folder.resolve("conf.d/b.conf"), "/b\n/c\n");
        Files.writeString(folder.resolve("conf.d/other"), "/d\n");
        Path file =
                Files.writeString(
                        folder.resolve("ld.so.conf"),
                        "include conf.d/*.conf\ninclude ld.so.conf\ninclude [\n/e\n");
        List<Path> found = new ArrayList<>();
        LibraryFolders.readConfiguration(file, found, 8);
        assertEquals(List.of(Path.of("/e")), found);
        found.clear();
        LibraryFolders.readConfiguration(file, found, 7);
        assertEquals(
                List.of("/a", "/b", "/c", "/e", "/e"), found.stream().map(Path::toString).toList());
    }

    @Test
    void openALibraryThatHasALinkerScriptForItsPlainName() throws Throwable {
        Assumptions.assumeTrue(Target.host().os() == Target.Os.LINUX);
        try (Arena arena = Arena.ofConfined()) {
            NativeLibrary m = NativeLibrary.open("m", arena);
            double one =
                    (double)
                            m.downcall("cos", CFunctionSignature.of(CTypes.DOUBLE, CTypes.DOUBLE))
                                    .handle()
                                    .invokeExact(0.0);
            assertEquals(1.0, one);
        }
    }

    @Test
    void areNotAskedForNamesThatLookLikePatterns() {
        String said =
                String.valueOf(
                        assertThrows(
                                        IllegalArgumentException.class,
                                        () -> NativeLibrary.open("[{*", Arena.global()))
                                .getMessage());
        assertTrue(said.startsWith("cannot open library: name=[{*; tried [{*: "), said);
    }
}
