package org.quantalang.scheduler.internal.wait;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.FaultWindow;
import org.quantalang.scheduler.Oneshot;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Semaphore;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;

import java.util.concurrent.atomic.AtomicInteger;

/** A task that begins to wait while what it waits for comes: it has it, or it is woken. */
public class WaitingStress {
    private WaitingStress() {}

    /** Counts how often it is woken. */
    static class Waiter implements Context, Waker {
        int woken;

        @Override
        public Waker waker() {
            return this;
        }

        @Override
        public Timers timers() {
            throw new AssertionError("nothing here needs a clock");
        }

        @Override
        public void wake() {
            woken++;
        }

        boolean isReady(Pollable<?> operation) {
            try {
                return operation.poll(this).isReady();
            } catch (Exception failure) {
                throw new AssertionError(failure);
            }
        }
    }

    /** A value is sent. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "came before, or between the looks")
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "seen by the second look, and woken")
    @Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "came after the second look")
    @Outcome(expect = FORBIDDEN, desc = "waits and is not woken")
    @State
    public static class SendAgainstReceive extends Waiter {
        private final Oneshot<Integer> oneshot = new Oneshot<>();

        public SendAgainstReceive() {}

        @Actor
        public void sender() {
            oneshot.send(1);
        }

        @Actor
        public void receiver(ZI_Result r) {
            r.r1 = isReady(oneshot);
        }

        @Arbiter
        public void end(ZI_Result r) {
            r.r2 = woken;
        }
    }

    /** The only permit is given back. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "came before, or between the looks")
    @Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "came after the second look")
    @Outcome(expect = FORBIDDEN, desc = "waits and is not woken")
    @State
    public static class ReleaseAgainstAcquire extends Waiter {
        private final Semaphore semaphore = new Semaphore(1);
        private final Pollable<Boolean> acquire = semaphore.acquire();

        public ReleaseAgainstAcquire() {
            semaphore.tryAcquire();
        }

        @Actor
        public void holder() {
            semaphore.release();
        }

        @Actor
        public void acquirer(ZI_Result r) {
            r.r1 = isReady(acquire);
        }

        @Arbiter
        public void end(ZI_Result r) {
            r.r2 = woken;
        }
    }

    /**
     * The only permit is given back while a waiter gives up that was woken for it before another
     * took it: the next waiter hears of it.
     */
    @JCStressTest
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "woken by either")
    @Outcome(expect = FORBIDDEN, desc = "a permit is free, and nobody is woken for it")
    @State
    public static class ReleaseAgainstAbort extends Waiter {
        private final Semaphore semaphore = new Semaphore(1);
        private final Pollable<Boolean> first = semaphore.acquire();

        public ReleaseAgainstAbort() {
            semaphore.tryAcquire();
            new Waiter().isReady(first);
            isReady(semaphore.acquire());
            semaphore.release();
            semaphore.tryAcquire();
        }

        @Actor
        public void holder() {
            semaphore.release();
        }

        @Actor
        public void aborter() {
            first.cancelled();
        }

        @Arbiter
        public void end(ZI_Result r) {
            r.r1 = semaphore.available() == 1;
            r.r2 = woken;
        }
    }

    /** The same by one that looks for a permit, then says that somebody waits: must be found. */
    @JCStressTest
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "woken by either")
    @Outcome(expect = FORBIDDEN, desc = "a permit is free, and nobody is woken for it")
    @State
    public static class FaultyReleaseAgainstAbort extends Waiter {
        private static final int SOMEBODY_TO_WAKE = 1 << 31;
        private final AtomicInteger word = new AtomicInteger();

        public FaultyReleaseAgainstAbort() {}

        @Actor
        public void holder() {
            if (!word.compareAndSet(0, 1)) {
                word.incrementAndGet();
                wake();
            }
        }

        @Actor
        public void aborter() {
            boolean free = word.get() == 1;
            FaultWindow.open();
            word.getAndUpdate(before -> before | SOMEBODY_TO_WAKE);
            if (free) {
                wake();
            }
        }

        @Arbiter
        public void end(ZI_Result r) {
            r.r1 = (word.get() & ~SOMEBODY_TO_WAKE) == 1;
            r.r2 = woken;
        }
    }

    /** A receiver that looks, then registers, and does not look again: must be found. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "came before")
    @Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "came after the registration")
    @Outcome(expect = FORBIDDEN, desc = "waits and is not woken")
    @State
    public static class FaultySendAgainstReceive extends Waiter {
        private volatile int value;
        private volatile @Nullable Waker registered;

        public FaultySendAgainstReceive() {}

        @Actor
        public void sender() {
            value = 1;
            Waker whom = registered;
            if (whom != null) {
                whom.wake();
            }
        }

        @Actor
        public void receiver(ZI_Result r) {
            r.r1 = value == 1;
            if (!r.r1) {
                FaultWindow.open();
                registered = this;
            }
        }

        @Arbiter
        public void end(ZI_Result r) {
            r.r2 = woken;
        }
    }
}
