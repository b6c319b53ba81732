package org.quantalang.scheduler.internal.task;

import org.quantalang.scheduler.TaskState;
import org.quantalang.scheduler.internal.wait.WaitOwner;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The state word of a task and every transition of it.
 *
 * <pre>
 *  bit  31                          4   3    2      0
 *       +---------------------------+------+--------+
 *       |             0             |  C   | phase  |
 *       +---------------------------+------+--------+
 *  C: cancellation was asked for.
 *
 *  WAITING   --wake, cancel--> READY (the caller enqueues)
 *  READY     --start---------> RUNNING (polls; or ends the task as CANCELLED, if C)
 *  RUNNING   --wake----------> NOTIFIED
 *  RUNNING   --pend----------> WAITING; no change if C, the worker ends the task
 *  NOTIFIED  --pend----------> READY (the worker enqueues); no change if C, the same
 *  RUNNING, NOTIFIED  --end--> COMPLETED, CANCELLED, PANICKED
 *  COMPLETED, CANCELLED, PANICKED: for good; a waker that comes later changes nothing
 * </pre>
 *
 * <p>Whoever ends the task, by whichever way, has it as RUNNING or NOTIFIED until everything is
 * given back that it held: so that whoever sees the end may take that away.
 *
 * <p>A task is in exactly one queue while READY, in none otherwise. A wake that changes nothing
 * still writes the word: the poll that follows must see what the waker wrote before it. A cell is
 * never used for a second task, so that a stale waker needs no generation to be harmless. Bits 4 to
 * 31 are left for priorities, blocking work and the task dump.
 */
public abstract class TaskWord extends WaitOwner {
    private static final int PHASE_MASK = 0b111;
    private static final int WAITING = 0;
    private static final int READY = 1;
    private static final int RUNNING = 2;
    private static final int NOTIFIED = 3;
    private static final int COMPLETED = 4;
    private static final int CANCELLED = 5;
    private static final int PANICKED = 6;
    private static final int CANCEL_REQUESTED = 1 << 3;

    private static final VarHandle WORD = wordHandle();

    @SuppressWarnings("UnusedVariable") // reached through WORD alone
    private volatile int word = READY;

    TaskWord() {}

    private static VarHandle wordHandle() {
        try {
            return MethodHandles.lookup()
                    .findVarHandle(TaskWord.class, "word", int.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What the caller of a transition does next. */
    public enum Next {
        /** Nothing: another thread has the task, or it has ended. */
        NOTHING,
        /** Put the task into a queue. */
        ENQUEUE,
        /** Poll the task. */
        POLL,
        /** End the task as cancelled, and tell its waiters. */
        ANNOUNCE_CANCELLED
    }

    /** Any thread: the task can go on. */
    final Next wakeTransition() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            int after =
                    switch (before & PHASE_MASK) {
                        case WAITING -> withPhase(before, READY);
                        case RUNNING -> withPhase(before, NOTIFIED);
                        case READY, NOTIFIED -> before;
                        default -> {
                            yield -1; // ended
                        }
                    };
            if (after == -1) {
                return Next.NOTHING;
            }
            // Release, also where the value stays: pairs with the acquire in start, whose poll sees
            // what the waker wrote.
            if (WORD.compareAndSet(this, before, after)) {
                return (before & PHASE_MASK) == WAITING ? Next.ENQUEUE : Next.NOTHING;
            }
        }
    }

    /** Any thread: the task should end. */
    final Next cancelTransition() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            if (ended(before)) {
                return Next.NOTHING;
            }
            boolean waiting = (before & PHASE_MASK) == WAITING;
            int after = (waiting ? withPhase(before, READY) : before) | CANCEL_REQUESTED;
            if (WORD.compareAndSet(this, before, after)) {
                return waiting ? Next.ENQUEUE : Next.NOTHING;
            }
        }
    }

    /** The worker that took the task out of a queue. */
    public final Next startTransition() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            boolean cancelled = (before & CANCEL_REQUESTED) != 0;
            int after = withPhase(before, RUNNING);
            // Acquire: pairs with the release of every wake before this poll.
            if (WORD.compareAndSet(this, before, after)) {
                return cancelled ? Next.ANNOUNCE_CANCELLED : Next.POLL;
            }
        }
    }

    /** The worker whose poll has answered pending. */
    final Next pendTransition() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            if ((before & CANCEL_REQUESTED) != 0) {
                return Next.ANNOUNCE_CANCELLED; // the task stays with its worker
            }
            boolean notified = (before & PHASE_MASK) == NOTIFIED;
            int after = withPhase(before, notified ? READY : WAITING);
            // Release: pairs with the acquire of the next worker, which goes on where this one
            // ended.
            if (WORD.compareAndSet(this, before, after)) {
                return notified ? Next.ENQUEUE : Next.NOTHING;
            }
        }
    }

    /**
     * The worker that ends the task; the outcome is written before, and what the task held is given
     * back.
     *
     * @param end one of the three ends
     */
    final void endTransition(TaskState end) {
        // No switch: it loads a class at its first use, and memory may have run out.
        int after =
                end == TaskState.COMPLETED
                        ? COMPLETED
                        : end == TaskState.PANICKED ? PANICKED : CANCELLED | CANCEL_REQUESTED;
        // Release: pairs with the acquire in state, after which the outcome is read. A cancellation
        // that came in between is too late.
        WORD.setRelease(this, after);
    }

    /** Where the task stands. */
    public final TaskState state() {
        int now = (int) WORD.getAcquire(this);
        return switch (now & PHASE_MASK) {
            case WAITING -> TaskState.WAITING;
            case READY -> TaskState.READY;
            case RUNNING, NOTIFIED -> TaskState.RUNNING;
            case COMPLETED -> TaskState.COMPLETED;
            case CANCELLED -> TaskState.CANCELLED;
            default -> TaskState.PANICKED;
        };
    }

    /** Whether the task has ended. */
    public final boolean isFinished() {
        return ended((int) WORD.getAcquire(this));
    }

    /** Whether cancellation was asked for, and no value or exception came first. */
    final boolean cancelRequested() {
        return ((int) WORD.getVolatile(this) & CANCEL_REQUESTED) != 0;
    }

    private static boolean ended(int word) {
        return (word & PHASE_MASK) >= COMPLETED;
    }

    private static int withPhase(int word, int phase) {
        return (word & ~PHASE_MASK) | phase;
    }
}
