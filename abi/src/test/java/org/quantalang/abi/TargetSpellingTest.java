package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Triples as compilers spell them: the same platform for clang, or refused. */
class TargetSpellingTest {
    /** What clang defines for the data model, the object format and the convention of floats. */
    private static final Pattern TELLING =
            Pattern.compile(
                    "#define (__SIZEOF_\\w+|__BIGGEST_ALIGNMENT__|__LDBL_MANT_DIG__|__WCHAR_TYPE__"
                        + "|__CHAR_UNSIGNED__|__ELF__|__MACH__|__MINGW32__|_WIN32|_MSC_VER"
                        + "|__linux__|__ANDROID__|__ARM_PCS_VFP|__wasm32__|__EMSCRIPTEN__)\\b.*");

    @ParameterizedTest
    @CsvSource({
        "x86_64-linux-gnu, X86_64_LINUX_GNU",
        "amd64-unknown-linux-gnu, X86_64_LINUX_GNU",
        "x86_64-redhat-linux, X86_64_LINUX_GNU",
        "i586-linux-gnu, I686_LINUX_GNU",
        "x86_64-apple-macosx10.15.0, X86_64_DARWIN",
        "aarch64-apple-macos14, ARM64_DARWIN",
        "arm64-apple-darwin23.1.0, ARM64_DARWIN",
        "x86_64-w64-mingw32, X86_64_WINDOWS_GNU",
        "x86_64-pc-windows-gnu, X86_64_WINDOWS_GNU",
        "i686-pc-windows-gnu, I686_WINDOWS_GNU",
        "i686-mingw32, I686_WINDOWS_GNU",
        "x86_64-windows, X86_64_WINDOWS_MSVC",
        "x86_64-pc-win32, X86_64_WINDOWS_MSVC",
        "x86_64-pc-windows-msvc19.33.0, X86_64_WINDOWS_MSVC",
        "arm64-pc-windows-msvc, AARCH64_WINDOWS_MSVC",
        "aarch64-unknown-linux-gnu, AARCH64_LINUX_GNU",
        "armv7a-unknown-linux-gnueabihf, ARMV7_LINUX_GNUEABIHF",
        "armv7l-linux-gnueabi, ARMV7_LINUX_GNUEABI",
        "riscv64-unknown-linux-gnu, RISCV64_LINUX_GNU",
        "wasm32-unknown-unknown, WASM32",
        "wasm32-wasi, WASM32",
    })
    void namesWhatItIsToClang(String triple, Target target) {
        assertEquals(target, Target.parse(triple));
        assertEquals(target, Target.parse(" " + triple.toUpperCase(Locale.ROOT) + "\n"));
        assertEquals(defined(target.triple()), defined(triple));
    }

    private static List<String> defined(String triple) {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        return clang.run(List.of("--target=" + triple, "-E", "-dM", "-x", "c", "/dev/null"))
                .lines()
                .filter(line -> TELLING.matcher(line).matches())
                .filter(line -> !line.contains("_MSC_VER ")) // its value is the version
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wasm32-unknown-emscripten",
                "wasm32-emscripten",
                "x86_64-pc-windows-cygnus",
                "x86_64-pc-cygwin",
                "x86_64-pc-windows-itanium",
                "x86_64-pc-windows-elf",
                "x86_64-pc-windows-gnu-elf",
                "x86_64-darwin-linux",
                "x86_64-linux-darwin",
                "x86_64-apple-ios",
                "x86_64-unknown-linux-gnux32",
                "aarch64-linux-gnu_ilp32",
                "x86_64-linux-musl",
                "aarch64-linux-android",
                "x86_64-linux-gnueabihf",
                "aarch64-linux-gnueabi",
                "armv7-linux-gnu",
                "armv7-apple-darwin",
                "i686-apple-darwin",
                "riscv64-pc-windows-msvc",
                "x86_64-unknown-freebsd",
                "x86_64",
                "x86_64-",
                "x86_64--",
                "x86_64-pc-linux-gnu-extra",
            })
    void isRefusedIfItHasAnAbiOfItsOwn(String triple) {
        String message =
                String.valueOf(
                        assertThrows(IllegalArgumentException.class, () -> Target.parse(triple))
                                .getMessage());
        assertTrue(
                message.startsWith("unknown target: triple=" + triple + "; known: x86_64-"),
                message);
    }

    @Test
    void mustBeGiven() {
        for (String nothing : List.of("", " ")) {
            assertTrue(
                    String.valueOf(
                                    assertThrows(
                                                    IllegalArgumentException.class,
                                                    () -> Target.parse(nothing))
                                            .getMessage())
                            .startsWith("no target given; known: x86_64-pc-linux-gnu"));
        }
    }
}
