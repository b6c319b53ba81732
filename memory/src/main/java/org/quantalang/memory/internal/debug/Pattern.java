package org.quantalang.memory.internal.debug;

import org.quantalang.memory.internal.object.Memory;

/**
 * What memory holds that nobody should read or write, in full checked mode: one byte, repeated, so
 * that it is told from data at a glance.
 */
public final class Pattern {
    /** Behind an object's payload, up to the end of its block. */
    static final byte REDZONE = (byte) 0xfd;

    /** In a payload that was not written since it was allocated. */
    static final byte FRESH = (byte) 0xcb;

    /** In a freed block, word B of its header included. */
    static final byte FREED = (byte) 0xdb;

    /** At least so many bytes lie behind each payload; the C ABI keeps payloads 16-aligned. */
    public static final long REDZONE_BYTES = CheckedLevel.ALL ? 16 : 0;

    private static final long BYTE_IN_EACH = 0x0101_0101_0101_0101L;

    private Pattern() {}

    /** Address of the first byte in {@code [from, to)} that is another; {@code to} if none is. */
    static long firstOther(long from, long to, byte pattern) {
        long eight = (pattern & 0xff) * BYTE_IN_EACH;
        long at = from;
        while (to - at >= Long.BYTES && Memory.getLong(at) == eight) {
            at += Long.BYTES;
        }
        while (at != to && Memory.getByte(at, 0) == pattern) {
            at++;
        }
        return at;
    }

    /** How many bytes in {@code [from, to)} are others. */
    static long others(long from, long to, byte pattern) {
        long count = 0;
        for (long at = firstOther(from, to, pattern);
                at != to;
                at = firstOther(at + 1, to, pattern)) {
            count++;
        }
        return count;
    }
}
