package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.SharedSpace;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Quiet points of a shared heap: one thread has the heap for itself while all others that use it
 * have said that they stay away until they call again, wait in a poll, or have ended.
 *
 * <p>A thread that goes on says so first and looks for a pause then; who pauses says that first and
 * looks at the threads then. Both are volatile, so that one of the two sees the other.
 *
 * <p>Any thread. Virtual threads are seen only where they allocate.
 */
public final class Pauses {
    private static final long LOOK_NANOS = 100_000;

    private final SharedSpace space;
    private final Owners owners;

    /** One pause at a time. */
    private final ReentrantLock turn = new ReentrantLock();

    private volatile boolean pausing;

    public Pauses(SharedSpace space, Owners owners) {
        this.space = space;
        this.owners = owners;
    }

    /** Whether somebody waits for the others to be quiet, or has the heap for itself. */
    public boolean pausing() {
        return pausing;
    }

    /** Whether the caller has the heap for itself, or is about to. */
    public boolean isByCaller() {
        return turn.isHeldByCurrentThread();
    }

    /** The calling thread does not use the heap until {@link #resume}. */
    public void quiet(Owner self) {
        away(self);
    }

    /**
     * The calling thread uses the heap again, after a pause that may be on. If it has left
     * meanwhile, another may have its number, and it enters again when it uses the heap; if the
     * heap was closed, it finds that then.
     */
    public void resume(Owner self) {
        if (!self.serves(Thread.currentThread())) {
            return;
        }
        boolean interrupted = false;
        back(self);
        while (pausing && !turn.isHeldByCurrentThread()) {
            self.waits = true;
            away(self);
            LockSupport.parkNanos(LOOK_NANOS);
            interrupted |= Thread.interrupted();
            back(self);
            self.waits = false;
        }
        restore(interrupted);
    }

    /** Nobody, who serves all virtual threads, is neither away nor back. */
    private void away(Owner self) {
        if (!Thread.currentThread().isVirtual()) {
            owners.away(self);
        }
    }

    private void back(Owner self) {
        if (!Thread.currentThread().isVirtual()) {
            owners.back(self);
        }
    }

    private static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Runs {@code work} while nobody else uses the heap.
     *
     * @throws IllegalStateException if others are not quiet in time; says who
     */
    public void pause(long timeoutNanos, Runnable work) {
        if (turn.isHeldByCurrentThread()) {
            work.run();
            return;
        }
        Owner self = owners.current();
        long deadline = System.nanoTime() + timeoutNanos;
        takeTurn(self, timeoutNanos);
        try {
            begin();
            boolean ran = false;
            while (!ran) {
                await(deadline, timeoutNanos);
                ran = runIfQuiet(work);
            }
        } finally {
            end();
        }
    }

    private void begin() {
        pausing = true;
        owners.visitorsWait(true);
    }

    private void end() {
        pausing = false;
        owners.visitorsWait(false);
        turn.unlock();
    }

    /**
     * Runs {@code work}, which closes the heap, while nobody else uses it; does nothing if it has
     * been closed meanwhile. Waits for pauses that are on and for threads that only look, but for
     * no other to be quiet: who waits in a poll or for a turn uses the heap. The caller may be
     * quiet itself.
     *
     * @return other threads that use the heap; if there are any, nothing was done
     */
    public List<Thread> close(long timeoutNanos, Runnable work) {
        Owner self = owners.ofCaller();
        takeTurn(self, timeoutNanos);
        Owner quiet = self != null && self.quiet ? self : null;
        boolean interrupted = false;
        try {
            if (quiet != null) {
                owners.back(quiet); // it has the heap, or is about to
            }
            begin();
            while (!runIfUnused(work)) {
                List<Thread> users = users();
                if (!users.isEmpty()) {
                    return users;
                }
                LockSupport.parkNanos(LOOK_NANOS);
                interrupted |= Thread.interrupted();
            }
            return List.of();
        } finally {
            if (quiet != null) {
                owners.away(quiet);
            }
            end();
            restore(interrupted);
        }
    }

    /** Returns whether the heap is closed. */
    private boolean runIfUnused(Runnable work) {
        space.lock.lock();
        try {
            if (!owners.isClosed() && users().isEmpty() && !owners.hasVisitors()) {
                work.run();
            }
            return owners.isClosed();
        } finally {
            space.lock.unlock();
        }
    }

    /** While it waits for its turn the caller is quiet: others may want the heap first. */
    private void takeTurn(@Nullable Owner self, long timeoutNanos) {
        if (turn.tryLock()) {
            return;
        }
        boolean taken;
        if (self == null || self.quiet || Thread.currentThread().isVirtual()) {
            taken = awaitTurn(timeoutNanos);
        } else {
            taken = awaitTurnAway(self, timeoutNanos);
        }
        if (!taken) {
            throw new IllegalStateException(
                    "heap is paused by another thread: waitedMillis=%d"
                            .formatted(timeoutNanos / 1_000_000));
        }
    }

    private boolean awaitTurnAway(Owner self, long timeoutNanos) {
        self.waits = true;
        owners.away(self);
        boolean taken = awaitTurn(timeoutNanos);
        if (taken) {
            owners.back(self); // it has the heap: nobody looks
        } else {
            resume(self);
        }
        self.waits = false;
        return taken;
    }

    private boolean awaitTurn(long timeoutNanos) {
        long deadline = System.nanoTime() + timeoutNanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return turn.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException _) {
                    interrupted = true; // it is told afterwards
                }
            }
        } finally {
            restore(interrupted);
        }
    }

    /** Runs under the lock, which keeps threads from entering and virtual ones from allocating. */
    private boolean runIfQuiet(Runnable work) {
        space.lock.lock();
        try {
            owners.checkOpen(); // a virtual thread that waited is not seen by who closes
            // A thread that entered meanwhile may need the lock before it can be quiet.
            boolean quiet = owners.running().stream().noneMatch(Pauses::isBusy);
            if (quiet) {
                work.run();
            }
            return quiet;
        } finally {
            space.lock.unlock();
        }
    }

    private void await(long deadline, long timeoutNanos) {
        boolean interrupted = false;
        while (true) {
            List<Owner> busy = owners.running().stream().filter(Pauses::isBusy).toList();
            if (busy.isEmpty()) {
                restore(interrupted);
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                restore(interrupted);
                throw new IllegalStateException(
                        "heap cannot be paused, threads are not quiet: waitedMillis=%d threads=%s; they must poll(), leave() or say quietly()"
                                .formatted(timeoutNanos / 1_000_000, names(busy)));
            }
            LockSupport.parkNanos(LOOK_NANOS);
            interrupted |= Thread.interrupted();
        }
    }

    /** Other threads that use the heap and have not said that they are quiet, without visitors. */
    private List<Thread> users() {
        Thread self = Thread.currentThread();
        return owners.running().stream()
                .filter(owner -> (!owner.quiet || owner.waits) && !owners.isVisitor(owner))
                .map(owner -> owner.thread)
                .filter(thread -> thread != null && !thread.equals(self) && thread.isAlive())
                .toList();
    }

    /** Another thread than the caller, and not quiet. */
    private static boolean isBusy(Owner owner) {
        Thread thread = owner.thread;
        return thread != null
                && !thread.equals(Thread.currentThread())
                && !owner.quiet
                && thread.isAlive();
    }

    private static String names(List<Owner> owners) {
        return owners.stream()
                .map(owner -> owner.thread)
                .filter(Objects::nonNull) // who has gone since
                .map(String::valueOf)
                .collect(Collectors.joining(", "));
    }
}
