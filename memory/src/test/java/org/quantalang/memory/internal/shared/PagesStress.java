package org.quantalang.memory.internal.shared;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.L_Result;
import org.quantalang.memory.internal.FaultWindow;

import java.util.concurrent.atomic.AtomicInteger;

/** Blocks and pages between an owner that ends and threads that free and take over. */
public class PagesStress {
    private PagesStress() {}

    /** The other frees a block of the owner's page while the owner takes blocks and frees them. */
    @JCStressTest
    @Outcome(id = "whole, destroyed 3 live 0", expect = ACCEPTABLE, desc = "each block came back")
    @Outcome(expect = FORBIDDEN, desc = "a block was lost, or handed out twice")
    @State
    public static class FreeByOtherThread extends InStep {
        public FreeByOtherThread() {}

        @Actor
        public void owner(L_Result r) {
            long object = made();
            HEAP.leave(); // merges it, so that the other frees its block
            long held = made(); // on the same page, which is this thread's again
            give(object);
            long fresh = made();
            HEAP.trim(); // takes what came back
            String what = whole(held) && whole(fresh) ? "whole" : "overwritten";
            HEAP.release(fresh);
            HEAP.release(held);
            awaitOther(1);
            r.r1 = what + ", " + left();
        }

        @Actor
        public void other() {
            HEAP.release(taken());
            did(1);
        }
    }

    /** The owner ends while the other releases what it owned. */
    @JCStressTest
    @Outcome(id = "waiting 0 destroyed 2 live 0", expect = ACCEPTABLE, desc = "by one of the two")
    @Outcome(expect = FORBIDDEN, desc = "an object without owner stays, or goes twice")
    @State
    public static class ReleaseAgainstOwnersEnd extends InStep {
        public ReleaseAgainstOwnersEnd() {}

        @Actor
        public void owner(L_Result r) {
            long object = made();
            HEAP.moveReference(object, NEXT, made());
            give(object);
            HEAP.leave();
            awaitOther(1);
            // Before left(), which would see to what waits.
            r.r1 = "waiting " + HEAP.waitingForOwners() + " " + left();
        }

        @Actor
        public void other() {
            HEAP.release(taken());
            HEAP.leave(); // what it did in the end's stead is its own to free
            did(1);
        }
    }

    /** The other adopts the page of an owner that has ended while that frees one of its blocks. */
    @JCStressTest
    @Outcome(id = "whole, destroyed 3 live 0", expect = ACCEPTABLE, desc = "each block came back")
    @Outcome(expect = FORBIDDEN, desc = "a block was lost, or handed out twice")
    @State
    public static class FreeAgainstAdoption extends InStep {
        private String what = "";

        public FreeAgainstAdoption() {}

        @Actor
        public void owner(L_Result r) {
            long object = made();
            long stays = made();
            HEAP.leave(); // the page is nobody's
            give(stays);
            HEAP.release(object);
            awaitOther(1);
            HEAP.release(stays);
            goOn();
            awaitOther(2);
            r.r1 = what + ", " + left();
        }

        @Actor
        public void other() {
            long stays = taken();
            long fresh = made(); // takes the page over
            what = whole(fresh) && whole(stays) ? "whole" : "overwritten";
            HEAP.release(fresh);
            did(1);
            awaitOwner();
            HEAP.leave(); // what came back to the page, and the page
            did(2);
        }
    }

    /** A list that is pushed without comparing: must be found. */
    @JCStressTest
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "both blocks")
    @Outcome(expect = FORBIDDEN, desc = "a block is lost")
    @State
    public static class FaultyFreeByOtherThread {
        private final int[] links = new int[3];
        private volatile int first;

        public FaultyFreeByOtherThread() {}

        private void push(int block) {
            links[block] = first;
            FaultWindow.open();
            first = block;
        }

        @Actor
        public void one() {
            push(1);
        }

        @Actor
        public void other() {
            push(2);
        }

        @Arbiter
        public void end(I_Result r) {
            for (int at = first; at != 0; at = links[at]) {
                r.r1++;
            }
        }
    }

    /** Who finds an owner tells it, and nobody looks again after its end: must be found. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "nothing waits for who has ended")
    @Outcome(expect = FORBIDDEN, desc = "told to an owner that has ended")
    @State
    public static class FaultyReleaseAgainstOwnersEnd {
        private final AtomicInteger queue = new AtomicInteger();
        private volatile boolean ended;

        public FaultyReleaseAgainstOwnersEnd() {}

        @Actor
        public void owner() {
            queue.set(0);
            ended = true;
        }

        @Actor
        public void other() {
            if (!ended) {
                FaultWindow.open();
                queue.set(1);
            }
        }

        @Arbiter
        public void end(I_Result r) {
            r.r1 = queue.get();
        }
    }

    /**
     * A page that changes its owner on the way to the old one, and is not sent on: must be found.
     */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the new owner hears of the block")
    @Outcome(expect = FORBIDDEN, desc = "the block waits where nobody looks")
    @State
    public static class FaultyFreeAgainstAdoption {
        private final AtomicInteger[] told = {new AtomicInteger(), new AtomicInteger()};
        private volatile int owner;

        public FaultyFreeAgainstAdoption() {}

        @Actor
        public void frees() {
            int whose = owner;
            FaultWindow.open();
            told[whose].incrementAndGet();
        }

        @Actor
        public void adopts() {
            owner = 1;
            told[1].addAndGet(told[0].getAndSet(0));
        }

        @Arbiter
        public void end(I_Result r) {
            r.r1 = told[1].get();
        }
    }
}
