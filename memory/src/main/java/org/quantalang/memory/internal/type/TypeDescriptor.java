package org.quantalang.memory.internal.type;

import static org.quantalang.memory.internal.object.Memory.getInt;
import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.internal.object.HeaderWord;

/**
 * The off-heap description of a type, which compiled C reads too.
 *
 * <pre>
 *   0        8        16       20        24        32         40      48     56       64      72    80
 *  +--------+--------+--------+---------+---------+----------+-------+------+--------+-------+-----+------+----
 *  | header | run    | flags  | runCount| runs    | weakSlots| size  | drop | name   | align | elem| alloc| freed
 *  +--------+--------+--------+---------+---------+----------+-------+------+--------+-------+-----+------+----
 *
 *  header     word A of a fresh object
 *  run        the only run of reference slots, if there is one
 *  flags      what makes the type more than a fixed object with at most one run
 *  runs       address of all runs, if there are several
 *  weakSlots  address of: count (8 bytes), then the offset of each weak slot from the header
 *  size       payload bytes;  align, elem: alignment and bytes of an element (32 bits each)
 *  drop       address of a destructor in C, or 0
 *  name       address of the name, UTF-8, zero-terminated
 *  alloc, freed  objects, counted only if the heap was configured so; then, at 88, plainRun:
 *             if the type has at most one run and nothing else to it (flags 0), offset of its first
 *             slot from the header (32 bits), number of slots (32 bits); otherwise -1
 * </pre>
 *
 * <p>A run is a stretch of adjacent reference slots, as word offsets from the header: first slot in
 * the upper 32 bits, end in the lower.
 */
public final class TypeDescriptor {
    static final long HEADER = 0;
    static final long RUN = 8;
    static final long FLAGS = 16;
    static final long RUN_COUNT = 20;
    static final long RUNS = 24;
    static final long WEAK_SLOTS = 32;
    static final long SIZE = 40;
    static final long DROP = 48;
    static final long NAME = 56;
    static final long ALIGN = 64;
    static final long ELEMENT_BYTES = 68;
    static final long ALLOCATED = 72;
    static final long FREED = 80;
    static final long PLAIN_RUN = 88;

    /** Its references are its elements. */
    public static final int REFERENCE_ARRAY = 1;

    /** It has a destructor, in Java or in C. */
    public static final int DESTRUCTOR = 2;

    /** It has weak reference fields. */
    public static final int WEAK_FIELDS = 4;

    /** A tracer tells its references. */
    public static final int TRACED = 8;

    /** It has more than one run. */
    public static final int MANY_RUNS = 16;

    /** Its runs are not simply {@code run}. */
    public static final int UNUSUAL_RUNS = REFERENCE_ARRAY | TRACED | MANY_RUNS;

    /** Slots of a run at most, whose ends are 32 bits each; 16 GiB of them. */
    public static final long MOST_SLOTS = 1L << 31;

    /** What {@link #plainRun} answers for all other types. */
    public static final long NOT_PLAIN = -1;

    private TypeDescriptor() {}

    public static int flags(long descriptor) {
        return getInt(descriptor, FLAGS);
    }

    /** Runs of reference slots; 0 means that the type has no references. Not for traced types. */
    public static int runCount(long descriptor) {
        return getInt(descriptor, RUN_COUNT);
    }

    /**
     * The references of an object that has nothing else to it when it dies, for {@link #slots} and
     * {@link #firstSlot}, or {@link #NOT_PLAIN}.
     */
    public static long plainRun(long descriptor) {
        return getLong(descriptor, PLAIN_RUN);
    }

    /** Number of slots of a plain run. */
    public static int slots(long plainRun) {
        return (int) plainRun;
    }

    /** Address of the first slot of a plain run that has one. */
    public static long firstSlot(long header, long plainRun) {
        return header + (plainRun >>> 32);
    }

    static long packPlain(long run) {
        long firstWord = run >>> 32;
        return firstWord << 35 | ((run & 0xffff_ffffL) - firstWord);
    }

    /** The run of a type without {@link #UNUSUAL_RUNS}; empty if it has no references. */
    public static long onlyRun(long descriptor) {
        return getLong(descriptor, RUN);
    }

    /** Packed run {@code index} of an object that is not traced. */
    public static long run(long descriptor, int flags, long header, int index) {
        if ((flags & UNUSUAL_RUNS) == 0) {
            return getLong(descriptor, RUN);
        }
        if ((flags & REFERENCE_ARRAY) != 0) {
            long length = getLong(header, HeaderWord.BYTES);
            return pack(ARRAY_FIRST_WORD, ARRAY_FIRST_WORD + length);
        }
        return getLong(getLong(descriptor, RUNS) + ((long) index << 3));
    }

    /** Address of a run's first slot. */
    public static long start(long header, long run) {
        return header + (run >>> 32 << 3);
    }

    /** Address behind a run's last slot. */
    public static long end(long header, long run) {
        return header + ((run & 0xffff_ffffL) << 3);
    }

    static long pack(long firstWord, long endWord) {
        return firstWord << 32 | endWord;
    }

    /** Address of the list of weak slots: its length, then offsets from the header. */
    public static long weakSlots(long descriptor) {
        return getLong(descriptor, WEAK_SLOTS);
    }

    /** Address of the destructor in C, or 0. */
    public static long nativeDrop(long descriptor) {
        return getLong(descriptor, DROP);
    }

    /** Header, then the length. */
    private static final long ARRAY_FIRST_WORD = HeaderWord.BYTES / Long.BYTES + 1;
}
