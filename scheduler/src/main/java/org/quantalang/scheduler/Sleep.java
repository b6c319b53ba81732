package org.quantalang.scheduler;

import org.quantalang.scheduler.internal.time.DeadlineWait;

import java.time.Duration;
import java.util.Objects;

/**
 * Is ready after a time, counted from its first poll; with {@code true}. Belongs to one task.
 *
 * {@snippet :
 * executor.spawn(Sleep.of(Duration.ofMillis(20))).join();
 * }
 */
public final class Sleep implements Pollable<Boolean> {
    private final DeadlineWait wait;
    private boolean over;

    private Sleep(long delayNanos) {
        this.wait = new DeadlineWait(delayNanos);
    }

    /**
     * Returns a pollable that is ready after {@code delay}; one of more than 73 years counts as 73.
     *
     * @throws IllegalArgumentException if the delay is negative
     */
    public static Sleep of(Duration delay) {
        return new Sleep(nanosOf(delay));
    }

    /** Nanoseconds of a delay; at most 73 years, so that sums and differences of some fit. */
    static long nanosOf(Duration delay) {
        Objects.requireNonNull(delay, "delay is null");
        if (delay.isNegative()) {
            throw new IllegalArgumentException("delay is negative: delay=" + delay);
        }
        try {
            return Math.min(delay.toNanos(), Long.MAX_VALUE / 4);
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE / 4;
        }
    }

    @Override
    public Poll<Boolean> poll(Context context) {
        over = over || wait.poll(context);
        return over ? Poll.ready(true) : Poll.pending();
    }

    @Override
    public void cancelled() {
        wait.giveUp();
    }
}
