package org.quantalang.bench.scheduler;

import org.HdrHistogram.Histogram;

import java.util.concurrent.locks.LockSupport;

/**
 * How long a task that a thread outside spawns waits until it runs, while all workers sleep: what a
 * request that comes in now and then pays for the scheduler.
 */
public final class WakeLatency {
    private static final long MOST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 3;

    private WakeLatency() {}

    /**
     * Spawns one task after another.
     *
     * @param samples tasks that count, after a tenth as many that do not
     * @param pauseNanos between the end of one and the next, so that the workers fall asleep
     * @return nanoseconds from before the spawn to the task's first instruction
     */
    public static Histogram measure(
            TaskPeer.Provider provider, int workers, int samples, long pauseNanos)
            throws InterruptedException {
        var histogram = new Histogram(MOST_NANOS, DIGITS);
        try (TaskPeer peer = provider.start(workers)) {
            for (int i = -(samples / 10); i < samples; i++) {
                var done = new Arrival();
                LockSupport.parkNanos(pauseNanos);
                long start = System.nanoTime();
                peer.spawn(0, 1, done);
                done.await();
                if (i >= 0) {
                    histogram.recordValue(Math.clamp(done.at - start, 0, MOST_NANOS));
                }
            }
        }
        return histogram;
    }

    /** Notes when its one task ran. */
    private static final class Arrival extends Countdown {
        /** Written before the countdown ends, which happens before await returns. */
        private long at;

        Arrival() {
            super(1);
        }

        @Override
        public void end(long value) {
            at = System.nanoTime();
            super.end(value);
        }
    }
}
