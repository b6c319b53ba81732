package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.PauseStats;

/**
 * A histogram of times: 32 steps to each power of two, as HdrHistogram has them, so that a
 * percentile is at most 3 percent too high.
 *
 * <p>Owner thread only.
 */
final class Pauses {
    private static final int STEP_BITS = 5;
    private static final int STEPS = 1 << STEP_BITS;

    private final long[] counts = new long[(Long.SIZE - STEP_BITS) * STEPS];
    private long count;
    private long longest;

    Pauses() {}

    void add(long nanos) {
        counts[step(nanos)]++;
        count++;
        longest = Math.max(longest, nanos);
    }

    private static int step(long nanos) {
        if (nanos < STEPS) {
            return (int) Math.max(0, nanos);
        }
        int shift = Long.SIZE - 1 - STEP_BITS - Long.numberOfLeadingZeros(nanos);
        return (shift << STEP_BITS) + (int) (nanos >>> shift);
    }

    /** The longest time that falls into a step. */
    private static long end(int step) {
        int shift = Math.max(0, (step >>> STEP_BITS) - 1);
        long start = (long) (step - (shift << STEP_BITS)) << shift;
        return start + (1L << shift) - 1;
    }

    PauseStats stats() {
        return new PauseStats(
                count,
                percentile(0.5),
                percentile(0.9),
                percentile(0.99),
                percentile(0.999),
                longest);
    }

    private long percentile(double share) {
        long left = (long) Math.ceil(share * count);
        int step = 0;
        for (; left > 0; step++) {
            left -= counts[step];
        }
        return step == 0 ? 0 : Math.min(longest, end(step - 1));
    }
}
