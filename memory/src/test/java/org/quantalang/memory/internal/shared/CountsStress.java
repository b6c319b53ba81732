package org.quantalang.memory.internal.shared;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JL_Result;
import org.openjdk.jcstress.infra.results.J_Result;
import org.openjdk.jcstress.infra.results.LL_Result;
import org.openjdk.jcstress.infra.results.L_Result;
import org.quantalang.memory.internal.FaultWindow;

import java.util.concurrent.atomic.AtomicLong;

/** Counts of one object between its owner and another thread. */
public class CountsStress {
    private CountsStress() {}

    /** The owner retains and releases while the other does, and lets go of its own reference. */
    @JCStressTest
    @Outcome(id = "1, destroyed 1 live 0", expect = ACCEPTABLE, desc = "every count is counted")
    @Outcome(expect = FORBIDDEN, desc = "a count is lost")
    @State
    public static class RetainAndRelease extends InStep {
        public RetainAndRelease() {}

        @Actor
        public void owner(JL_Result r) {
            long object = made();
            HEAP.retain(object); // the other's
            give(object);
            HEAP.retain(object);
            HEAP.release(object);
            HEAP.poll();
            awaitOther(1);
            HEAP.poll(); // one of the other's releases is left to the owner
            r.r1 = HEAP.strongCount(object);
            HEAP.release(object);
            r.r2 = left();
        }

        @Actor
        public void other() {
            long object = taken();
            HEAP.retain(object);
            HEAP.release(object);
            HEAP.release(object);
            did(1);
        }
    }

    /** Both release their only reference. */
    @JCStressTest
    @Outcome(id = "destroyed 1 live 0", expect = ACCEPTABLE, desc = "by one of the two")
    @Outcome(expect = FORBIDDEN, desc = "by nobody, or by both")
    @State
    public static class LastReleases extends InStep {
        public LastReleases() {}

        @Actor
        public void owner(L_Result r) {
            long object = made();
            HEAP.retain(object);
            give(object);
            HEAP.release(object);
            awaitOther(1);
            r.r1 = left();
        }

        @Actor
        public void other() {
            HEAP.release(taken());
            did(1);
        }
    }

    /** The other releases the only reference while the owner looks into its queue. */
    @JCStressTest
    @Outcome(id = "destroyed 1 live 0", expect = ACCEPTABLE, desc = "handed back, and destroyed")
    @Outcome(expect = FORBIDDEN, desc = "the owner was not told, or twice")
    @State
    public static class HandBack extends InStep {
        public HandBack() {}

        @Actor
        public void owner(L_Result r) {
            give(made());
            HEAP.poll();
            HEAP.poll();
            awaitOther(1);
            r.r1 = left();
        }

        @Actor
        public void other() {
            HEAP.release(taken());
            did(1);
        }
    }

    /** A weak reference becomes strong, or goes, while the owner releases the last strong one. */
    @JCStressTest
    @Outcome(id = "whole, destroyed 1 live 0", expect = ACCEPTABLE, desc = "the upgrade came first")
    @Outcome(id = "dead, destroyed 1 live 0", expect = ACCEPTABLE, desc = "the release came first")
    @Outcome(expect = FORBIDDEN, desc = "upgraded what is destroyed, or never freed")
    @State
    public static class UpgradeAgainstOwnersRelease extends InStep {
        public UpgradeAgainstOwnersRelease() {}

        @Actor
        public void owner(LL_Result r) {
            long object = made();
            HEAP.weakRetain(object);
            give(object);
            HEAP.release(object);
            awaitOther(1);
            r.r2 = left();
        }

        @Actor
        public void other(LL_Result r) {
            long object = taken();
            r.r1 = upgrade(object);
            HEAP.weakRelease(object);
            did(1);
        }
    }

    /** The same of an object that is nobody's. */
    @JCStressTest
    @Outcome(id = "whole, destroyed 1 live 0", expect = ACCEPTABLE, desc = "the upgrade came first")
    @Outcome(id = "dead, destroyed 1 live 0", expect = ACCEPTABLE, desc = "the release came first")
    @Outcome(expect = FORBIDDEN, desc = "upgraded what is destroyed, or never freed")
    @State
    public static class UpgradeAgainstLastRelease extends InStep {
        public UpgradeAgainstLastRelease() {}

        @Actor
        public void owner(LL_Result r) {
            long object = made();
            HEAP.weakRetain(object);
            HEAP.leave(); // merges it
            give(object);
            HEAP.release(object);
            awaitOther(1);
            r.r2 = left();
        }

