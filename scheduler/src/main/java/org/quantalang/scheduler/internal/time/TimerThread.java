package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;
import org.quantalang.scheduler.internal.wait.Foreign;
import org.quantalang.scheduler.internal.wait.SpinLock;

import java.util.concurrent.locks.LockSupport;

/**
 * The timers of an executor: one wheel under a short lock, turned by a thread that is started with
 * the first timer and sleeps until the wheel's next tick. Any thread.
 */
public final class TimerThread implements Timers {
    private static final long NANOS_PER_TICK = 1_000_000;

    private final String name;
    private final long startNanos = System.nanoTime();
    private final SpinLock lock = new SpinLock();
    private final Wheel wheel = new Wheel();
    private long sleepsUntilTick = Wheel.NEVER;
    private @Nullable Thread thread;
    private boolean stopped;

    /** Makes the timers; no thread is started yet. */
    public TimerThread(String name) {
        this.name = name;
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
            wheel.insert(entry, tick);
            if (thread == null && !stopped) {
                toStart = Thread.ofPlatform().daemon().name(name).unstarted(this::turn);
                thread = toStart;
            } else if (entry.tick < sleepsUntilTick) {
                toUnpark = thread;
            }
        } finally {
            lock.unlock();
        }
        if (toStart != null) {
            toStart.start();
        }
        if (toUnpark != null) {
            LockSupport.unpark(toUnpark);
        }
        return entry;
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

    /** Stops the thread and waits for it; timers that are left never fire. */
    public void stop() throws InterruptedException {
        Thread turning;
        lock.lock();
        try {
            stopped = true;
            turning = thread;
        } finally {
            lock.unlock();
        }
        if (turning != null) {
            LockSupport.unpark(turning);
            turning.join();
        }
    }
}
