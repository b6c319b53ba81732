package org.quantalang.scheduler;

import java.util.Objects;

/**
 * How an executor is set up.
 *
 * @param name names the threads
 * @param workers number of worker threads, 1 to {@value #MAX_WORKERS}
 * @param stealing whether idle workers take tasks from others; off, tasks stay where they are
 *     pushed
 * @param globalQueueBatch tasks that a worker takes at most at once from the queue that other
 *     threads fill, 1 to {@value #MAX_BATCH}
 * @param stackBytes stack size of a worker thread, at most {@value #MAX_STACK_BYTES}; 0 for the
 *     virtual machine's default
 * @param failureHandler hears of failures that nobody can ask for
 * @param rest surrounds the moments in which a worker runs no task
 */
public record ExecutorConfig(
        String name,
        int workers,
        boolean stealing,
        int globalQueueBatch,
        long stackBytes,
        FailureHandler failureHandler,
        WorkerRest rest) {
    /** One bit each in the idle mask. */
    public static final int MAX_WORKERS = 48;

    /** A gibibyte. */
    public static final long MAX_STACK_BYTES = 1L << 30;

    /** Half of a worker's ring. */
    public static final int MAX_BATCH = 128;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if {@code workers}, {@code globalQueueBatch} or {@code
     *     stackBytes} is out of range
     */
    public ExecutorConfig {
        Objects.requireNonNull(name, "name is null");
        Objects.requireNonNull(failureHandler, "failureHandler is null");
        Objects.requireNonNull(rest, "rest is null");
        if (workers < 1 || workers > MAX_WORKERS) {
            throw new IllegalArgumentException(
                    "number of workers out of range: workers=%d range=1..%d"
                            .formatted(workers, MAX_WORKERS));
        }
        if (globalQueueBatch < 1 || globalQueueBatch > MAX_BATCH) {
            throw new IllegalArgumentException(
                    "batch out of range: globalQueueBatch=%d range=1..%d"
                            .formatted(globalQueueBatch, MAX_BATCH));
        }
        if (stackBytes < 0 || stackBytes > MAX_STACK_BYTES) {
            throw new IllegalArgumentException(
                    "stack size out of range: stackBytes=%d range=0..%d"
                            .formatted(stackBytes, MAX_STACK_BYTES));
        }
    }

    /**
     * Returns one worker for each processor, with stealing, and {@link FailureHandler#UNCAUGHT}.
     */
    public static ExecutorConfig defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new ExecutorConfig(
                "quanta",
                Math.min(processors, MAX_WORKERS),
                true,
                MAX_BATCH,
                0,
                FailureHandler.UNCAUGHT,
                WorkerRest.NONE);
    }

    /** Returns the same with another number of workers. */
    public ExecutorConfig withWorkers(int number) {
        return new ExecutorConfig(
                name, number, stealing, globalQueueBatch, stackBytes, failureHandler, rest);
    }

    /** Returns the same with another name. */
    public ExecutorConfig withName(String newName) {
        return new ExecutorConfig(
                newName, workers, stealing, globalQueueBatch, stackBytes, failureHandler, rest);
    }

    /** Returns the same with stealing on or off. */
    public ExecutorConfig withStealing(boolean on) {
        return new ExecutorConfig(
                name, workers, on, globalQueueBatch, stackBytes, failureHandler, rest);
    }

    /** Returns the same with another limit for a batch from the global queue. */
    public ExecutorConfig withGlobalQueueBatch(int tasks) {
        return new ExecutorConfig(name, workers, stealing, tasks, stackBytes, failureHandler, rest);
    }

    /** Returns the same with another stack size of the workers. */
    public ExecutorConfig withStackBytes(long bytes) {
        return new ExecutorConfig(
                name, workers, stealing, globalQueueBatch, bytes, failureHandler, rest);
    }

    /** Returns the same with another handler of failures that nobody can ask for. */
    public ExecutorConfig withFailureHandler(FailureHandler handler) {
        return new ExecutorConfig(
                name, workers, stealing, globalQueueBatch, stackBytes, handler, rest);
    }

    /** Returns the same with something else around the moments in which a worker runs no task. */
    public ExecutorConfig withRest(WorkerRest around) {
        return new ExecutorConfig(
                name, workers, stealing, globalQueueBatch, stackBytes, failureHandler, around);
    }
}
