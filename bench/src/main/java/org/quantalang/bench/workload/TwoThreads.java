package org.quantalang.bench.workload;

/** Runs two parts of a workload at once. */
final class TwoThreads {
    private TwoThreads() {}

    /** Runs one part in a new thread and the other here; returns when both are done. */
    static void run(Runnable there, Runnable here) {
        Thread thread = Thread.ofPlatform().start(there);
        here.run();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while another thread worked", interrupted);
        }
    }
}
