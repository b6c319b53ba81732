package org.quantalang.scheduler.internal.queue;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.L_Result;
import org.quantalang.scheduler.FaultWindow;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** A ring of four between its owner and a thief: every task comes out once. */
public class RunQueueStress {
    private static final TaskCell<?>[] TASKS = new TaskCell<?>[8];

    static {
        Arrays.setAll(TASKS, QueuedTask::task);
    }

    private RunQueueStress() {}

    /** A ring with tasks 1 to {@code filled}, a thief's ring, and how often each task came out. */
    static class Rings {
        final RunQueue ring = new RunQueue(4);
        final RunQueue thiefs = new RunQueue(4);
        private final int[] byOwner = new int[TASKS.length];
        private final int[] byThief = new int[TASKS.length];

        Rings(int filled) {
            for (int id = 1; id <= filled; id++) {
                ring.push(TASKS[id]);
            }
        }

        /** The owner pushes, and keeps what does not fit. */
        void push(int id) {
            if (!ring.push(TASKS[id])) {
                byOwner[id]++;
            }
        }

        void pop() {
            count(ring.pop(), byOwner);
        }

        void takeHalf() {
            var half = new TaskCell<?>[2];
            int taken = ring.takeHalf(half);
            for (int i = 0; i < taken; i++) {
                count(half[i], byOwner);
            }
        }

        void steal() {
            count(ring.stealInto(thiefs), byThief);
            count(thiefs.pop(), byThief);
        }

        private static void count(@Nullable TaskCell<?> task, int[] taken) {
            if (task != null) {
                taken[(int) task.id()]++;
            }
        }

        /** Empties the rings and says how often each task came out. */
        String drain() {
            for (RunQueue each : new RunQueue[] {ring, thiefs}) {
                for (TaskCell<?> left = each.pop(); left != null; left = each.pop()) {
                    count(left, byOwner);
                }
            }
            var text = new StringBuilder();
            for (int id = 1; id < TASKS.length; id++) {
                text.append(byOwner[id] + byThief[id]);
            }
            return text.toString();
        }
    }

    /** The owner pops while a thief takes half. */
    @JCStressTest
    @Outcome(id = "1110000", expect = ACCEPTABLE, desc = "each once")
    @Outcome(expect = FORBIDDEN, desc = "lost, or run twice")
    @State
    public static class PopAgainstSteal extends Rings {
        public PopAgainstSteal() {
            super(3);
        }

        @Actor
        public void owner() {
            pop();
            pop();
        }

        @Actor
        public void thief() {
            steal();
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = drain();
        }
    }

    /** The owner pushes over the end of the ring while a thief takes half of it. */
    @JCStressTest
    @Outcome(id = "1111110", expect = ACCEPTABLE, desc = "each once")
    @Outcome(expect = FORBIDDEN, desc = "lost, or run twice")
    @State
    public static class PushAgainstSteal extends Rings {
        public PushAgainstSteal() {
            super(4);
        }

        @Actor
        public void owner() {
            push(5);
            push(6);
        }

        @Actor
        public void thief() {
            steal();
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = drain();
        }
    }

    /** The owner of a full ring takes half out, and reuses the slots, while a thief takes half. */
    @JCStressTest
    @Outcome(id = "1111111", expect = ACCEPTABLE, desc = "each once")
    @Outcome(expect = FORBIDDEN, desc = "lost, or run twice")
    @State
    public static class OverflowAgainstSteal extends Rings {
        public OverflowAgainstSteal() {
            super(4);
        }

        @Actor
        public void owner() {
            takeHalf();
            push(5);
            pop();
            push(6);
            push(7);
        }

        @Actor
        public void thief() {
            steal();
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = drain();
        }
    }

    /** Two thieves take half of the same ring. */
    @JCStressTest
    @Outcome(id = "1111000", expect = ACCEPTABLE, desc = "each once")
    @Outcome(expect = FORBIDDEN, desc = "lost, or run twice")
    @State
    public static class StealAgainstSteal extends Rings {
        private final RunQueue other = new RunQueue(4);
        private final int[] byOther = new int[TASKS.length];

        public StealAgainstSteal() {
            super(4);
        }

        @Actor
        public void thief() {
            steal();
        }

        @Actor
        public void otherThief() {
            Rings.count(ring.stealInto(other), byOther);
        }

        @Arbiter
        public void end(L_Result r) {
            for (TaskCell<?> left = other.pop(); left != null; left = other.pop()) {
                Rings.count(left, byOther);
            }
            String others = drain();
            var text = new StringBuilder();
            for (int id = 1; id < TASKS.length; id++) {
                text.append(byOther[id] + others.charAt(id - 1) - '0');
            }
            r.r1 = text.toString();
        }
    }

    /** A ring of ids whose thief claims before it copies. */
    static final class ClaimFirst {
        private final AtomicInteger head = new AtomicInteger();
        private final AtomicIntegerArray slots = new AtomicIntegerArray(4);
        private volatile int tail;

        void push(int id) {
            int back = tail;
            if (back - head.get() < 4) {
                slots.set(back & 3, id);
                tail = back + 1;
            }
        }

        int steal() {
            int front = head.get();
            if (front == tail || !head.compareAndSet(front, front + 1)) {
                return 0;
            }
            FaultWindow.open(); // the slot is free for the owner from here on
            return slots.get(front & 3);
        }
    }

    /** A thief that claims, then copies what the owner has overwritten: must be found. */
    @JCStressTest
    @Outcome(
            id = {"0", "1"},
            expect = ACCEPTABLE,
            desc = "the oldest, or nothing")
    @Outcome(expect = FORBIDDEN, desc = "a task that was pushed later: run twice")
    @State
    public static class FaultyPushAgainstSteal {
        private final ClaimFirst ring = new ClaimFirst();

        public FaultyPushAgainstSteal() {
            for (int id = 1; id <= 4; id++) {
                ring.push(id);
            }
        }

        @Actor
        public void owner() {
            ring.push(5);
        }

        @Actor
        public void thief(L_Result r) {
            r.r1 = ring.steal();
        }
    }

    /** Owner and thief both look, then move the head: must be found. */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = ACCEPTABLE,
            desc = "each once")
    @Outcome(expect = FORBIDDEN, desc = "run twice")
    @State
    public static class FaultyPopAgainstSteal {
        private volatile int head = 1;

        public FaultyPopAgainstSteal() {}

        private int take() {
            int front = head;
            FaultWindow.open();
            head = front + 1;
            return front;
        }

        @Actor
        public void owner(II_Result r) {
            r.r1 = take();
        }

        @Actor
        public void thief(II_Result r) {
            r.r2 = take();
        }
    }
}
