package org.quantalang.bench.scheduler;

/**
 * Runs the rows' programs on one scheduler. Each method starts the program and returns at once or
 * later; the countdown tells when it has ended. Called by threads that are no workers.
 */
public interface TaskPeer extends AutoCloseable {
    /** Spawns tasks from this thread; task {@code i} ends with {@code first + i}. */
    void spawn(int first, int count, Countdown done);

    /** A task that spawns tasks; task {@code i} ends with {@code i}. */
    void spawnLocal(int count, Countdown done);

    /** Each task spawns the next; the last one ends with {@code links}. */
    void chained(int links, Countdown done);

    /**
     * A task spawns {@code rounds} tasks. Each spawns a partner and sends it its number, which the
     * partner sends back, each by a cell for one value that the other waits for; it ends with what
     * came back.
     */
    void pingPong(int rounds, Countdown done);

    /** Tasks that give way to others {@code yields} times each and end with that number. */
    void yields(int tasks, int yields, Countdown done);

    /**
     * Tasks that count up a plain variable under a semaphore of one permit; the one that counts
     * last ends with the variable's value, the others with 0.
     */
    void semaphore(int tasks, int acquires, Countdown done);

    /** One task sends 0 to {@code elements - 1}, another ends with their sum. */
    void channel(int capacity, int elements, Countdown done);

    /**
     * A task sets {@code batch} timers of an hour and cancels them, again and again, and ends with
     * the number cancelled.
     */
    void timers(int batch, int batches, Countdown done);

    /** A tree of tasks, ten below each, whose leaves' numbers are summed up to the root. */
    void skynet(int leaves, Countdown done);

    @Override
    void close();

    /** How the benchmark finds a peer, by {@link java.util.ServiceLoader}. */
    interface Provider {
        /** Its name in commands and tables. */
        String name();

        /** Starts it; once in a process, since some read their number of workers once. */
        TaskPeer start(int workers);
    }
}
