package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.getByte;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getShort;
import static org.quantalang.memory.internal.object.Memory.putByte;
import static org.quantalang.memory.internal.object.Memory.putInt;
import static org.quantalang.memory.internal.object.Memory.putLong;
import static org.quantalang.memory.internal.object.Memory.putShort;

/**
 * The table of page entries: one 64-byte entry for each 64 KiB page, out of line, found from any
 * address by a shift from Java and from C alike.
 *
 * <pre>
 *  entry(address) = bias + (address &gt;&gt;&gt; 16 &lt;&lt; 6)
 *
 *   0        8           16       24           28      32     40     48        50       52     53     54      56
 *  +--------+-----------+--------+------------+-------+------+------+---------+--------+------+------+-------+-------+
 *  | free   | allocated | freed  | reciprocal | phase | next | prev | account | carved | kind | role | class | extra |
 *  +--------+-----------+--------+------------+-------+------+------+---------+--------+------+------+-------+-------+
 *
 *  free       first free block; a free block's word B links to the next; the page's own start ends it
 *  allocated  blocks ever handed out, plus one while the page is its class's current page. In a full
 *             page: freed + 1, so that the next free is seen by the one compare of the fast path; the
 *             true number is in extra
 *  freed      blocks ever given back
 *  reciprocal of the size of a block, and what the address of the first makes of it: see
 *             mayStartBlock. Both 0 where no block starts
 *  account    number of the account that is charged with the page; 0 is the heap itself
 *  next, prev the class's queue of pages with room, or the pool's list of free pages
 *  role       of a small page: the class's current one, full, or waiting in the class's queue
 *  carved     blocks cut from the page so far; beyond them it was never touched. Head of a large run:
 *             where its block starts
 *  extra      full page: see allocated; head of a large run: bytes of its block; free page: when it was
 *             freed
 *
 *  live blocks = allocated - (current ? 1 : 0) - freed;  live + listed as free == carved
 * </pre>
 *
 * <p>The first 16 bytes of a page are never a block: they end its free list, and read as zero, so
 * that a list's end fails the same link check that a damaged link fails.
 */
public final class PageTable {
    public static final int PAGE_SHIFT = 16;
    public static final long PAGE_BYTES = 1L << PAGE_SHIFT;

    /** What of a page is never a block; see the class comment. */
    public static final long FIRST_BLOCK = 16;

    /** Blocks whose size divides a cache line, or is a multiple of one, start at such a line. */
    static final long LINE_BYTES = 64;

    static final int ENTRY_SHIFT = 6;
    static final long ENTRY_BYTES = 1L << ENTRY_SHIFT;

    static final long FREE = 0;
    static final long ALLOCATED = 8;
    static final long FREED = 16;
    private static final long RECIPROCAL = 24;
    private static final long PHASE = 28;
    private static final long NEXT = 32;
    private static final long PREV = 40;
    private static final long ACCOUNT = 48;
    private static final long CARVED = 50;
    private static final long KIND = 52;
    private static final long ROLE = 53;
    private static final long SIZE_CLASS = 54;
    private static final long EXTRA = 56;

    /** What a page is used for. */
    public static final byte UNUSED = 0;

    public static final byte METADATA = 1;
    public static final byte SMALL = 2;
    public static final byte LARGE = 3;
    public static final byte LARGE_TAIL = 4;
    public static final byte POOLED = 5;

    /** Waits in its class's queue. */
    static final byte WAITING = 0;

    /** In no queue until one of its blocks is freed. */
    static final byte FULL = 1;

    /** Blocks are taken from it. */
    static final byte CURRENT = 2;

    private PageTable() {}

    static long freeList(long entry) {
        return getLong(entry, FREE);
    }

    static void freeList(long entry, long block) {
        putLong(entry, FREE, block);
    }

    static long allocated(long entry) {
        return getLong(entry, ALLOCATED);
    }

    static void allocated(long entry, long count) {
        putLong(entry, ALLOCATED, count);
    }

    static long freed(long entry) {
        return getLong(entry, FREED);
    }

