package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CancellationException;

/**
 * The end of a task, to wait for.
 *
 * @param <T> type of the task's value
 */
public interface JoinHandle<T extends @Nullable Object> {
    /** Returns the task's number, unique in its executor. */
    long id();

    /** Returns where the task stands at this moment. */
    TaskState state();

    /** Whether the task has ended, in whichever way. */
    boolean isFinished();

    /**
     * Blocks this thread until the task has ended.
     *
     * @return the task's value
     * @throws InterruptedException if this thread is interrupted first; the task goes on
     * @throws TaskFailedException if the task ended by an exception
     * @throws CancellationException if the task was cancelled
     * @throws IllegalStateException if this thread is a worker of the same executor, which must not
     *     block
     */
    T join() throws InterruptedException;

    /**
     * Asks the task to end. A task that is not being polled ends at once without another poll; one
     * that is ends after this poll, unless the poll answers ready. Returns without waiting.
     */
    void cancel();
}
