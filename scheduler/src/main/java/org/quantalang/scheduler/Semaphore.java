package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.Foreign;
import org.quantalang.scheduler.internal.wait.SpinLock;
import org.quantalang.scheduler.internal.wait.Wait;
import org.quantalang.scheduler.internal.wait.WaitQueue;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;

/**
 * Permits that tasks wait for without blocking a worker. Any thread.
 *
 * <p>Those that wait are served first come first served. A running task may take a free permit
 * ahead of a waiter that has been woken for it but has not run yet; a waiter that ran and found the
 * permit gone is handed the next one. So nobody is overtaken for longer than it takes to poll it
 * twice, and tasks that contend do not have to change places at every permit.
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
    // Layout of the word: bit 31 SOMEBODY_TO_WAKE, bit 30 REFUSING, below the free permits.
    private static final int SOMEBODY_TO_WAKE = 1 << 31;
    private static final int REFUSING = 1 << 30; // closed
    private static final int FREE_MASK = REFUSING - 1;
    private static final VarHandle WORD;

    private final SpinLock lock = new SpinLock();
    private final WaitQueue waiting = new WaitQueue();
    private final int permits;
    private int woken; // of those in the queue; under the lock

    @SuppressWarnings("UnusedVariable") // reached through WORD alone
    private volatile int word;

    static {
        try {
            WORD =
                    MethodHandles.lookup()
                            .findVarHandle(Semaphore.class, "word", int.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Makes a semaphore with all permits available.
     *
     * @throws IllegalArgumentException if {@code permits} is not in 1 to 2^30 - 1
     */
    public Semaphore(int permits) {
        if (permits < 1 || permits > FREE_MASK) {
            throw new IllegalArgumentException(
                    "permits must be positive and below 2^30: permits=" + permits);
        }
        this.permits = permits;
        WORD.setRelease(this, permits);
    }

    /** Takes a permit if one is free. */
    public boolean tryAcquire() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            if ((before & REFUSING) != 0 || (before & FREE_MASK) == 0) {
                return false;
            }
            // Acquire: pairs with the release by whoever gave the permit back.
            if (WORD.compareAndSet(this, before, before - 1)) {
                return true;
            }
        }
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
     * Gives a permit back; if somebody waits, wakes the one who waits longest.
     *
     * @throws IllegalStateException if more are released than were acquired
     */
    public void release() {
        while (true) {
            int before = (int) WORD.getVolatile(this);
            if (before < 0) { // SOMEBODY_TO_WAKE
                releaseSlowly();
                return;
            }
            checkTaken(before);
            // Release: pairs with the acquire in tryAcquire. A waiter that registers meanwhile
            // changes the word, so that this fails.
            if (WORD.compareAndSet(this, before, before + 1)) {
                return;
            }
        }
    }

    private void checkTaken(int now) {
        if ((now & FREE_MASK) == permits) {
            throw new IllegalStateException(
                    "permit released more often than acquired: permits=" + permits);
        }
    }

    private void releaseSlowly() {
        Waker whom;
        lock.lock();
        try {
            checkTaken((int) WORD.getVolatile(this));
            if (waiting.first() instanceof Acquire first && first.wasOvertaken) {
                whom = grantLocked(first);
            } else {
                int _ = (int) WORD.getAndAdd(this, 1);
                whom = wakeNextLocked();
            }
        } finally {
            lock.unlock();
        }
        if (whom != null) {
            Foreign.wake(whom);
        }
    }

    private @Nullable Waker grantLocked(Acquire first) {
        waiting.remove(first);
        Waker whom = first.granted();
        if (first.isWoken) {
            // On its way to a free permit, which is another's now.
            first.isWoken = false;
            woken--;
            return wakeNextLocked();
        }
        sayWhetherToWakeLocked();
        return whom;
    }

    /**
     * After any change of who waits and who is woken. As many are woken as there are free permits:
     * the longest waiting of those not woken yet.
     */
    private @Nullable Waker wakeNextLocked() {
        // Said, then looked: a release beside this comes through the lock, or its permit is seen.
        sayWhetherToWakeLocked();
        if (woken >= ((int) WORD.getVolatile(this) & FREE_MASK)) {
            return null;
        }
        for (Wait next = waiting.first(); next != null; next = waiting.after(next)) {
            if (next instanceof Acquire acquire && !acquire.isWoken) {
                woken++;
                sayWhetherToWakeLocked();
                return acquire.wokenLocked();
            }
        }
        return null;
    }

    /** A release must come through the lock while it might have somebody to wake. */
    private void sayWhetherToWakeLocked() {
        boolean somebody = waiting.size() > woken && woken < permits;
        boolean said = (int) WORD.getVolatile(this) < 0; // changes under the lock only
        if (somebody && !said) {
            int _ = (int) WORD.getAndBitwiseOr(this, SOMEBODY_TO_WAKE);
        } else if (said && !somebody) {
            int _ = (int) WORD.getAndBitwiseAnd(this, ~SOMEBODY_TO_WAKE);
        }
    }

    /** Refuses everybody from now on, those that wait too. Permits may still be released. */
    public void close() {
        var whom = new ArrayList<Waker>();
        lock.lock();
        try {
            int _ = (int) WORD.getAndBitwiseOr(this, REFUSING);
            while (waiting.first() instanceof Acquire next) {
                waiting.remove(next);
                Waker waker = next.refused();
                if (waker != null) {
                    whom.add(waker);
                }
            }
            woken = 0;
            sayWhetherToWakeLocked();
        } finally {
            lock.unlock();
        }
        whom.forEach(Foreign::wake);
    }

    /** Returns how many permits are free at this moment. */
    public int available() {
        return (int) WORD.getVolatile(this) & FREE_MASK;
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
        private boolean isWoken;
        private boolean wasOvertaken;

        @Override
        public Poll<Boolean> poll(Context context) {
            if (!context.mayGoOn()) {
                return Poll.pending();
            }
            // Only this task takes its own operation out of the idle state and back into it.
            if (state == IDLE && tryAcquire()) {
                return Poll.ready(true);
            }
            return pollSlowly(context);
        }

        private Poll<Boolean> pollSlowly(Context context) {
            boolean taken;
            Waker whom = null;
            Waker own = context.waker(); // may be foreign code: not under the lock
            lock.lock();
            try {
                boolean closed = ((int) WORD.getVolatile(Semaphore.this) & REFUSING) != 0;
                taken = state == GRANTED;
                if (!taken && state != CLOSED && !closed) {
                    if (state == IDLE) {
                        waiting.add(this);
                    } else if (isWoken) {
                        isWoken = false;
                        woken--;
                        wasOvertaken = true;
                    }
                    // Registered, then looked again: a release before sees a word without waiters,
                    // and leaves a permit; one after comes through the lock.
                    sayWhetherToWakeLocked();
                    taken = tryAcquire();
                    if (!taken) {
                        wakeWith(own);
                        attach(context);
                        return Poll.pending();
                    }
                    waiting.remove(this);
                }
                state = IDLE;
                wasOvertaken = false;
                whom = wakeNextLocked();
            } finally {
                lock.unlock();
            }
            detach();
            if (whom != null) {
                Foreign.wake(whom);
            }
            return Poll.ready(taken);
        }

        @Nullable Waker granted() {
            return settle(GRANTED);
        }

        @Nullable Waker wokenLocked() {
            isWoken = true;
            return settle(QUEUED);
        }

        @Nullable Waker refused() {
            isWoken = false;
            return settle(CLOSED);
        }

        @Override
        public void cancelled() {
            giveUp();
        }

        @Override
        public void abort() {
            Waker whom = null;
            lock.lock();
            try {
                if (state == QUEUED) {
                    waiting.remove(this);
                    if (isWoken) {
                        woken--;
                    }
                } else if (state == GRANTED) {
                    int _ = (int) WORD.getAndAdd(Semaphore.this, 1);
                }
                state = IDLE;
                isWoken = false;
                wasOvertaken = false;
                whom = wakeNextLocked();
            } finally {
                lock.unlock();
            }
            if (whom != null) {
                Foreign.wake(whom);
            }
        }
    }
}
