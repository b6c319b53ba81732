package org.quantalang.scheduler;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Waits for the end of a program as long as it gets on.
 *
 * @param progress a number that grows while it does
 * @param limitMillis how long it may stand still
 */
record StallWatchdog(LongSupplier progress, long limitMillis) {
    private static final int LOOKS = 20;

    /**
     * Waits for the latch.
     *
     * @throws AssertionError if nothing goes on; says where the program stands
     */
    void await(CountDownLatch end, Supplier<String> where) throws InterruptedException {
        long seen = progress.getAsLong();
        int looks = 0;
        while (!end.await(Math.max(1, limitMillis / LOOKS), TimeUnit.MILLISECONDS)) {
            long now = progress.getAsLong();
            looks = now == seen ? looks + 1 : 0;
            seen = now;
            if (looks >= LOOKS) {
                throw new AssertionError(
                        "stall: nothing has gone on for %d ms: left=%d %s"
                                .formatted(limitMillis, end.getCount(), where.get()));
            }
        }
    }
}
