package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;

/**
 * Ready tasks, first in, first out, linked through themselves: takes a task although no memory is
 * left. By monitor, which needs nothing that the virtual machine makes at its first use. Any
 * thread.
 */
public final class TaskList {
    // Volatile: who goes to sleep looks without the monitor. Written under it.
    private volatile @Nullable TaskCell<?> first;
    private @Nullable TaskCell<?> last;
    private int size;

    /** Makes an empty list. */
    public TaskList() {}

    /** Adds a task, which is in no other list, at the end. */
    public synchronized void add(TaskCell<?> task) {
        if (last == null) {
            first = task;
        } else {
            last.following = task;
        }
        last = task;
        size++;
    }

    /** Takes the first task, or null. */
    public synchronized @Nullable TaskCell<?> poll() {
        TaskCell<?> task = first;
        if (task != null) {
            first = task.following;
            task.following = null;
            if (first == null) {
                last = null;
            }
            size--;
        }
        return task;
    }

    /** Whether there is nothing at this moment; without the monitor. */
    public boolean isEmpty() {
        return first == null;
    }

    /** Tasks at this moment. */
    public synchronized int size() {
        return size;
    }
}
