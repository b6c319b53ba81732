package org.quantalang.scheduler.internal.task;

import org.quantalang.scheduler.Timers;

/** Where a task goes when it becomes ready; what the executor is to a task. Any thread. */
public interface TaskQueue {
    /** Takes a task that is ready and in no queue. */
    void enqueue(TaskCell<?> task);

    /** Takes a task that was woken during its own poll: behind those that are ready. */
    void requeue(TaskCell<?> task);

    /** The clock and the timers that polls see. */
    Timers timers();

    /** Hears that a task has ended. */
    void ended(TaskCell<?> task);

    /** Whether this thread is one that runs tasks or fires timers: others wait for it. */
    boolean mustNotBlock();
}
