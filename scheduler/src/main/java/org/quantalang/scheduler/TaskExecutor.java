package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.worker.Workers;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs tasks on worker threads that steal from each other, the seed's {@code Executor}.
 *
 * {@snippet :
 * try (TaskExecutor executor = TaskExecutor.start()) {
 *     JoinHandle<Integer> answer = executor.spawn(context -> Poll.ready(42));
 *     System.out.println(answer.join());
 * }
 * }
 *
 * <p>Any thread may call every method. Workers are daemon threads.
 */
public final class TaskExecutor implements AutoCloseable {
    private final Workers workers;
    private final ExecutorConfig config;
    private final AtomicLong nextId = new AtomicLong(1);

    private TaskExecutor(ExecutorConfig config) {
        this.config = config;
        this.workers = new Workers(config);
    }

    /** Starts an executor with one worker for each processor. */
    public static TaskExecutor start() {
        return start(ExecutorConfig.defaults());
    }

    /**
     * Starts an executor.
     *
     * @param config how it is set up
     * @return the running executor; the caller closes it
     */
    public static TaskExecutor start(ExecutorConfig config) {
        return new TaskExecutor(config);
    }

    /**
     * Starts a task.
     *
     * @param pollable what it does
     * @param <T> type of its value
     * @return its end, to wait for; may be dropped
     * @throws RejectedExecutionException after {@link #close} was called, unless this is a task
     */
    public <T extends @Nullable Object> JoinHandle<T> spawn(Pollable<T> pollable) {
        if (!workers.admit()) {
            throw new RejectedExecutionException(
                    "executor is closed and takes no more tasks: name=" + config.name());
        }
        var task = new TaskCell<T>(nextId.getAndIncrement(), pollable, workers);
        workers.enqueue(task);
        return task;
    }

    /** Returns how this executor was set up. */
    public ExecutorConfig config() {
        return config;
    }

    /** Returns what was done so far. */
    public ExecutorStats stats() {
        return workers.stats();
    }

    /**
     * Takes no more tasks from outside, waits until all have ended, those that they spawn too, and
     * stops the workers. A task that waits for a waker which nobody calls keeps this waiting:
     * cancel it. If this thread is interrupted, the workers stop after their current poll, what has
     * not ended never will, and the thread's interrupt status stays set.
     *
     * @throws IllegalStateException if this thread is one of the workers
     */
    @Override
    public void close() {
        if (workers.isWorkerThread()) {
            throw new IllegalStateException(
                    "a worker cannot close its own executor: name=" + config.name());
        }
        try {
            workers.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
