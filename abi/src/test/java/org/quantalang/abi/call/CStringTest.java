package org.quantalang.abi.call;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.abi.StringEncoding;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

class CStringTest {
    @ParameterizedTest
    @EnumSource(StringEncoding.class)
    void readsBackWhatItWrote(StringEncoding encoding) {
        String text = encoding == StringEncoding.ASCII ? "plain" : "naïve ÿ";
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = CString.allocate(arena, text, encoding);
            assertEquals(
                    text.getBytes(encoding.charset()).length + encoding.unitBytes(),
                    copy.byteSize());
            assertEquals(text, CString.read(copy, encoding));
            assertEquals(text, CString.read(MemorySegment.ofAddress(copy.address()), encoding));
        }
    }

    @Test
    void readsNullAsTheEmptyString() {
        assertEquals("", CString.read(null));
        assertEquals("", CString.read(MemorySegment.NULL));
    }

    @Test
    void replacesInvalidUtf8() {
        assertEquals("a\ufffdb", CString.read(MemorySegment.ofArray(new byte[] {'a', -1, 'b', 0})));
    }

    @Test
    void neverReadsBeyondASegmentWithoutAZero() {
        assertEquals("ab", CString.read(MemorySegment.ofArray(new byte[] {'a', 'b'})));
    }

    @Test
    void refusesTextThatCWouldCutShort() {
        var refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> CString.allocate(Arena.ofAuto(), "ab\0c"));
        assertEquals(
                "text contains U+0000, where C would end it: index=2 length=4",
                refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "ASCII, a\u00e9, U+00E9, 1, US-ASCII",
        "LATIN1, \u00e9\u20ac, U+20AC, 1, ISO-8859-1",
        "LATIN1, ab\ud83d\ude00, U+1F600, 2, ISO-8859-1",
        "UTF8, ab\ud83d, U+D83D, 2, UTF-8",
        "UTF16_LE, \ude00b, U+DE00, 0, UTF-16LE",
        "UTF32_LE, a\ud83db, U+D83D, 1, UTF-32LE",
    })
    void refusesCharactersThatTheEncodingLacks(
            StringEncoding encoding, String text, String character, int index, String name) {
        var refused =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> CString.allocate(Arena.ofAuto(), text, encoding));
        assertEquals(
                "character does not exist in the encoding: character=%s index=%d encoding=%s"
                        .formatted(character, index, name),
                refused.getMessage());
    }

    @Test
    void convertsBetweenUtf16AndUtf8() {
        byte[] utf8 = "grün 𝄞".getBytes(StandardCharsets.UTF_8);
        byte[] utf16 = "grün 𝄞".getBytes(StandardCharsets.UTF_16LE);
        assertArrayEquals(utf16, CString.utf8ToUtf16(utf8, StringEncoding.UTF16_LE));
        assertArrayEquals(utf8, CString.utf16ToUtf8(utf16, StringEncoding.UTF16_LE));
    }
}