        @Actor
        public void other(LL_Result r) {
            long object = taken();
            r.r1 = upgrade(object);
            HEAP.weakRelease(object);
            HEAP.trim(); // takes what came back to its pages
            did(1);
        }
    }

    private static String upgrade(long object) {
        if (InStep.HEAP.upgrade(object) == 0) {
            return "dead";
        }
        boolean whole = InStep.whole(object) && InStep.destroyed() == 0;
        InStep.HEAP.release(object);
        return whole ? "whole" : "upgraded what is destroyed";
    }

    /** Word B of an object, as two threads that are not its owner change it. */
    static class WordB {
        final AtomicLong b;

        WordB(long b) {
            this.b = new AtomicLong(b);
        }
    }

    /** A retain that looks and then writes: must be found. */
    @JCStressTest
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "both are counted")
    @Outcome(expect = FORBIDDEN, desc = "a count is lost")
    @State
    public static class FaultyRetain extends WordB {
        public FaultyRetain() {
            super(0);
        }

        private void retain() {
            long seen = b.get();
            FaultWindow.open();
            b.set(seen + SharedHeader.RETAIN_SHARED);
        }

        @Actor
        public void one() {
            retain();
        }

        @Actor
        public void other() {
            retain();
        }

        @Arbiter
        public void end(J_Result r) {
            r.r1 = SharedHeader.shared(b.get());
        }
    }

    /** An owner that merges its last reference without comparing: must be found. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "both are counted")
    @Outcome(expect = FORBIDDEN, desc = "the other's release is lost: never destroyed")
    @State
    public static class FaultyLastReleases extends WordB {
        public FaultyLastReleases() {
            super(SharedHeader.ONE_SHARED);
        }

        @Actor
        public void owner() {
            long seen = b.get();
            FaultWindow.open();
            b.set(SharedHeader.merged(seen, 0));
        }

        @Actor
        public void other() {
            long seen = b.get();
            while (!b.compareAndSet(seen, seen - SharedHeader.ONE_SHARED)) {
                seen = b.get();
            }
        }

        @Arbiter
        public void end(J_Result r) {
            r.r1 = SharedHeader.shared(b.get());
        }
    }

    /** A release that judges by an earlier look whether the object was merged: must be found. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one of the two destroys the object")
    @Outcome(expect = FORBIDDEN, desc = "nobody does, or both")
    @State
    public static class FaultyHandBack extends WordB {
        private final AtomicLong destroyed = new AtomicLong();

        public FaultyHandBack() {
            super(SharedHeader.ONE_SHARED);
        }

        @Actor
        public void owner() {
            long after = b.updateAndGet(word -> SharedHeader.merged(word, 0));
            if (SharedHeader.lastGone(after)) {
                destroyed.incrementAndGet();
            }
        }

        @Actor
        public void other() {
            boolean merged = SharedHeader.has(b.get(), SharedHeader.MERGED);
            FaultWindow.open();
            long after = b.addAndGet(-SharedHeader.ONE_SHARED);
            if (merged && SharedHeader.lastGone(after)) {
                destroyed.incrementAndGet();
            }
        }

        @Arbiter
        public void end(J_Result r) {
            r.r1 = destroyed.get();
        }
    }

    /** An upgrade that looks and then adds: must be found. */
    @JCStressTest
    @Outcome(id = "upgraded, lives", expect = ACCEPTABLE, desc = "the upgrade came first")
    @Outcome(id = "dead, destroyed", expect = ACCEPTABLE, desc = "the release came first")
    @Outcome(expect = FORBIDDEN, desc = "upgraded what is destroyed")
    @State
    public static class FaultyUpgrade extends WordB {
        public FaultyUpgrade() {
            super(SharedHeader.MERGED | SharedHeader.ONE_SHARED | SharedHeader.ONE_WEAK);
        }

        @Actor
        public void other(LL_Result r) {
            r.r1 = "dead";
            if (SharedHeader.upgradable(b.get())) {
                FaultWindow.open();
                b.addAndGet(SharedHeader.RETAIN_SHARED);
                r.r1 = "upgraded";
            }
        }

        @Actor
        public void last(LL_Result r) {
            long after = b.addAndGet(-SharedHeader.ONE_SHARED);
            r.r2 = SharedHeader.lastGone(after) ? "destroyed" : "lives";
        }
    }
}
