package org.quantalang.scheduler;

import org.quantalang.scheduler.internal.time.Wheel;
import org.quantalang.scheduler.internal.time.WheelTimer;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.time.Duration;
import java.util.Objects;

/**
 * A hierarchical timing wheel to be driven by hand: who owns it calls {@link #process} when the
 * time that it returned has passed. Tasks use {@link Sleep} and {@link Timers} instead.
 *
 * <p>Register and cancel take constant time; a timer is never early, and late by up to one tick.
 * One thread at a time.
 */
public final class TimerWheel {
    /** What {@link #process} returns when no timer is left. */
    public static final long NO_TIMER = -1;

    private static final Duration LONGEST_TICK = Duration.ofDays(1);

    private final Wheel wheel = new Wheel();
    private final long tickNanos;
    private final long startNanos;

    /**
     * Makes an empty wheel.
     *
     * @param tick resolution
     * @param nowNanos the time at this moment
     * @throws IllegalArgumentException if the tick is not positive, or longer than a day
     */
    public TimerWheel(Duration tick, long nowNanos) {
        Objects.requireNonNull(tick, "tick is null");
        if (tick.isNegative() || tick.isZero() || tick.compareTo(LONGEST_TICK) > 0) {
            throw new IllegalArgumentException(
                    "tick must be positive and at most a day: tick=" + tick);
        }
        tickNanos = tick.toNanos();
        startNanos = nowNanos;
    }

    private final class Entry extends WheelTimer implements Timers.Timer {
        Entry(Waker waker) {
            super(waker);
        }

        @Override
        public boolean cancel() {
            return wheel.remove(this);
        }
    }

    /**
     * Adds a timer.
     *
     * @param deadlineNanos when it fires; in the past means with the next tick
     * @param waker what {@link #process} calls then
     * @return the timer, to cancel it
     */
    public Timers.Timer register(long deadlineNanos, Waker waker) {
        var entry = new Entry(waker);
        long after = deadlineNanos - startNanos;
        wheel.insert(entry, after <= 0 ? 0 : (after - 1) / tickNanos + 1);
        return entry;
    }

    /**
     * Adds a timer that fires after a delay from {@code nowNanos}.
     *
     * @throws IllegalArgumentException if the delay is negative
     */
    public Timers.Timer registerDelay(Duration delay, long nowNanos, Waker waker) {
        return register(nowNanos + Sleep.nanosOf(delay), waker);
    }

    /** Returns how many timers have neither fired nor been cancelled. */
    public int size() {
        return wheel.size();
    }

    /**
     * Fires every timer whose time has come, earliest tick first.
     *
     * @param nowNanos the time at this moment
     * @return nanoseconds until the next call has something to do, or {@link #NO_TIMER}
     */
    public long process(long nowNanos) {
        long tick = Math.max(wheel.now(), (nowNanos - startNanos) / tickNanos);
        WheelTimer fired = wheel.advance(tick);
        while (fired != null) {
            WheelTimer next = fired.takeNext();
            Foreign.wake(fired.waker());
            fired = next;
        }
        long next = wheel.nextTick();
        return next == Wheel.NEVER
                ? NO_TIMER
                : Math.max(0, startNanos + next * tickNanos - nowNanos);
    }
}
