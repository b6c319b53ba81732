package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;
import org.quantalang.scheduler.internal.wait.Foreign;
import org.quantalang.scheduler.internal.wait.SpinLock;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * The timers of an executor: one wheel under a short lock, turned by a thread that is started with
 * the first timer and sleeps until the wheel's next tick. Any thread.
 */
public final class TimerThread implements Timers {
    private static final long NANOS_PER_TICK = 1_000_000;

    private final String executor;
    private final long startNanos = System.nanoTime();
    private final SpinLock lock = new SpinLock();
    private final Wheel wheel = new Wheel();
    private long sleepsUntilTick = Wheel.NEVER;
    private volatile @Nullable Thread thread; // written under the lock
    private volatile boolean stopped; // written under the lock

    /**
     * Makes the timers; no thread is started yet.
     *
     * @param executor its name
     */
    public TimerThread(String executor) {
        this.executor = executor;
    }

    private final class Entry extends WheelTimer implements Timer {
        Entry(Waker waker) {
            super(waker);
        }

        @Override
        public boolean cancel() {
            lock.lock();
            try {
                return wheel.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Timer schedule(long deadlineNanos, Waker waker) {
        var entry = new Entry(waker);
        long after = deadlineNanos - startNanos;
        // Rounded up, so that no timer fires early.
        long tick = after <= 0 ? 0 : (after - 1) / NANOS_PER_TICK + 1;
        Thread toUnpark = null;
        Thread toStart = null;
        lock.lock();
        try {
            if (stopped) {
                throw new RejectedExecutionException(
                        "executor is closed and its timers never fire: name=" + executor);
            }
            if (thread == null) {
                toStart = unstarted();
                thread = toStart;
            }
            wheel.insert(entry, tick);
            if (entry.tick < sleepsUntilTick) {
                toUnpark = thread;
            }
        } finally {
            lock.unlock();
        }
        if (toStart != null) {
            start(toStart, entry);
        }
        if (toUnpark != null) {
            LockSupport.unpark(toUnpark);
        }
        return entry;
    }

    private Thread unstarted() {
        return Thread.ofPlatform()
                .daemon()
                .name(executor + "-timers")
                .inheritInheritableThreadLocals(false)
                .unstarted(this::turn);
    }

    /** The next timer tries again if the system has no thread for this one. */
    private void start(Thread fresh, Entry first) {
        boolean started = false;
        try {
            fresh.start();
            started = true;
        } finally {
            if (!started) {
                lock.lock();
                try {
                    thread = null;
                    wheel.remove(first);
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    @Override
    public boolean isOpen() {
        return !stopped;
    }

    /** Whether the caller is the thread that fires the timers. */
    public boolean isCaller() {
        return Thread.currentThread().equals(thread);
    }

    private void turn() {
        while (true) {
            long now = (System.nanoTime() - startNanos) / NANOS_PER_TICK;
            WheelTimer fired;
            long next;
            lock.lock();
            try {
                if (stopped) {
                    return;
                }
                fired = wheel.advance(now);
                next = wheel.nextTick();
                sleepsUntilTick = fired == null ? next : 0;
            } finally {
                lock.unlock();
            }
            if (fired != null) {
                wakeAll(fired);
            } else if (next == Wheel.NEVER) {
                LockSupport.park(this);
            } else {
                long wait = next * NANOS_PER_TICK - (System.nanoTime() - startNanos);
                if (wait > 0) {
                    LockSupport.parkNanos(this, wait);
                }
            }
            Thread.interrupted(); // an interrupt would make park return at once for ever
        }
    }

    private static void wakeAll(WheelTimer first) {
        WheelTimer timer = first;
        while (timer != null) {
            WheelTimer next = timer.takeNext();
            Foreign.wake(timer.waker());
            timer = next;
        }
    }

    /** No timer fires from here on. Repeatable; does not wait. */
    public void stop() {
        lock.lock();
        try {
            stopped = true;
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(thread);
    }

    /** Waits until the thread has ended, after {@link #stop}. */
    public void join() throws InterruptedException {
        Thread turning = thread;
        if (turning != null) {
            turning.join();
        }
    }
}
