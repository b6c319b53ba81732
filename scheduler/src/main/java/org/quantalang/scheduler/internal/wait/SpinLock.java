package org.quantalang.scheduler.internal.wait;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Guards a few loads and stores. A holder never blocks, allocates little and calls no foreign code,
 * so that waiting for it by spinning is shorter than a sleep; after a while the waiter yields, for
 * the holder may have been descheduled. Not reentrant. Any thread.
 */
public final class SpinLock {
    private static final int SPINS_BEFORE_YIELD = 100;
    private static final VarHandle HELD;

    @SuppressWarnings("UnusedVariable") // reached through HELD alone
    private volatile int held;

    static {
        try {
            HELD =
                    MethodHandles.lookup()
                            .findVarHandle(SpinLock.class, "held", int.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Makes a free lock. */
    public SpinLock() {}

    /** Takes the lock. */
    public void lock() {
        // Acquire: pairs with the release in unlock; sees what the last holder wrote.
        if (!HELD.compareAndSet(this, 0, 1)) {
            lockSlowly();
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // the holder may wait for this very processor
    private void lockSlowly() {
        int spins = 0;
        while ((int) HELD.getOpaque(this) != 0 || !HELD.compareAndSet(this, 0, 1)) {
            if (++spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    /** Gives the lock back; the holder only. */
    public void unlock() {
        HELD.setRelease(this, 0); // release: pairs with the compare-and-set in lock
    }
}
