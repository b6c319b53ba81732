package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * Something that goes on when it is asked to, the seed's {@code Future}.
 *
 * @param <T> type of the value it ends with
 */
@FunctionalInterface
public interface Pollable<T extends @Nullable Object> {
    /**
     * Goes on as far as possible without blocking. Called by one worker at a time, never again
     * after it has answered ready or thrown.
     *
     * @param context has the waker to keep before answering pending
     * @return the value, or pending
     * @throws Exception ends the task as failed
     */
    Poll<T> poll(Context context) throws Exception;

    /**
     * Called once, by a worker, instead of another poll when the task was cancelled: gives back
     * what the pollable holds. Waiting operations that were begun in a poll are given up without
     * this. One that contains others passes the call on.
     */
    default void cancelled() {}
}
