package org.quantalang.scheduler.internal.worker;

/** What one worker has done; written by the worker alone, read racily by anyone. */
final class WorkerCounts {
    private volatile long polls;
    private volatile long stolen;
    private volatile long parks;

    WorkerCounts() {}

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void poll() {
        polls++;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void stole(int tasks) {
        stolen += tasks;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void park() {
        parks++;
    }

    long polls() {
        return polls;
    }

    long stolen() {
        return stolen;
    }

    long parks() {
        return parks;
    }
}
