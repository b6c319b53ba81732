package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Threads beside a shared heap, and how tests wait for them. */
final class HeapThreads {
    private HeapThreads() {}

    /** A small heap whose leaks do not matter. */
    static SharedHeap open() {
        return SharedHeap.open(
                HeapConfig.DEFAULT
                        .withLeakPolicy(LeakPolicy.FREE_ALL)
                        .withAddressSpaceBytes(64L << 20));
    }

    /** What is refused with a message that starts so. */
    static void refused(String start, Executable work) {
        String message =
                String.valueOf(assertThrows(IllegalStateException.class, work).getMessage());
        assertTrue(message.startsWith(start), message);
    }

    /** Waits for a latch; an interrupt is a failure. */
    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** Until a thread stands in a lock or a latch. */
    static void untilItWaits(Thread thread) {
        while (thread.getState() == Thread.State.NEW
                || thread.getState() == Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
    }

    /** Until a thread stands where it waits for so long at most, as for its turn. */
    static void untilItWaitsForAWhile(Thread thread) {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    /** Runs work on a thread of its own; returns what it threw. */
    static @Nullable Throwable elsewhere(Runnable work) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        work.run();
                                    } catch (Throwable failed) {
                                        failure.set(failed);
                                    }
                                });
        thread.join();
        return failure.get();
    }
}
