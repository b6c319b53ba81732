package org.quantalang.scheduler.internal.queue;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.scheduler.ModelCheck;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A ring of four under Lincheck, alone and behind the LIFO slot. */
@Timeout(1200)
class RunQueueLincheckTest {
    @Test
    void behavesLikeAQueueWhoseOlderHalfIsTakenAtOnce() {
        ModelCheck.passes(Ring.class, HalvedQueue.class);
    }

    @Test
    void findsTheFaultOfARingThatMovesItsHeadWithoutComparing() {
        ModelCheck.fails(FaultyRing.class);
    }

    @Test
    void leavesTheSlotToItsOwner() {
        ModelCheck.passes(SlotAndRing.class, SlotAndHalvedQueue.class);
    }

    @Test
    void findsTheFaultOfASlotThatIsStolenFromWithoutComparing() {
        ModelCheck.fails(FaultySlot.class);
    }

    @Test
    @Tag("soak")
    @Timeout(3600)
    void behavesSoInManyMorePrograms() {
        ModelCheck.passesMore(Ring.class, HalvedQueue.class);
        ModelCheck.passesMore(SlotAndRing.class, SlotAndHalvedQueue.class);
    }

    private static List<Long> idOf(@Nullable TaskCell<?> task) {
        return task == null ? List.of() : List.of(task.id());
    }

    /** Steals until it has something, or has seen the ring empty. */
    private static List<Long> stealFrom(RunQueue ring) {
        var own = new RunQueue(4);
        var ids = new ArrayList<Long>();
        while (ids.isEmpty() && ring.size() > 0) {
            ids.addAll(idOf(ring.stealInto(own)));
        }
        while (own.size() > 0) {
            ids.addAll(idOf(own.pop()));
        }
        return ids;
    }

    /** The ring as its owner and two thieves use it. */
    @Param(name = "id", gen = IntGen.class, conf = "1:9")
    public static class Ring {
        private final RunQueue ring = new RunQueue(4);

        public Ring() {}

        @Operation(nonParallelGroup = "owner")
        public boolean push(@Param(name = "id") int id) {
            return ring.push(QueuedTask.task(id));
        }

        @Operation(nonParallelGroup = "owner")
        public List<Long> pop() {
            return idOf(ring.pop());
        }

        @Operation
        public List<Long> steal() {
            return stealFrom(ring);
        }
    }

    /** What {@link Ring} does, by one thread. */
    public static class HalvedQueue {
        final ArrayDeque<Long> ids = new ArrayDeque<>();

        public HalvedQueue() {}

        public boolean push(int id) {
            return ids.size() < 4 && ids.add((long) id);
        }

        public List<Long> pop() {
            Long oldest = ids.poll();
            return oldest == null ? List.of() : List.of(oldest);
        }

        public List<Long> steal() {
            var stolen = new ArrayList<Long>();
            for (int left = ids.size() - ids.size() / 2; left > 0; left--) {
                stolen.addAll(pop());
            }
            return stolen;
        }
    }

    /** The slot as a worker uses it: what is displaced goes to the ring, and no thief sees it. */
    @Param(name = "id", gen = IntGen.class, conf = "1:9")
    public static class SlotAndRing {
        private final RunQueue ring = new RunQueue(4);
        private @Nullable TaskCell<?> slot;

        public SlotAndRing() {}

        @Operation(nonParallelGroup = "owner")
        public boolean becomesReady(@Param(name = "id") int id) {
            TaskCell<?> displaced = slot;
            slot = QueuedTask.task(id);
            return displaced == null || ring.push(displaced);
        }

        @Operation(nonParallelGroup = "owner")
        public List<Long> next() {
            TaskCell<?> hot = slot;
            slot = null;
            return idOf(hot == null ? ring.pop() : hot);
        }

        @Operation
        public List<Long> steal() {
            return stealFrom(ring);
        }
    }

    /** What {@link SlotAndRing} does, by one thread. */
    public static final class SlotAndHalvedQueue extends HalvedQueue {
        private @Nullable Long slot;

        public SlotAndHalvedQueue() {}

        public boolean becomesReady(int id) {
            Long displaced = slot;
            slot = (long) id;
            return displaced == null || (ids.size() < 4 && ids.add(displaced));
        }

        public List<Long> next() {
            Long hot = slot;
            slot = null;
            return hot == null ? pop() : List.of(hot);
        }
    }

    /** A ring whose takers read the head and then write it, through handles as the real one. */
    @Param(name = "id", gen = IntGen.class, conf = "1:9")
    public static class FaultyRing {
        private static final VarHandle HEAD;
        private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(int[].class);

        private final int[] slots = new int[4];

        @SuppressWarnings("UnusedVariable") // reached through HEAD alone
        private volatile int head;

        private volatile int tail;

        static {
            try {
                HEAD = MethodHandles.lookup().findVarHandle(FaultyRing.class, "head", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        public FaultyRing() {}

        @Operation(nonParallelGroup = "owner")
        public boolean push(@Param(name = "id") int id) {
            int back = tail;
            if (back - (int) HEAD.getAcquire(this) == 4) {
                return false;
            }
            SLOT.setOpaque(slots, back & 3, id);
            tail = back + 1;
            return true;
        }

        @Operation(nonParallelGroup = "owner")
        public int pop() {
            return steal();
        }

        @Operation
        public int steal() {
            int front = (int) HEAD.getAcquire(this);
            if (front == tail) {
                return 0;
            }
            int id = (int) SLOT.getOpaque(slots, front & 3);
            HEAD.setRelease(this, front + 1);
            return id;
        }
    }

    /** A slot that thieves read and then clear. */
    @Param(name = "id", gen = IntGen.class, conf = "1:9")
    public static class FaultySlot {
        private volatile int slot;

        public FaultySlot() {}

        @Operation(nonParallelGroup = "owner")
        public int becomesReady(@Param(name = "id") int id) {
            int displaced = slot;
            slot = id;
            return displaced;
        }

        @Operation
        public int steal() {
            int id = slot;
            slot = 0;
            return id;
        }
    }
}
