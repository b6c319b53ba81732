package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/**
 * The numbers that tell the side counts of one trace from those of all others. They run out after
 * 2^32; then a walk over the heap takes all notes away and numbering starts anew.
 *
 * <p>Local traces use none, since they clean up. Owner thread only.
 */
final class Epochs {
    static final long LAST = (1L << 32) - 1;

    /** Above the upper half of any address, so that a free block's link is no trace's note. */
    private static final long BEFORE_FIRST = Memory.ADDRESS_LIMIT >>> SideCount.EPOCH_SHIFT;

    private final BlockAllocator blocks;
    private final long last;
    private final long beforeFirst;

    private long current;

    /** The epoch of a trace that runs in slices, and so may outlive others; 0 if there is none. */
    private long kept;

    /**
     * Makes the epochs of a heap.
     *
     * @param last the largest; at least 8, and small in tests only
     */
    Epochs(BlockAllocator blocks, long last) {
        this.blocks = blocks;
        this.last = last;
        this.beforeFirst = last > 2 * BEFORE_FIRST ? BEFORE_FIRST : SideCount.LOCAL;
        this.current = beforeFirst;
    }

    /** Makes sure that {@code count} epochs can be taken without a walk: no unsliced trace runs. */
    void reserve(int count) {
        if (current + count > last) {
            startAnew();
        }
    }

    long next() {
        return ++current;
    }

    /** Tells which epoch must survive a new start; 0 for none. */
    void keep(long epoch) {
        kept = epoch;
    }

    /** The epoch told to {@link #keep}, which has another number after a new start. */
    long kept() {
        return kept;
    }

    private void startAnew() {
        long keep = kept;
        long renamed = beforeFirst + 1;
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            long word = getLong(header);
                            if (HeaderWord.alive(word) && !HeaderWord.has(word, HeaderWord.DYING)) {
                                rename(header, keep, renamed);
                            }
                        });
        current = renamed;
        kept = keep == 0 ? 0 : renamed;
    }

    private static void rename(long header, long keep, long renamed) {
        long note = getLong(header + SideCount.WORD);
        boolean survives = keep != 0 && SideCount.epoch(note) == keep;
        long low = note & (SideCount.inEpoch(1) - 1);
        putLong(header + SideCount.WORD, survives ? SideCount.inEpoch(renamed) | low : 0);
    }
}
