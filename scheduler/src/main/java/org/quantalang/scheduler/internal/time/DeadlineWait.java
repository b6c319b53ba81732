package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;
import org.quantalang.scheduler.internal.wait.Wait;

/** Waits for a point in time that moves on by a period; belongs to the task that polls. */
public final class DeadlineWait extends Wait {
    private final long periodNanos;
    private boolean started;
    private long deadlineNanos;
    private Timers.@Nullable Timer timer;
    private @Nullable Waker whom; // of the timer

    /** Makes a wait that ends one period after its first poll. */
    public DeadlineWait(long periodNanos) {
        this.periodNanos = periodNanos;
    }

    /**
     * Whether the time has come; if not, the task is woken when it has. Once it has, this waits for
     * the next period.
     */
    public boolean poll(Context context) {
        return context.mayGoOn() && pollUncharged(context);
    }

    /** Lets the time begin, unless it has; the first poll does so otherwise. */
    public void start(Timers timers) {
        if (!started) {
            started = true;
            deadlineNanos = timers.nanoTime() + periodNanos;
        }
    }

    /** Whether {@link #start} or a poll has let the time begin. */
    public boolean isStarted() {
        return started;
    }

    /** The same as {@link #poll}, also in a poll that has used up its operations. */
    @SuppressWarnings("ReferenceEquality") // the same waker, not an equal one
    public boolean pollUncharged(Context context) {
        Timers timers = context.timers();
        start(timers);
        long now = timers.nanoTime();
        if (now - deadlineNanos >= 0) {
            detach();
            abort();
            deadlineNanos += periodNanos;
            return true;
        }
        Waker own = context.waker();
        if (timer == null || whom != own || !timers.isOpen()) {
            abort();
            timer = timers.schedule(deadlineNanos, own);
            whom = own;
            attach(context);
        }
        return false;
    }

    @Override
    public void abort() {
        if (timer != null) {
            timer.cancel();
            timer = null;
            whom = null;
        }
    }
}
