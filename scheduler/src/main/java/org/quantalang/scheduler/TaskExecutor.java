package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.Execution;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.worker.Workers;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

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
        Rehearsal.once();
        return new TaskExecutor(config);
    }

    /**
     * Starts a task.
     *
     * @param pollable what it does
     * @param <T> type of its value
     * @return its end, to wait for; may be dropped: a failure that nobody has asked for then goes
     *     to {@link ExecutorConfig#failureHandler}, some time later
     * @throws RejectedExecutionException after {@link #close} was called, unless this is a task
     */
    public <T extends @Nullable Object> JoinHandle<T> spawn(Pollable<T> pollable) {
        TaskCell<T> task = admit(pollable);
        workers.enqueue(task);
        return task;
    }

    /**
     * Starts a task as a child of another: when the parent is cancelled, so is the child. The
     * parent's own end does not wait for it; its children are then those of its own parent, if it
     * has one.
     *
     * @param parent a task of this executor
     * @throws IllegalArgumentException if it is none
     * @throws RejectedExecutionException as {@link #spawn}
     */
    public <T extends @Nullable Object> JoinHandle<T> spawnChild(
            Task parent, Pollable<T> pollable) {
        Objects.requireNonNull(parent, "parent is null");
        if (!(parent instanceof TaskCell<?> cell && cell.belongsTo(workers))) {
            throw new IllegalArgumentException(
                    "not a task of this executor: parent=%s name=%s"
                            .formatted(parent, config.name()));
        }
        TaskCell<T> task = admit(pollable);
        try {
            cell.adopt(task);
        } catch (OutOfMemoryError e) {
            task.abandon();
            throw e;
        }
        workers.enqueue(task);
        return task;
    }

    private <T extends @Nullable Object> TaskCell<T> admit(Pollable<T> pollable) {
        Objects.requireNonNull(pollable, "pollable is null");
        long id = workers.admit();
        if (id < 0) {
            throw new RejectedExecutionException(
                    "executor is closed and takes no more tasks: name=" + config.name());
        }
        try {
            return new TaskCell<>(id, pollable, workers);
        } catch (OutOfMemoryError e) {
            workers.countEnd(); // or close waits for it
            throw e;
        }
    }

    /**
     * Polls on this thread until there is a value, sleeping in between.
     *
     * @return the value
     * @throws IllegalStateException if this thread is one of the workers or fires the timers, and
     *     must not block
     * @throws RejectedExecutionException if the pollable waits for a time and the executor is
     *     closed, before this or meanwhile: its timers have stopped
     * @throws Exception what the pollable threw; {@link InterruptedException} if this thread was
     *     interrupted, after the pollable was told that it is cancelled; what it threw then is
     *     suppressed in it
     */
    public <T extends @Nullable Object> T blockOn(Pollable<T> pollable) throws Exception {
        Objects.requireNonNull(pollable, "pollable is null");
        if (workers.mustNotBlock()) {
            throw new IllegalStateException(
                    "a worker must not block on a pollable; poll it instead: name="
                            + config.name());
        }
        return workers.blockOn(pollable);
    }

    /**
     * Returns a view that runs each command as a task; a command must not block. What it throws
     * goes to {@link ExecutorConfig#failureHandler}.
     */
    public Executor asExecutor() {
        return command -> {
            Objects.requireNonNull(command, "command is null");
            spawn(new Execution(command));
        };
    }

    /** Returns the clock and timers that this executor's tasks see. */
    public Timers timers() {
        return workers.timers();
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
     * not ended never will, the thread's interrupt status stays set, and others that are in this
     * call return as well. Timers stop last.
     *
     * @throws IllegalStateException if this thread is one of the workers or fires the timers
     */
    @Override
    public void close() {
        if (workers.mustNotBlock()) {
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
