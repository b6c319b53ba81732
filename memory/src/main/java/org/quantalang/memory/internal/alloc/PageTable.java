package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.getByte;
import static org.quantalang.memory.internal.object.Memory.getInt;
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
 *   0        8           16       24          28       30       32     40     48      52    53    54     56
 *  +--------+-----------+--------+-----------+--------+--------+------+------+-------+-----+-----+------+-------+
 *  | free   | allocated | freed  | blockBytes|capacity| account| next | prev | carved| kind| role| class| extra |
 *  +--------+-----------+--------+-----------+--------+--------+------+------+-------+-----+-----+------+-------+
 *
 *  free       first free block; a free block's word B links to the next; the page's own start ends it
 *  allocated  blocks ever handed out, plus one while the page is its class's current page. In a full
 *             page: freed + 1, so that the next free is seen by the one compare of the fast path; the
 *             true number is in extra
 *             Of a page that holds no blocks 1, and freed 0: a free that a wild address leads to such a
 *             page is seen the same way, and refused
 *  freed      blocks ever given back
 *  account    number of the account that is charged with the page; 0 is the heap itself
 *  next, prev the class's queue of pages with room, or the pool's list of free pages
 *  role       of a small page: the class's current one, full, or waiting in the class's queue
 *  carved     blocks cut from the page so far; beyond them it was never touched
 *  extra      full page: see allocated; head of a large run: its pages; free page: when it was freed
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
    private static final long BLOCK_BYTES = 24;
    private static final long CAPACITY = 28;
    private static final long ACCOUNT = 30;
    private static final long NEXT = 32;
    private static final long PREV = 40;
    private static final long CARVED = 48;
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

    /** See the class comment. */
    static void holdsNoBlocks(long entry) {
        allocated(entry, 1);
        freed(entry, 0);
    }

    static long blockBytes(long entry) {
        return getInt(entry, BLOCK_BYTES) & 0xffff_ffffL;
    }

    static void blockBytes(long entry, int bytes) {
        putInt(entry, BLOCK_BYTES, bytes);
    }

    static int capacity(long entry) {
        return getShort(entry, CAPACITY);
    }

    static void capacity(long entry, int blocks) {
        putShort(entry, CAPACITY, (short) blocks);
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
        return getInt(entry, CARVED);
    }

    static void carved(long entry, int blocks) {
        putInt(entry, CARVED, blocks);
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
