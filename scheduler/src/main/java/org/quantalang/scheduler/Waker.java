package org.quantalang.scheduler;

/**
 * Makes a pending task run again. May be kept, shared and called by any thread at any time, any
 * number of times; waking a task that has ended does nothing.
 */
@FunctionalInterface
public interface Waker {
    /**
     * Has the task polled once more after this call. What was written before this call is visible
     * to that poll.
     */
    void wake();
}
