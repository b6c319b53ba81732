package org.quantalang.bench.workload;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Payload of objects, by address: what a compiler for a language on this heap would emit.
 *
 * <p>Each address is masked, which tells the JIT that it is in range, so that the check of the
 * constant segment folds away; there is none of alignment. The heap masks with the same constant,
 * so that the JIT does it once for both. Plain accesses; a wrong address is not noticed.
 */
public final class RawMemory {
    private static final long MASK = (1L << 47) - 1;

    private static final MemorySegment ALL = everything();

    private RawMemory() {}

    // The segment stays in this class; its users pass addresses of objects that they hold.
    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /** Reads 8 bytes. */
    public static long getLong(long address) {
        return ALL.get(JAVA_LONG_UNALIGNED, address & MASK);
    }

    /** Writes 8 bytes. */
    public static void putLong(long address, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, address & MASK, value);
    }

    /** Reads a byte as 0 to 255. */
    public static int getByte(long address) {
        return ALL.get(JAVA_BYTE, address & MASK) & 0xff;
    }

    /** Writes the same byte to a range. */
    public static void fill(long address, long bytes, byte value) {
        ALL.asSlice(address & MASK, bytes).fill(value);
    }
}
