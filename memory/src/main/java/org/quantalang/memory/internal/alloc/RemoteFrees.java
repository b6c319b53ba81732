package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getAndSet;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;
import static org.quantalang.memory.internal.object.Memory.putLongRelease;
import static org.quantalang.memory.internal.object.Memory.putLongVolatile;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/**
 * Blocks that threads other than a page's owner freed: a list for each page, and what leads the
 * owner to it. A second table beside the page table, since these lines are written by many threads
 * and those by one.
 *
 * <pre>
 *  0        8       16      24          64
 *  +--------+-------+-------+-----------+
 *  | list   | owner | next  |           |        a page, or the first page of a large run
 *  +--------+-------+-------+-----------+
 *  list   63    48 47                4      0
 *        +--------+-------------------+----+---+
 *        | count  | first block       |    | T |  T: told, the page is on its way to its owner
 *        +--------+-------------------+----+---+
 *  next   of the pages that wait for the same owner
 * </pre>
 *
 * <p>A free pushes its block with one compare-and-set, and is done, unless it finds the page not
 * told: then it also hands the page to the owner. The owner takes a page's whole list in one
 * exchange, which clears T. So a page waits at most once, its list has at most as many blocks as
 * the page, and neither grows while an owner sleeps.
 *
 * <p>The memory of a page may go back to the system once all of its blocks are free and its list is
 * taken: who pushed writes to the block before its compare-and-set only. The table itself never
 * goes back before the heap is closed.
 *
 * <p>Any thread, unless a method says otherwise.
 */
public final class RemoteFrees {
    private static final long TOLD = 1;
    private static final int COUNT_SHIFT = 48;
    private static final long ONE = 1L << COUNT_SHIFT;
    private static final long BLOCK_MASK = Memory.ADDRESS_LIMIT - SizeClass.GRANULE_BYTES;
    private static final long OWNER = 8;
    private static final long NEXT = 16;

    private final HeapSpace space;
    private final PageSource source;
    private final long base;
    private final long bytes;

    /** From a page's entry in the page table to its entry here. */
    private final long delta;

    /** Reserves the table of a heap's space. */
    public RemoteFrees(HeapSpace space) {
        this.space = space;
        this.source = space.source;
        bytes = HeapSpace.pageUp(space.bytes >>> PageTable.PAGE_SHIFT << PageTable.ENTRY_SHIFT);
        base = source.reserve(bytes);
        if (base == PageSource.REFUSED || !source.commit(base, bytes)) {
            throw new OutOfMemoryError("no address space for a table: bytes=" + bytes);
        }
        delta = base - space.entry(space.base);
    }

    /** Gives the table back. */
    public void release() {
        source.release(base, bytes);
    }

    /** A page begins its life with this owner; nobody else knows a block of it yet. */
    void open(long entry, int owner) {
        putLong(entry + delta, OWNER, owner);
    }

    /** Whose page this block lies in. */
    public int ownerOf(long block) {
        return (int) getLong(space.entry(block) + delta, OWNER);
    }

    /** The same, once this thread has pushed: who took the page over before took the list after. */
    int ownerOfEntry(long entry) {
        return (int) getLongAcquire(entry + delta + OWNER);
    }

    /** A page gets another owner. The caller runs both. */
    void owner(long entry, int owner) {
        putLongVolatile(entry + delta + OWNER, owner);
    }

    /**
     * Gives back a block of another owner's page. The caller alone knows the block.
     *
     * @return the page's entry, if the owner must be told; otherwise 0
     */
    long push(long block) {
        long entry = space.entry(block);
        long list = entry + delta;
        long page = space.pageOf(entry);
        putLong(block, 0);
        long before = getLongAcquire(list);
        while (true) {
            long first = before & BLOCK_MASK;
            // Release: who walks the page reads word B before word A, and must not take the link of
            // a free block for an object's word.
            putLongRelease(block + HeaderWord.WORD_B, first == 0 ? page : first);
            long after = (before & -ONE) + ONE | block | TOLD;
            // Release: the link, to the owner's exchange.
            if (compareAndSet(list, before, after)) {
                return (before & TOLD) != 0 ? 0 : entry;
            }
            before = getLongAcquire(list);
        }
    }

    /** Takes a page's list, and clears T: by the owner's runner, for a page that came to it. */
    long take(long entry) {
        return getAndSet(entry + delta, 0);
    }

    static long first(long list) {
        return list & BLOCK_MASK;
    }

    static long count(long list) {
        return list >>> COUNT_SHIFT;
    }

    /**
     * Links a page into a stack of pages that wait; by who set T, or took it from another stack.
     */
    void next(long entry, long other) {
        putLong(entry + delta, NEXT, other);
    }

    long next(long entry) {
        return getLong(entry + delta, NEXT);
    }
}
