package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;
import org.quantalang.scheduler.internal.wait.WaitOwner;

import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Polls on a thread that is no worker, which sleeps between the polls. */
public final class BlockingPoll extends WaitOwner implements Context, Waker {
    private final Thread thread = Thread.currentThread();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Timers timers;
    private volatile boolean over;

    private BlockingPoll(Timers timers) {
        this.timers = timers;
    }

    /**
     * Polls until there is a value; what it waits for is given up if it throws. An interrupt stays
     * one though the pollable fails when it is cancelled: that failure is suppressed in it.
     *
     * @param blocked those that do this now
     */
    public static <T extends @Nullable Object> T run(
            Pollable<T> pollable, Timers timers, Set<BlockingPoll> blocked) throws Exception {
        var context = new BlockingPoll(timers);
        try {
            blocked.add(context);
            while (true) {
                Poll<T> answer = pollable.poll(context);
                if (answer == null) {
                    throw new NullPointerException("poll answered null: " + pollable);
                }
                if (answer instanceof Poll.Ready<T>(T value)) {
                    return value;
                }
                while (!context.woken.getAndSet(false)) {
                    if (Thread.interrupted()) {
                        throw interrupted(pollable);
                    }
                    LockSupport.park(context);
                }
            }
        } finally {
            context.over = true;
            blocked.remove(context);
            context.abortWaits();
        }
    }

    private static InterruptedException interrupted(Pollable<?> pollable) {
        var interrupted = new InterruptedException("interrupted while blocking on a pollable");
        try {
            pollable.cancelled();
        } catch (Throwable failure) {
            interrupted.addSuppressed(failure);
        }
        return interrupted;
    }

    /** Whether this thread has stopped polling. */
    boolean isOver() {
        return over;
    }

    @Override
    public Waker waker() {
        return this;
    }

    @Override
    public Timers timers() {
        return timers;
    }

    @Override
    public void wake() {
        woken.set(true);
        LockSupport.unpark(thread);
    }
}
