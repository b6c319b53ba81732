package org.quantalang.scheduler.internal.task;

/** Where a task goes when it becomes ready; what the executor is to a task. Any thread. */
public interface TaskQueue {
    /** Takes a task that is ready and in no queue. */
    void enqueue(TaskCell<?> task);

    /** Hears that a task has ended. */
    void ended(TaskCell<?> task);

    /** Whether this thread is one of the workers. */
    boolean isWorkerThread();
}
