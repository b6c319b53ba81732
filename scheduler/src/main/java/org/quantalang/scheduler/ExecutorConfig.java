package org.quantalang.scheduler;

/**
 * How an executor is set up.
 *
 * @param name names the threads
 * @param workers number of worker threads, 1 to {@value #MAX_WORKERS}
 * @param stealing whether idle workers take tasks from others; off, tasks stay where they are
 *     pushed
 */
public record ExecutorConfig(String name, int workers, boolean stealing) {
    /** One bit each in the idle mask. */
    public static final int MAX_WORKERS = 48;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if {@code workers} is out of range
     */
    public ExecutorConfig {
        if (workers < 1 || workers > MAX_WORKERS) {
            throw new IllegalArgumentException(
                    "number of workers out of range: workers=%d range=1..%d"
                            .formatted(workers, MAX_WORKERS));
        }
    }

    /** Returns one worker for each processor, with stealing. */
    public static ExecutorConfig defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new ExecutorConfig("quanta", Math.min(processors, MAX_WORKERS), true);
    }

    /** Returns the same with another number of workers. */
    public ExecutorConfig withWorkers(int number) {
        return new ExecutorConfig(name, number, stealing);
    }

    /** Returns the same with another name. */
    public ExecutorConfig withName(String newName) {
        return new ExecutorConfig(newName, workers, stealing);
    }

    /** Returns the same with stealing on or off. */
    public ExecutorConfig withStealing(boolean on) {
        return new ExecutorConfig(name, workers, on);
    }
}
