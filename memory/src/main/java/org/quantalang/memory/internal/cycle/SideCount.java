package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.internal.object.HeaderWord;

/**
 * Word B of a live object's header: what a trace notes about it, beside the real count, which a
 * trace never changes.
 *
 * <pre>
 *  word B  63        32 31        30     29                   0
 *         +------------+---------+------+---------------------+
 *         |  epoch 32  | entered | live |  in-references  30  |
 *         +------------+---------+------+---------------------+
 * </pre>
 *
 * <p>A note counts only if its epoch is that of the trace that reads it. So no trace has to clean
 * what an earlier one left, and an abandoned trace needs no undoing. Epoch 0 is that of fresh
 * objects; {@link #LOCAL} belongs to all local traces, which take their notes away themselves.
 *
 * <p>In-references cannot overflow: an object has no more of them than strong references, and one
 * with 2^27 strong references is pinned and never traced.
 */
final class SideCount {
    /** Offset from the header. */
    static final long WORD = HeaderWord.WORD_B;

    static final int EPOCH_SHIFT = 32;
    static final long ENTERED = 1L << 31;
    static final long LIVE = 1L << 30;
    static final long IN_MASK = LIVE - 1;

    /** The epoch of local traces. */
    static final long LOCAL = 1;

    private SideCount() {}

    static long epoch(long note) {
        return note >>> EPOCH_SHIFT;
    }

    static long inEpoch(long epoch) {
        return epoch << EPOCH_SHIFT;
    }

    static long in(long note) {
        return note & IN_MASK;
    }

    /** Whether the trace counted every reference that the header counts. */
    static boolean explained(long note, long word) {
        return in(note) == HeaderWord.strong(word);
    }
}
