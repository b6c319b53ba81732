package org.quantalang.memory.internal.shared;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;
import org.quantalang.memory.MemoryPool;
import org.quantalang.memory.internal.FaultWindow;

import java.util.concurrent.atomic.AtomicInteger;

/** A pool of blocks between two threads: each block is out once at most. */
public class PoolStress {
    private static final int BLOCK_BYTES = 16;
    private static final int BLOCKS = 3;

    /** More than a virtual machine has states in use at a time. */
    private static final int STATES = 1 << 16;

    private static final MemoryPool MEMORY = MemoryPool.open((long) BLOCK_BYTES * BLOCKS, STATES);
    private static final long BASE = MEMORY.allocate();
    private static final AtomicInteger NEXT_STATE = new AtomicInteger();

    private PoolStress() {}

    /** A pool of three blocks, all of which were out before: 0 is handed out next, then 1. */
    static class Pool {
        final LockFreeBlocks blocks;
        int one;
        int another;
        int third;

        Pool() {
            int state = NEXT_STATE.getAndIncrement() & (STATES - 1);
            blocks =
                    new LockFreeBlocks(
                            BASE + (long) state * BLOCK_BYTES * BLOCKS, BLOCK_BYTES, BLOCKS);
            for (int i = 0; i < BLOCKS; i++) {
                int _ = blocks.take();
            }
            for (int i = BLOCKS - 1; i >= 0; i--) {
                boolean _ = blocks.giveBack(i);
            }
        }
    }

    /** One takes a block while the other takes two and gives the first of them back. */
    @JCStressTest
    @Outcome(id = "2 out, each once", expect = ACCEPTABLE, desc = "as it must be")
    @Outcome(expect = FORBIDDEN, desc = "a block was handed out twice, or lost")
    @State
    public static class TakeAgainstTakeAndGiveBack extends Pool {
        public TakeAgainstTakeAndGiveBack() {}

        @Actor
        public void one() {
            one = blocks.take();
        }

        @Actor
        public void other() {
            int first = blocks.take();
            another = blocks.take();
            boolean _ = blocks.giveBack(first);
        }

        @Arbiter
        public void end(L_Result r) {
            int rest = blocks.take();
            boolean each = one != another && one != rest && another != rest;
            r.r1 = (blocks.out() - 1) + " out, " + (each && rest >= 0 ? "each once" : "shared");
        }
    }

    /** Both give back one block each: one of the same block must be refused. */
    @JCStressTest
    @Outcome(
            id = {"true false, 2 out", "false true, 2 out"},
            expect = ACCEPTABLE,
            desc = "one")
    @Outcome(expect = FORBIDDEN, desc = "given back twice, or not at all")
    @State
    public static class GiveBackTwice extends Pool {
        private boolean first;
        private boolean second;

        public GiveBackTwice() {
            one = blocks.take();
            another = blocks.take();
            third = blocks.take();
        }

        @Actor
        public void one() {
            first = blocks.giveBack(one);
        }

        @Actor
        public void other() {
            second = blocks.giveBack(one);
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = first + " " + second + ", " + blocks.out() + " out";
        }
    }

    /**
     * A top that does not count its changes, so that it may be taken for the same: must be found.
     */
    @JCStressTest
    @Outcome(id = "each once", expect = ACCEPTABLE, desc = "as it must be")
    @Outcome(expect = FORBIDDEN, desc = "a block was handed out twice")
    @State
    public static class FaultyTakeAgainstTakeAndGiveBack {
        private final AtomicInteger top = new AtomicInteger(1);
        private final int[] links = {0, 2, 3, 0};
        private int one;
        private int another;

        public FaultyTakeAgainstTakeAndGiveBack() {}

        private int take(Runnable between) {
            while (true) {
                int block = top.get();
                int next = links[block];
                between.run();
                if (top.compareAndSet(block, next)) {
                    return block;
                }
            }
        }

        private void giveBack(int block) {
            do {
                links[block] = top.get();
            } while (!top.compareAndSet(links[block], block));
        }

        @Actor
        public void one() {
            one = take(FaultWindow::open);
        }

        @Actor
        public void other() {
            int first = take(() -> {});
            another = take(() -> {});
            giveBack(first);
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = one != another && top.get() != another ? "each once" : "shared";
        }
    }

    /** A look whether a block is out, then the mark that it is not: must be found. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one")
    @Outcome(expect = FORBIDDEN, desc = "given back twice")
    @State
    public static class FaultyGiveBackTwice {
        private final AtomicInteger given = new AtomicInteger();
        private volatile boolean out = true;

        public FaultyGiveBackTwice() {}

        private void giveBack() {
            if (out) {
                FaultWindow.open();
                out = false;
                given.incrementAndGet();
            }
        }

        @Actor
        public void one() {
            giveBack();
        }

        @Actor
        public void other() {
            giveBack();
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = given.get();
        }
    }
}
