package org.quantalang.scheduler;

/**
 * What a pollable is given for one poll; not to be kept beyond it.
 *
 * <p>A combinator may give one of its own to what it polls, with a waker that tells it who was
 * woken. What waits through it is given up when the task ends, as through the task's own; within
 * {@link TaskExecutor#blockOn}, only by {@link Pollable#cancelled}.
 */
public interface Context {
    /**
     * Returns the waker of the task that is polled; it may be kept. A combinator gives the same
     * object in every poll: a {@link JoinHandle} cannot tell which of several are the same task's,
     * and keeps them all until its own task ends.
     */
    Waker waker();

    /** Returns the clock and the timers of the executor that polls. */
    Timers timers();

    /**
     * Charges one operation to this poll's budget. When the budget is used up the task is woken, so
     * that it goes on later, and others get their turn: the pollable answers pending.
     *
     * <p>A combinator's context must forward this to the one that it was given itself: the default
     * knows no budget, and what is polled with it can keep a worker from all other tasks.
     *
     * @return whether the operation may go on in this poll
     */
    default boolean mayGoOn() {
        return true;
    }
}
