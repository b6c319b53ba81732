package org.quantalang.memory.internal.shared;

import org.quantalang.memory.internal.alloc.SharedSpace;

import java.util.List;
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

    /** The calling thread does not use the heap until {@link #resume}. */
    public void quiet(Owner self) {
        self.quiet = true;
    }

    /**
     * The calling thread uses the heap again, after a pause that may be on. If it has left
     * meanwhile, another may have its number, and it enters again when it uses the heap.
     */
    public void resume(Owner self) {
        if (!self.serves(Thread.currentThread())) {
            return;
        }
        self.quiet = false;
        while (pausing && !turn.isHeldByCurrentThread()) {
            self.quiet = true;
            LockSupport.parkNanos(LOOK_NANOS);
            self.quiet = false;
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
        quiet(self); // for others, who may want the heap first
        try {
            if (!turn.tryLock(timeoutNanos, TimeUnit.NANOSECONDS)) {
                throw new IllegalStateException(
                        "heap is paused by another thread: waitedMillis=%d"
                                .formatted(timeoutNanos / 1_000_000));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while another paused", interrupted);
        } finally {
            if (!turn.isHeldByCurrentThread()) {
                resume(self);
            }
        }
        try {
            pausing = true;
            boolean ran = false;
            while (!ran) {
                await(self, deadline, timeoutNanos);
                ran = runIfQuiet(self, work);
            }
        } finally {
            pausing = false;
            if (self.serves(Thread.currentThread())) {
                self.quiet = false;
            }
            turn.unlock();
        }
    }

    /** Runs under the lock, which keeps threads from entering and virtual ones from allocating. */
    private boolean runIfQuiet(Owner self, Runnable work) {
        space.lock.lock();
        try {
            // A thread that entered meanwhile may need the lock before it can be quiet.
            boolean quiet = owners.running().stream().noneMatch(each -> isBusy(each, self));
            if (quiet) {
                work.run();
            }
            return quiet;
        } finally {
            space.lock.unlock();
        }
    }

    private void await(Owner self, long deadline, long timeoutNanos) {
        while (true) {
            List<Owner> busy =
                    owners.running().stream().filter(each -> isBusy(each, self)).toList();
            if (busy.isEmpty()) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "heap cannot be paused, threads are not quiet: waitedMillis=%d threads=%s; they must poll(), leave() or say quietly()"
                                .formatted(timeoutNanos / 1_000_000, names(busy)));
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** Other threads that use the heap and are not quiet. */
    public List<Thread> users() {
        Thread self = Thread.currentThread();
        return owners.running().stream()
                .filter(owner -> !owner.quiet)
                .map(owner -> owner.thread)
                .filter(thread -> thread != null && !thread.equals(self) && thread.isAlive())
                .toList();
    }

    private static boolean isBusy(Owner owner, Owner self) {
        Thread thread = owner.thread;
        return owner != self && !owner.quiet && thread != null && thread.isAlive();
    }

    private static String names(List<Owner> owners) {
        return owners.stream()
                .map(owner -> String.valueOf(owner.thread))
                .collect(Collectors.joining(", "));
    }
}
