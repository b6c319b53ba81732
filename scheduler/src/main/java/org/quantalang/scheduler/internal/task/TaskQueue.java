package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Timers;

/** Where a task goes when it becomes ready; what the executor is to a task. Any thread. */
public interface TaskQueue {
    /** Takes a task that is ready and in no queue. */
    void enqueue(TaskCell<?> task);

    /** Takes a task that was woken during its own poll: behind those that are ready. */
    void requeue(TaskCell<?> task);

    /** The clock and the timers that polls see. */
    Timers timers();

    /**
     * Hears that a task is about to end by a failure.
     *
     * @return what the task keeps: the failure, or an {@link UnaskedFailure} of it
     */
    default Object failed(TaskCell<?> task, Pollable<?> pollable, Throwable failure) {
        return failure;
    }

    /** Hears that a task has ended. */
    void ended(TaskCell<?> task);

    /**
     * Returns why this thread must not block until a task has ended, and what to do instead; null
     * if it may.
     */
    @Nullable String whyNotBlock(long taskId);
}
