package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.getLongOpaque;
import static org.quantalang.memory.internal.object.Memory.putLong;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which blocks of a pool are free, for any number of threads without a lock: a stack linked through
 * the blocks, last freed first handed out.
 *
 * <pre>
 *  top  63        32 31         0
 *      +------------+------------+
 *      | pops and   | block + 1, |      the upper half counts every change, so that a top that was
 *      | pushes     | 0: none    |      there before is not taken for the same one
 *      +------------+------------+
 * </pre>
 *
 * <p>A thread may read the link of a block that another has just taken: its memory stays mapped
 * while the pool is open, and what was read is thrown away with the failed compare-and-set.
 */
public final class LockFreeBlocks {
    /** All blocks are out. */
    public static final int NONE = -1;

    private static final long CHANGE = 1L << 32;
    private static final long BLOCK_MASK = CHANGE - 1;

    private final long base;
    private final long blockBytes;
    private final int capacity;
    private final AtomicLong top = new AtomicLong();
    private final AtomicInteger carved = new AtomicInteger();
    private final AtomicInteger out = new AtomicInteger();

    /** A bit a block: whether it is out. */
    private final AtomicLongArray outBits;

    public LockFreeBlocks(long base, long blockBytes, int capacity) {
        this.base = base;
        this.blockBytes = blockBytes;
        this.capacity = capacity;
        outBits = new AtomicLongArray((capacity + 63) >>> 6);
    }

    /** Takes a block; {@link #NONE} if all are out. */
    public int take() {
        int block = pop();
        if (block == NONE) {
            block = carve();
        }
        if (block == NONE) {
            block = pop(); // one may have come back since
        }
        if (block != NONE) {
            long _ = outBits.getAndAccumulate(block >>> 6, 1L << block, (bits, bit) -> bits | bit);
            out.incrementAndGet();
        }
        return block;
    }

    private int pop() {
        long before = top.get();
        while ((before & BLOCK_MASK) != 0) {
            int block = (int) (before & BLOCK_MASK) - 1;
            long next = getLongOpaque(base + block * blockBytes) & BLOCK_MASK;
            if (top.compareAndSet(before, (before & -CHANGE) + CHANGE | next)) {
                return block;
            }
            before = top.get();
        }
        return NONE;
    }

    private int carve() {
        if (carved.get() >= capacity) {
            return NONE;
        }
        int block = carved.getAndIncrement();
        if (block < capacity) {
            return block;
        }
        carved.set(capacity); // or it would go on for ever
        return NONE;
    }

    /** Takes a block back; returns false if it is not out. */
    public boolean giveBack(int block) {
        long bit = 1L << block;
        long bits = outBits.getAndAccumulate(block >>> 6, bit, (old, one) -> old & ~one);
        if ((bits & bit) == 0) {
            return false;
        }
        out.decrementAndGet();
        long before = top.get();
        while (true) {
            putLong(base + block * blockBytes, before & BLOCK_MASK);
            // Release: the link, and what the block's user wrote, to who takes it next.
            if (top.compareAndSet(before, (before & -CHANGE) + CHANGE | (block + 1L))) {
                return true;
            }
            before = top.get();
        }
    }

    /** Blocks that were ever handed out. */
    public int carved() {
        return Math.min(carved.get(), capacity);
    }

    /** Blocks that are out. */
    public int out() {
        return out.get();
    }
}
