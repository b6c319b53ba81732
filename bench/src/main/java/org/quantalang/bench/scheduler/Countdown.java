package org.quantalang.bench.scheduler;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts tasks that end and sums up what they computed, in one atomic addition each: the same cost
 * and the same check in every peer. Any thread.
 *
 * <pre>
 *  bit  63            40 39                    0
 *       +---------------+-----------------------+
 *       |  tasks left   |  sum of their values  |
 *       +---------------+-----------------------+
 * </pre>
 */
public class Countdown {
    private static final int SUM_BITS = 40;
    private static final long ONE_TASK = 1L << SUM_BITS;

    private final AtomicLong word;
    private final CountDownLatch done = new CountDownLatch(1);

    /** Waits for this many tasks, fewer than 2^23. */
    public Countdown(int tasks) {
        word = new AtomicLong(tasks * ONE_TASK);
    }

    /** A task has ended with a value; all values together stay below 2^40. */
    public void end(long value) {
        if (word.addAndGet(value - ONE_TASK) < ONE_TASK) {
            done.countDown();
        }
    }

    /** Blocks until all have ended; returns the sum of their values. */
    public long await() throws InterruptedException {
        done.await();
        return word.get();
    }
}