    static void freed(long entry, long count) {
        putLong(entry, FREED, count);
    }

    /**
     * Sets up the entry of a page of blocks, none of which is cut yet, but for its kind.
     *
     * @param firstBlock address of the first block to come
     */
    static void startSmall(long entry, long page, int sizeClass, int blockBytes, long firstBlock) {
        int reciprocal = (int) (((1L << Integer.SIZE) + blockBytes - 1) / blockBytes);
        start(entry, page, sizeClass, reciprocal, firstBlock);
        next(entry, 0);
        prev(entry, 0);
    }

    /**
     * Sets up the entries of a run of pages that one block fills, but for the kind of the first.
     *
     * @param block its address
     * @param bytes its size
     */
    static void startLarge(long entry, long page, long pages, long block, long bytes) {
        for (long tail = 1; tail < pages; tail++) {
            kind(entry + tail * ENTRY_BYTES, LARGE_TAIL);
            holdsNoBlocks(entry + tail * ENTRY_BYTES);
        }
        start(entry, page, SizeClass.LARGE, 1, block);
        allocated(entry, 1);
        carved(entry, (int) (block - page));
        extra(entry, bytes);
    }

    private static void start(
            long entry, long page, int sizeClass, int reciprocal, long firstBlock) {
        freeList(entry, page);
        allocated(entry, 0);
        freed(entry, 0);
        setReciprocal(entry, reciprocal, firstBlock);
        carved(entry, 0);
        role(entry, WAITING);
        sizeClass(entry, sizeClass);
    }

    static void holdsNoBlocks(long entry) {
        setReciprocal(entry, 0, 0);
    }

    private static void setReciprocal(long entry, int reciprocal, long firstBlock) {
        putInt(entry, RECIPROCAL, reciprocal);
        putInt(entry, PHASE, (int) firstBlock * reciprocal);
    }

    /** Reciprocal and phase, for {@link #mayStartBlock(long, long)}; 0 where no block starts. */
    static long shape(long entry) {
        return getLong(entry, RECIPROCAL);
    }

    /**
     * Whether the distance of an address from the first block of its page is a multiple of the size
     * of a block, as it is of every block. Distance times reciprocal, 2<sup>32</sup> over the size
     * rounded up, has the fraction that is left over in its lower half, which is less than the
     * reciprocal if nothing is (Lemire, Kaser, Kurz, 2019).
     */
    static boolean mayStartBlock(long shape, long block) {
        int reciprocal = (int) shape;
        int fraction = (int) block * reciprocal - (int) (shape >>> Integer.SIZE);
        return Integer.compareUnsigned(fraction, reciprocal) < 0;
    }

    static int account(long entry) {
        return getShort(entry, ACCOUNT) & 0xffff;
    }

    static void account(long entry, int number) {
        putShort(entry, ACCOUNT, (short) number);
    }

    static long next(long entry) {
        return getLong(entry, NEXT);
    }

    static void next(long entry, long other) {
        putLong(entry, NEXT, other);
    }

    static long prev(long entry) {
        return getLong(entry, PREV);
    }

    static void prev(long entry, long other) {
        putLong(entry, PREV, other);
    }

    static int carved(long entry) {
        return getShort(entry, CARVED) & 0xffff;
    }

    static void carved(long entry, int blocks) {
        putShort(entry, CARVED, (short) blocks);
    }

    static byte kind(long entry) {
        return getByte(entry, KIND);
    }

    static void kind(long entry, byte kind) {
        putByte(entry, KIND, kind);
    }

    static byte role(long entry) {
        return getByte(entry, ROLE);
    }

    static void role(long entry, byte role) {
        putByte(entry, ROLE, role);
    }

    static int sizeClass(long entry) {
        return getShort(entry, SIZE_CLASS);
    }

    static void sizeClass(long entry, int index) {
        putShort(entry, SIZE_CLASS, (short) index);
    }

    static long extra(long entry) {
        return getLong(entry, EXTRA);
    }

    static void extra(long entry, long value) {
        putLong(entry, EXTRA, value);
    }
}
