package org.quantalang.scheduler.internal.wait;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Task;
import org.quantalang.scheduler.Waker;

/**
 * One operation that may wait: a node in the queue of its primitive, and in the list of the task
 * that waits, so that the end of the task takes it out of the queue again.
 *
 * <pre>
 *  IDLE --no luck--> QUEUED --granted--> GRANTED --next poll--> IDLE
 *                    QUEUED --closed---> CLOSED  --next poll--> IDLE
 *                    QUEUED, GRANTED --abort--> IDLE, and what was granted is passed on
 * </pre>
 *
 * <p>State, waker and queue links belong to the primitive's lock; the list of the task to the
 * worker that polls it.
 */
public abstract class Wait {
    /** Not waiting. */
    protected static final int IDLE = 0;

    /** In the primitive's queue. */
    protected static final int QUEUED = 1;

    /** Out of the queue with what it waited for. */
    protected static final int GRANTED = 2;

    /** Out of the queue because the primitive was closed. */
    protected static final int CLOSED = 3;

    /** Where the operation stands; under the primitive's lock. */
    protected int state = IDLE;

    @Nullable Waker waker;
    @Nullable Wait previous;
    @Nullable Wait next;

    @Nullable WaitOwner owner;
    @Nullable Wait previousOwned;
    @Nullable Wait nextOwned;

    /** Makes an operation that does not wait. */
    protected Wait() {}

    /** Gives up waiting and passes on what was granted already. Repeatable. */
    public abstract void abort();

    /** The polling worker: the operation is not wanted any more, though the task goes on. */
    public final void giveUp() {
        detach();
        abort();
    }

    /** Remembers the waker of the poll that goes pending; under the primitive's lock. */
    protected final void wakeWith(Waker newWaker) {
        waker = newWaker;
    }

    /** Says how the wait has ended; under the primitive's lock, after leaving the queue. */
    protected final @Nullable Waker settle(int newState) {
        state = newState;
        Waker whom = waker;
        waker = null;
        return whom;
    }

    /**
     * The polling worker: makes the task abort this wait when it ends. A context may be that of a
     * combinator; then it is the task that this thread polls.
     */
    protected final void attach(Context context) {
        if (owner != null) {
            return;
        }
        if (context instanceof WaitOwner waiting) {
            waiting.own(this);
        } else if (Task.current() instanceof WaitOwner waiting) {
            waiting.own(this);
        }
    }

    /** The polling worker: the wait is over. */
    protected final void detach() {
        if (owner != null) {
            owner.disown(this);
        }
    }
}
