package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.internal.wait.Wait;

/** Waits for a point in time that moves on by a period; belongs to the task that polls. */
public final class DeadlineWait extends Wait {
    private final long periodNanos;
    private boolean started;
    private long deadlineNanos;
    private Timers.@Nullable Timer timer;

    /** Makes a wait that ends one period after its first poll. */
    public DeadlineWait(long periodNanos) {
        this.periodNanos = periodNanos;
    }

    /**
     * Whether the time has come; if not, the task is woken when it has. Once it has, this waits for
     * the next period.
     */
    public boolean poll(Context context) {
        if (!context.mayGoOn()) {
            return false;
        }
        Timers timers = context.timers();
        long now = timers.nanoTime();
        if (!started) {
            started = true;
            deadlineNanos = now + periodNanos;
        }
        if (now - deadlineNanos >= 0) {
            detach();
            abort();
            deadlineNanos += periodNanos;
            return true;
        }
        if (timer == null) {
            timer = timers.schedule(deadlineNanos, context.waker());
            attach(context);
        }
        return false;
    }

    @Override
    public void abort() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
