package org.quantalang.abi.call;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.StringEncoding;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Zero-terminated strings in native memory. Stateless; any thread. */
public final class CString {
    private CString() {}

    /**
     * Copies a Java string into native memory, with a terminating zero.
     *
     * @param allocator owns the copy
     * @param text the text; must not contain U+0000
     * @param encoding how to write it
     * @return the copy, terminator included
     * @throws IllegalArgumentException if the text contains U+0000, where C would end it, or a
     *     character that the encoding lacks, a lone surrogate included
     */
    public static MemorySegment allocate(
            SegmentAllocator allocator, String text, StringEncoding encoding) {
        int zero = text.indexOf('\0');
        if (zero >= 0) {
            throw new IllegalArgumentException(
                    "text contains U+0000, where C would end it: index=%d length=%d"
                            .formatted(zero, text.length()));
        }
        ByteBuffer bytes = encoded(text, encoding);
        int length = bytes.remaining();
        MemorySegment copy =
                allocator.allocate(length + encoding.unitBytes(), encoding.unitBytes());
        copy.copyFrom(MemorySegment.ofBuffer(bytes));
        copy.asSlice(length).fill((byte) 0);
        return copy;
    }

    private static ByteBuffer encoded(String text, StringEncoding encoding) {
        CharBuffer characters = CharBuffer.wrap(text);
        try {
            return encoding.charset().newEncoder().encode(characters);
        } catch (CharacterCodingException e) {
            int index = characters.position(); // the encoder stops in front of what it cannot write
            throw new IllegalArgumentException(
                    "character does not exist in the encoding: character=U+%04X index=%d encoding=%s"
                            .formatted(text.codePointAt(index), index, encoding.charset()),
                    e);
        }
    }

    /**
     * Copies a Java string into native memory as UTF-8, with a terminating zero.
     *
     * @param allocator owns the copy
     * @param text the text; must not contain U+0000
     * @return the copy, terminator included
     * @throws IllegalArgumentException if the text contains U+0000 or a lone surrogate
     */
    public static MemorySegment allocate(SegmentAllocator allocator, String text) {
        return allocate(allocator, text, StringEncoding.UTF8);
    }

    /**
     * Reads a zero-terminated string. Bytes that are not valid in the encoding become U+FFFD.
     *
     * @param string where it starts; a pointer that C returned (size 0) is read up to its zero, a
     *     segment of known size never beyond its end; null and the null pointer give the empty
     *     string
     * @param encoding how to read it
     * @return the text
     */
    public static String read(@Nullable MemorySegment string, StringEncoding encoding) {
        if (string == null || (string.isNative() && string.address() == 0)) {
            return "";
        }
        MemorySegment bytes =
                string.isNative() && string.byteSize() == 0 ? unbounded(string) : string;
        int unit = encoding.unitBytes();
        long length = 0;
        while (length + unit <= bytes.byteSize() && !isZero(bytes, length, unit)) {
            length += unit;
        }
        byte[] copy = bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(copy, encoding.charset());
    }

    /**
     * Reads a zero-terminated UTF-8 string.
     *
     * @param string where it starts, as in {@link #read(MemorySegment, StringEncoding)}
     * @return the text
     */
    public static String read(@Nullable MemorySegment string) {
        return read(string, StringEncoding.UTF8);
    }

    private static boolean isZero(MemorySegment bytes, long offset, int unit) {
        for (int i = 0; i < unit; i++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, offset + i) != 0) {
                return false;
            }
        }
        return true;
    }

    // Restricted: the caller says that a C string starts here, so memory up to its zero is
    // readable.
    @SuppressWarnings("restricted")
    private static MemorySegment unbounded(MemorySegment string) {
        return string.reinterpret(Long.MAX_VALUE);
    }

    /**
     * Rewrites UTF-16 bytes as UTF-8.
     *
     * @param utf16 text in {@code encoding}
     * @param encoding {@link StringEncoding#UTF16_LE} or {@link StringEncoding#UTF16_BE}
     * @return the same text in UTF-8; lone surrogates become U+FFFD
     */
    public static byte[] utf16ToUtf8(byte[] utf16, StringEncoding encoding) {
        return new String(utf16, encoding.charset()).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Rewrites UTF-8 bytes as UTF-16.
     *
     * @param utf8 text in UTF-8
     * @param encoding {@link StringEncoding#UTF16_LE} or {@link StringEncoding#UTF16_BE}
     * @return the same text in {@code encoding}; invalid bytes become U+FFFD
     */
    public static byte[] utf8ToUtf16(byte[] utf8, StringEncoding encoding) {
        return new String(utf8, StandardCharsets.UTF_8).getBytes(encoding.charset());
    }
}
