package org.quantalang.memory.internal.object;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Raw memory by address: the one class that touches it.
 *
 * <p>All access goes through one constant segment that spans the address space, and each address is
 * masked first. The mask tells the JIT that the address is within bounds, so that the check folds
 * away and what is left is one AND and the access itself; layouts are unaligned, so that there is
 * no alignment check (every address here is aligned all the same). A wild address therefore is no
 * exception here but another wrong address; callers own their addresses.
 *
 * <p>The forms with base and offset mask each for itself. A constant offset then costs nothing, and
 * several accesses to one base share one AND: inner code uses these.
 *
 * <p>Loops over slots compare addresses with {@code !=} instead of counting: an int counted inner
 * loop makes the JIT split the range check into three loops, which ruins loops of a few rounds.
 *
 * <p>Any thread. Accesses are plain but for those of shared heaps, whose names say what they are;
 * these take addresses that are multiples of 8, which their mask makes known to the JIT.
 */
public final class Memory {
    /** User addresses end here on every 64-bit system that is supported (4-level page tables). */
    public static final long ADDRESS_LIMIT = 1L << 47;

    private static final long MASK = ADDRESS_LIMIT - 1;

    private static final long ALIGNED_MASK = ADDRESS_LIMIT - Long.BYTES;

    private static final MemorySegment ALL = wholeAddressSpace();

    /** The same, from a header's length below address 0 on. */
    private static final MemorySegment HEADERS = headers();

    private static final VarHandle LONG = JAVA_LONG.varHandle().withInvokeExactBehavior();

    private Memory() {}

    // The segment never leaves this class, and every address given to it was handed out by a page
    // source or belongs to the caller.
    @SuppressWarnings("restricted")
    private static MemorySegment wholeAddressSpace() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    @SuppressWarnings("restricted") // as the other
    private static MemorySegment headers() {
        return MemorySegment.ofAddress(-HeaderWord.BYTES).reinterpret(Long.MAX_VALUE);
    }

    /**
     * Word A of the header in front of an object, by the object's address: the distance is part of
     * a constant, and of the instruction that reads, instead of an instruction of its own.
     */
    public static long getHeader(long object) {
        return HEADERS.get(JAVA_LONG_UNALIGNED, object & MASK);
    }

    public static void putHeader(long object, long word) {
        HEADERS.set(JAVA_LONG_UNALIGNED, object & MASK, word);
    }

    public static long getLong(long address) {
        return ALL.get(JAVA_LONG_UNALIGNED, address & MASK);
    }

    public static void putLong(long address, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, address & MASK, value);
    }

    public static long getLong(long base, long offset) {
        return ALL.get(JAVA_LONG_UNALIGNED, (base & MASK) + (offset & MASK));
    }

    public static void putLong(long base, long offset, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, (base & MASK) + (offset & MASK), value);
    }

    public static long getLongOpaque(long address) {
        return (long) LONG.getOpaque(ALL, address & ALIGNED_MASK);
    }

    public static long getLongAcquire(long address) {
        return (long) LONG.getAcquire(ALL, address & ALIGNED_MASK);
    }

    public static void putLongRelease(long address, long value) {
        LONG.setRelease(ALL, address & ALIGNED_MASK, value);
    }

    public static void putLongVolatile(long address, long value) {
        LONG.setVolatile(ALL, address & ALIGNED_MASK, value);
    }

    /** Acquire and release, and a full fence on the processors we run on. */
    public static boolean compareAndSet(long address, long expected, long value) {
        return (boolean) LONG.compareAndSet(ALL, address & ALIGNED_MASK, expected, value);
    }

    /** Adds; returns the value before. */
    public static long getAndAdd(long address, long delta) {
        return (long) LONG.getAndAdd(ALL, address & ALIGNED_MASK, delta);
    }

    /** Stores; returns the value before. */
    public static long getAndSet(long address, long value) {
        return (long) LONG.getAndSet(ALL, address & ALIGNED_MASK, value);
    }

    public static int getInt(long address) {
        return ALL.get(JAVA_INT_UNALIGNED, address & MASK);
    }

    public static void putInt(long address, int value) {
        ALL.set(JAVA_INT_UNALIGNED, address & MASK, value);
    }

    public static int getInt(long base, long offset) {
        return ALL.get(JAVA_INT_UNALIGNED, (base & MASK) + (offset & MASK));
    }

    public static void putInt(long base, long offset, int value) {
        ALL.set(JAVA_INT_UNALIGNED, (base & MASK) + (offset & MASK), value);
    }

    public static short getShort(long base, long offset) {
        return ALL.get(JAVA_SHORT_UNALIGNED, (base & MASK) + (offset & MASK));
    }

    public static void putShort(long base, long offset, short value) {
        ALL.set(JAVA_SHORT_UNALIGNED, (base & MASK) + (offset & MASK), value);
    }

    public static byte getByte(long base, long offset) {
        return ALL.get(JAVA_BYTE, (base & MASK) + (offset & MASK));
    }

    public static void putByte(long base, long offset, byte value) {
        ALL.set(JAVA_BYTE, (base & MASK) + (offset & MASK), value);
    }

    public static double getDouble(long base, long offset) {
        return ALL.get(JAVA_DOUBLE_UNALIGNED, (base & MASK) + (offset & MASK));
    }

    public static void putDouble(long base, long offset, double value) {
        ALL.set(JAVA_DOUBLE_UNALIGNED, (base & MASK) + (offset & MASK), value);
    }

    public static float getFloat(long base, long offset) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, (base & MASK) + (offset & MASK));
    }

    public static void putFloat(long base, long offset, float value) {
        ALL.set(JAVA_FLOAT_UNALIGNED, (base & MASK) + (offset & MASK), value);
    }

    /** Zeroes the 8-byte words in {@code [from, to)}; both are multiples of 8. */
    public static void zeroWords(long from, long to) {
        if (to - from > ZERO_BY_WORD_BYTES) {
            fill(from, to - from, (byte) 0);
            return;
        }
        for (long word = from; word != to; word += Long.BYTES) {
            putLong(word, 0);
        }
    }

    /** Above this the JDK's bulk fill is faster than a loop of stores. */
    private static final long ZERO_BY_WORD_BYTES = 256;

    /** Sets {@code bytes} bytes to {@code value}. */
    public static void fill(long address, long bytes, byte value) {
        ALL.asSlice(address & MASK, bytes).fill(value);
    }

    /** Copies between two ranges that may overlap. */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    public static void copyIn(byte[] source, int sourceIndex, long to, int bytes) {
        MemorySegment.copy(source, sourceIndex, ALL, JAVA_BYTE, to & MASK, bytes);
    }

    public static void copyOut(long from, byte[] target, int targetIndex, int bytes) {
        MemorySegment.copy(ALL, JAVA_BYTE, from & MASK, target, targetIndex, bytes);
    }

    /** Writes {@code text} as UTF-8 with a closing zero byte; {@code at} has room for it. */
    public static void putCString(long at, byte[] text) {
        copyIn(text, 0, at, text.length);
        putByte(at, text.length, (byte) 0);
    }
}
