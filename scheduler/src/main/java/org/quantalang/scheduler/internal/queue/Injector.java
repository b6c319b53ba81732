package org.quantalang.scheduler.internal.queue;

import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Takes tasks from threads that are no workers, and what does not fit a worker's ring. First in,
 * first out, but for tasks beyond the array's capacity, which wait until the array is empty. Any
 * thread.
 */
public final class Injector {
    private static final int CAPACITY = 4096;

    private final Queue<TaskCell<?>> array = new MpmcVarHandleArrayQueue<>(CAPACITY);
    private final Queue<TaskCell<?>> overflow = new ConcurrentLinkedQueue<>();

    /** Makes an empty injector. */
    public Injector() {}

    /** Adds a task; never fails. */
    public void add(TaskCell<?> task) {
        if (!array.offer(task)) {
            overflow.add(task);
        }
    }

    /** Takes a task, or null. */
    public @Nullable TaskCell<?> poll() {
        TaskCell<?> task = array.poll();
        return task == null ? overflow.poll() : task;
    }

    /** Whether there is nothing at this moment. */
    public boolean isEmpty() {
        return array.isEmpty() && overflow.isEmpty();
    }

    /**
     * Tasks in the array at this moment, so at most its capacity: counting the overflow would walk
     * it, and a worker asks for every batch.
     */
    public int sizeInArray() {
        return array.size();
    }
}
