package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.SpinLock;
import org.quantalang.scheduler.internal.wait.Wait;
import org.quantalang.scheduler.internal.wait.WaitQueue;

import java.util.ArrayList;

/**
 * Permits that tasks wait for without blocking a worker, first come first served. Any thread.
 *
 * {@snippet :
 * Pollable<Boolean> acquire = semaphore.acquire();
 * executor.spawn(
 *         context -> {
 *             if (acquire.poll(context).isPending()) {
 *                 return Poll.pending();
 *             }
 *             try {
 *                 return Poll.ready(work());
 *             } finally {
 *                 semaphore.release();
 *             }
 *         });
 * }
 */
public final class Semaphore {
    private final SpinLock lock = new SpinLock();
    private final WaitQueue waiting = new WaitQueue();
    private final int permits;
    private int available;
    private boolean closed;

    /**
     * Makes a semaphore with all permits available.
     *
     * @throws IllegalArgumentException if {@code permits} is not positive
     */
    public Semaphore(int permits) {
        if (permits < 1) {
            throw new IllegalArgumentException("permits must be positive: permits=" + permits);
        }
        this.permits = permits;
        this.available = permits;
    }

    /** Takes a permit if one is free and nobody waits for it. */
    public boolean tryAcquire() {
        lock.lock();
        try {
            return takeLocked();
        } finally {
            lock.unlock();
        }
    }

    private boolean takeLocked() {
        if (closed || available == 0 || waiting.first() != null) {
            return false;
        }
        available--;
        return true;
    }

    /**
     * Returns an operation that takes a permit: ready with true once it has one, with false if the
     * semaphore was closed. Polled again after that, it takes another. A task that ends while it
     * waits passes its turn, and a permit it was given but has not seen, on to the next. Belongs to
     * one task.
     */
    public Pollable<Boolean> acquire() {
        return new Acquire();
    }

    /**
     * Gives a permit back; the one who waits longest gets it.
     *
     * @throws IllegalStateException if more are released than were acquired
     */
    public void release() {
        Waker whom;
        lock.lock();
        try {
            if (available == permits) {
                throw new IllegalStateException(
                        "permit released more often than acquired: permits=" + permits);
            }
            available++;
            whom = grantLocked();
        } finally {
            lock.unlock();
        }
        if (whom != null) {
            whom.wake();
        }
    }

    private @Nullable Waker grantLocked() {
        if (available > 0 && waiting.first() instanceof Acquire next) {
            available--;
            waiting.remove(next);
            return next.granted();
        }
        return null;
    }

    /** Refuses everybody from now on, those that wait too. Permits may still be released. */
    public void close() {
        var whom = new ArrayList<Waker>();
        lock.lock();
        try {
            closed = true;
            while (waiting.first() instanceof Acquire next) {
                waiting.remove(next);
                Waker waker = next.refused();
                if (waker != null) {
                    whom.add(waker);
                }
            }
        } finally {
            lock.unlock();
        }
        whom.forEach(Waker::wake);
    }

    /** Returns how many permits are free at this moment. */
    public int available() {
        lock.lock();
        try {
            return available;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many operations wait at this moment. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private final class Acquire extends Wait implements Pollable<Boolean> {
        @Override
        public Poll<Boolean> poll(Context context) {
            if (!context.mayGoOn()) {
                return Poll.pending();
            }
            boolean taken;
            lock.lock();
            try {
                taken = state == GRANTED || (state == IDLE && takeLocked());
                if (!taken && state != CLOSED && !closed) {
                    wakeWith(context.waker());
                    if (state == IDLE) {
                        waiting.add(this);
                    }
                    attach(context);
                    return Poll.pending();
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
            detach();
            return Poll.ready(taken);
        }

        @Nullable Waker granted() {
            return settle(GRANTED);
        }

        @Nullable Waker refused() {
            return settle(CLOSED);
        }

        @Override
        public void cancelled() {
            abort();
        }

        @Override
        public void abort() {
            Waker whom = null;
            lock.lock();
            try {
                if (state == QUEUED) {
                    waiting.remove(this);
                } else if (state == GRANTED) {
                    available++;
                    whom = grantLocked();
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
            if (whom != null) {
                whom.wake();
            }
        }
    }
}
