package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.internal.alloc.BlockAllocator;

/**
 * How often a complete collection may look again. A chain of destructors may be long, each of which
 * lets go of what the next is for; others make new garbage for ever. So after some rounds there is
 * another only while each leaves fewer bytes than any before.
 *
 * <p>Owner thread only.
 */
final class Rounds {
    /** Rounds that are not asked what they did. */
    private static final int UNASKED = 100;

    private final BlockAllocator blocks;
    private int rounds;
    private long least = Long.MAX_VALUE;

    Rounds(BlockAllocator blocks) {
        this.blocks = blocks;
    }

    /** Whether there may be another, after one. */
    boolean another() {
        rounds++;
        if (rounds < UNASKED) {
            return true;
        }
        long live = blocks.walk().liveBytes();
        boolean fewer = live < least;
        least = Math.min(least, live);
        return fewer;
    }
}
