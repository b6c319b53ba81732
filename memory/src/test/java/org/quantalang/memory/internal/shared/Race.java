package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Lets threads meet in round after round, so that what they do there happens at the same time. */
public final class Race {
    private final int threads;
    private final AtomicInteger arrived = new AtomicInteger();
    private volatile int round;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** What a thread does in a round. */
    @FunctionalInterface
    public interface Part {
        /** Runs the part of one round. */
        void run(int round);
    }

    private Race(int threads) {
        this.threads = threads;
    }

    /**
     * Runs the parts against each other.
     *
     * @param rounds how often, unless one fails
     * @param between run by one thread when all have done a round, before the next
     * @return what failed first, or null
     */
    public static @Nullable Throwable failureOf(int rounds, Part between, Part... parts) {
        Race race = new Race(parts.length);
        Thread[] threads = new Thread[parts.length];
        for (int i = 0; i < parts.length; i++) {
            Part part = parts[i];
            boolean first = i == 0;
            threads[i] = Thread.ofPlatform().start(() -> race.take(rounds, part, first, between));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
        return race.failure.get();
    }

    /** The same where nothing may fail. */
    public static void run(int rounds, Part between, Part... parts) {
        @Nullable Throwable failed = failureOf(rounds, between, parts);
        if (failed != null) {
            throw new AssertionError("a race went wrong: " + failed, failed);
        }
    }

    private void take(int rounds, Part part, boolean first, Part between) {
        for (int i = 0; i < rounds && failure.get() == null; i++) {
            int now = i;
            meet();
            guarded(() -> part.run(now));
            meet();
            if (first) {
                guarded(() -> between.run(now));
            }
        }
    }

    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (Throwable failed) {
            failure.compareAndSet(null, failed);
        }
    }

    // Threads may be more than processors.
    @SuppressWarnings("ThreadPriorityCheck")
    private void meet() {
        int current = round;
        if (arrived.incrementAndGet() == threads) {
            arrived.set(0);
            round = current + 1;
            return;
        }
        for (int spins = 0; round == current && failure.get() == null; spins++) {
            if (spins < 200) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }
}
