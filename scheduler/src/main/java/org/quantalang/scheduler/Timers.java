package org.quantalang.scheduler;

/** The clock of an executor and what it wakes. Any thread. */
public interface Timers {
    /** Returns the executor's time in nanoseconds; only differences have a meaning. */
    long nanoTime();

    /**
     * Wakes once at a time, at the earliest then; resolution is a millisecond.
     *
     * @param deadlineNanos when, on the clock of {@link #nanoTime}; in the past means at once
     * @param waker what to call
     * @return the timer, to cancel it
     * @throws java.util.concurrent.RejectedExecutionException if the executor has stopped, so that
     *     no timer fires any more
     */
    Timer schedule(long deadlineNanos, Waker waker);

    /** Whether timers still fire; not once the executor has stopped, also those that are left. */
    default boolean isOpen() {
        return true;
    }

    /** A timer that was scheduled. */
    interface Timer {
        /**
         * Takes the timer back; O(1).
         *
         * @return whether it had neither fired nor been cancelled before
         */
        boolean cancel();
    }
}
