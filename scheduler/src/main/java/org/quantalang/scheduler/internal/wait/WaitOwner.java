package org.quantalang.scheduler.internal.wait;

import org.jspecify.annotations.Nullable;

/** Whoever polls: knows the operations it waits for. One thread at a time. */
public abstract class WaitOwner {
    private @Nullable Wait first;

    /** Makes an owner that waits for nothing. */
    protected WaitOwner() {}

    final void own(Wait wait) {
        wait.owner = this;
        wait.nextOwned = first;
        if (first != null) {
            first.previousOwned = wait;
        }
        first = wait;
    }

    final void disown(Wait wait) {
        if (wait.previousOwned == null) {
            first = wait.nextOwned;
        } else {
            wait.previousOwned.nextOwned = wait.nextOwned;
        }
        if (wait.nextOwned != null) {
            wait.nextOwned.previousOwned = wait.previousOwned;
        }
        wait.nextOwned = null;
        wait.previousOwned = null;
        wait.owner = null;
    }

    /** Whether anything is waited for. */
    protected final boolean isWaiting() {
        return first != null;
    }

    /**
     * Aborts everything that is still waited for. One that cannot be aborted, for a combinator's
     * timers fail, is reported; the others are aborted all the same.
     */
    protected final void abortWaits() {
        for (Wait wait = first; wait != null; wait = first) {
            disown(wait);
            try {
                wait.abort();
            } catch (Throwable failure) {
                Foreign.report(failure);
            }
        }
    }
}
