package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** A task that was spawned. Any thread may call every method. */
public interface Task {
    /** Returns the task's number, unique in its executor. */
    long id();

    /** Returns where the task stands at this moment. */
    TaskState state();

    /** Whether the task has ended, in whichever way. */
    boolean isFinished();

    /**
     * Returns the task that this one is a child of, or null: the one that it was spawned for, or
     * once that has ended, the nearest above it that has not, or the first of all.
     */
    @Nullable Task parent();

    /** Returns the children that have not ended at this moment, newest first; O(children). */
    List<Task> children();

    /**
     * Asks the task and all of its children, and theirs, to end. A task that is not being polled
     * ends without another poll; one that is ends after this poll, unless the poll answers ready.
     * {@link Pollable#cancelled} is called, and what it waits for is given up, both by a worker;
     * only after these is the end seen by those that join. Returns without waiting; O(descendants).
     */
    void cancel();

    /**
     * Calls an action once when the task has ended; at once if it has. Otherwise a worker calls it.
     * An exception of the action goes to that thread's uncaught exception handler.
     *
     * @param action what to call; must not block
     */
    void onEnd(Runnable action);

    /**
     * Returns the task that this thread is polling, or null. While a worker calls what hears of a
     * task's end ({@link Pollable#cancelled}, actions of {@link #onEnd}, wakers), that task.
     */
    static @Nullable Task current() {
        return org.quantalang.scheduler.internal.task.CurrentTask.get();
    }
}
