package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * The end of a task, to wait for: a thread joins, a task polls.
 *
 * @param <T> type of the task's value
 */
public interface JoinHandle<T extends @Nullable Object> extends Task, Pollable<T> {
    /**
     * Blocks this thread until the task has ended. That is for ever if it never does, as a task
     * that an interrupted {@link TaskExecutor#close} left behind.
     *
     * @return the task's value
     * @throws InterruptedException if this thread is interrupted first; the task goes on
     * @throws TaskFailedException if the task ended by an exception
     * @throws CancellationException if the task was cancelled
     * @throws IllegalStateException if the task has not ended and this thread is a worker of the
     *     same executor or fires its timers, which must not block; or if the task is of a
     *     simulation and has not ended, since nothing runs it meanwhile
     */
    T join() throws InterruptedException;

    /**
     * Returns the task's value if it has ended; otherwise has the polling task woken at the end.
     * Any number of tasks may poll, any number of times.
     *
     * @throws TaskFailedException if the task ended by an exception
     * @throws CancellationException if the task was cancelled
     */
    @Override
    Poll<T> poll(Context context);

    /**
     * Returns a future that ends as the task does; cancelling the future cancels the task, unless
     * the future is done. A failed task's future holds what the task threw.
     */
    CompletableFuture<T> toFuture();
}
