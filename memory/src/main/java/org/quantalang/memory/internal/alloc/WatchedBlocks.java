package org.quantalang.memory.internal.alloc;

/**
 * A small set of blocks that must be asked about when they are freed. Whether a block may be one of
 * them is a look at one bit, which it shares with others: that costs a question in vain. The same
 * for all blocks of a page.
 *
 * <p>Any thread: who frees a block got it from the thread that put it in, and so sees its bit.
 */
public final class WatchedBlocks {
    private static final int LOG_SLOTS = 15;
    private static final int SCATTER = 0x9e37_79b9;

    private final Slots blocks = new Slots();
    private final Slots pages = new Slots();

    private static final class Slots {
        private final long[] bits = new long[1 << (LOG_SLOTS - 6)];
        private final int[] counts = new int[1 << LOG_SLOTS];

        boolean has(int slot) {
            return ((bits[slot >>> 6] >>> slot) & 1) != 0;
        }

        void add(int slot) {
            counts[slot]++;
            bits[slot >>> 6] |= 1L << slot;
        }

        void remove(int slot) {
            if (--counts[slot] == 0) {
                bits[slot >>> 6] &= ~(1L << slot);
            }
        }
    }

    private static int block(long block) {
        return ((int) (block >>> 4) * SCATTER) >>> (32 - LOG_SLOTS);
    }

    private static int page(long block) {
        return (int) (block >>> PageTable.PAGE_SHIFT) & ((1 << LOG_SLOTS) - 1);
    }

    /** Whether the block may be in the set. */
    public boolean mayHave(long block) {
        return blocks.has(block(block));
    }

    /** Whether any block on the page of this one may be in the set. */
    public boolean mayHaveOnPage(long block) {
        return pages.has(page(block));
    }

    /** Puts a block in. */
    public synchronized void add(long block) {
        blocks.add(block(block));
        pages.add(page(block));
    }

    /** Takes a block out that was put in. */
    public synchronized void remove(long block) {
        blocks.remove(block(block));
        pages.remove(page(block));
    }
}
