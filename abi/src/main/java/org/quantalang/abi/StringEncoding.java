package org.quantalang.abi;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** How the bytes of a C string stand for characters. */
public enum StringEncoding {
    /** UTF-8. */
    UTF8(StandardCharsets.UTF_8, 1),
    /** UTF-16, little endian. */
    UTF16_LE(StandardCharsets.UTF_16LE, 2),
    /** UTF-16, big endian. */
    UTF16_BE(StandardCharsets.UTF_16BE, 2),
    /** UTF-32, little endian. */
    UTF32_LE(StandardCharsets.UTF_32LE, 4),
    /** ASCII; other characters cannot be written. */
    ASCII(StandardCharsets.US_ASCII, 1),
    /** ISO 8859-1; other characters cannot be written. */
    LATIN1(StandardCharsets.ISO_8859_1, 1);

    private final Charset charset;
    private final int unitBytes;

    StringEncoding(Charset charset, int unitBytes) {
        this.charset = charset;
        this.unitBytes = unitBytes;
    }

    /**
     * Returns Java's name of the encoding.
     *
     * @return the charset
     */
    public Charset charset() {
        return charset;
    }

    /**
     * Returns the size of one code unit; the terminating zero is one unit.
     *
     * @return 1, 2 or 4 bytes
     */
    public int unitBytes() {
        return unitBytes;
    }
}
