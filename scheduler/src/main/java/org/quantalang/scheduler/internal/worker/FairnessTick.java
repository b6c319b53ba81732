package org.quantalang.scheduler.internal.worker;

import java.util.function.LongSupplier;

/**
 * Says when a worker looks outside before it takes its own tasks: after so many polls as last 200
 * us, judged by those that it has made, so that a task from outside waits about that long at most
 * behind short polls and long ones. Tokio's rule and figures.
 *
 * <p>Owner only. The clock is read once in so many polls.
 */
final class FairnessTick {
    private static final long TARGET_NANOS = 200_000;
    private static final int LEAST = 2;
    private static final int MOST = 127;
    private static final int FIRST = 61;
    private static final int SAMPLES_AVERAGED = 8;

    private final LongSupplier clock;
    private int interval = FIRST;
    private int left = FIRST;
    private boolean timing; // since the last look the worker has done nothing but poll
    private long lookedNanos;
    private long pollPicos = TARGET_NANOS * 1000 / FIRST;

    FairnessTick(LongSupplier clock) {
        this.clock = clock;
    }

    /** Before each poll: whether to look outside first. */
    boolean isDue() {
        if (--left > 0) {
            return false;
        }
        tune();
        return true;
    }

    /** The worker has run out of tasks: the time until the next one is no poll's. */
    void pause() {
        timing = false;
        left = interval;
    }

    /** Polls between two looks at this moment. */
    int interval() {
        return interval;
    }

    private void tune() {
        long now = clock.getAsLong();
        if (timing) {
            long sample = 1000 * (now - lookedNanos) / interval;
            pollPicos += (sample - pollPicos) / SAMPLES_AVERAGED;
            interval = Math.clamp(1000 * TARGET_NANOS / Math.max(1, pollPicos), LEAST, MOST);
        }
        timing = true;
        lookedNanos = now;
        left = interval;
    }
}
