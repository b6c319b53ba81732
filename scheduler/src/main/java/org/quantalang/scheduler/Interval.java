package org.quantalang.scheduler;

import org.quantalang.scheduler.internal.time.DeadlineWait;

import java.time.Duration;
import java.util.Objects;

/**
 * Is ready at regular times, with the number of the tick, from 1. Polled again after it was ready,
 * it waits for the next tick; one that comes late does not move those that follow. Belongs to one
 * task.
 */
public final class Interval implements Pollable<Long> {
    private final DeadlineWait wait;
    private long ticks;

    private Interval(long periodNanos) {
        this.wait = new DeadlineWait(periodNanos);
    }

    /**
     * Returns an interval; the first tick comes one period after the first poll.
     *
     * @throws IllegalArgumentException if the period is not positive
     */
    public static Interval every(Duration period) {
        Objects.requireNonNull(period, "period is null");
        long nanos = Sleep.nanosOf(period);
        if (nanos == 0) {
            throw new IllegalArgumentException("period must be positive: period=" + period);
        }
        return new Interval(nanos);
    }

    @Override
    public Poll<Long> poll(Context context) {
        return wait.poll(context) ? Poll.ready(++ticks) : Poll.pending();
    }

    @Override
    public void cancelled() {
        wait.giveUp();
    }
}
