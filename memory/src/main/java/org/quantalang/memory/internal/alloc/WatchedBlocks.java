package org.quantalang.memory.internal.alloc;

/**
 * A small set of blocks that must be asked about when they are freed. Whether a block may be one of
 * them is a look at one bit, which it shares with others: that costs a question in vain.
 *
 * <p>Any thread: who frees a block got it from the thread that put it in, and so sees its bit.
 */
public final class WatchedBlocks {
    private static final int LOG_SLOTS = 15;
    private static final int SCATTER = 0x9e37_79b9;

    private final long[] bits = new long[1 << (LOG_SLOTS - 6)];
    private final int[] counts = new int[1 << LOG_SLOTS];

    private static int slot(long block) {
        return ((int) (block >>> 4) * SCATTER) >>> (32 - LOG_SLOTS);
    }

    /** Whether the block may be in the set. */
    public boolean mayHave(long block) {
        int slot = slot(block);
        return ((bits[slot >>> 6] >>> slot) & 1) != 0;
    }

    /** Puts a block in. */
    public synchronized void add(long block) {
        int slot = slot(block);
        counts[slot]++;
        bits[slot >>> 6] |= 1L << slot;
    }

    /** Takes a block out that was put in. */
    public synchronized void remove(long block) {
        int slot = slot(block);
        if (--counts[slot] == 0) {
            bits[slot >>> 6] &= ~(1L << slot);
        }
    }
}
