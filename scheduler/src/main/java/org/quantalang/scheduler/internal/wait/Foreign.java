package org.quantalang.scheduler.internal.wait;

import org.quantalang.scheduler.Waker;

/**
 * Calls code that is not ours, and may throw whatever it likes: what we still have to do goes on.
 * The failure goes to the thread's uncaught exception handler. Any thread, without a lock.
 */
public final class Foreign {
    private Foreign() {}

    /** Wakes; a waker of the user's own may fail. */
    public static void wake(Waker waker) {
        try {
            waker.wake();
        } catch (Throwable failure) {
            report(failure);
        }
    }

    /** Runs an action. */
    public static void run(Runnable action) {
        try {
            action.run();
        } catch (Throwable failure) {
            report(failure);
        }
    }

    /** Gives a failure to this thread's uncaught exception handler. */
    public static void report(Throwable failure) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        } catch (Throwable ignored) {
            // The handler failed as well: as in a thread that ends, that is nobody's business.
            return;
        }
    }
}
