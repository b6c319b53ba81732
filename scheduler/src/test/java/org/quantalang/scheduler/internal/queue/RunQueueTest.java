package org.quantalang.scheduler.internal.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.quantalang.scheduler.internal.queue.QueuedTask.task;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicIntegerArray;

class RunQueueTest {
    private final RunQueue queue = new RunQueue();

    @Nested
    class TheOwner {
        @Test
        void popsInTheOrderOfItsPushes() {
            push(0, 3);

            assertEquals(0, popId());
            assertEquals(1, popId());
            assertEquals(2, popId());
            assertNull(queue.pop());
        }

        @Test
        void isToldWhenTheRingIsFull() {
            push(0, RunQueue.CAPACITY);

            assertFalse(queue.push(task(RunQueue.CAPACITY)));
            assertEquals(RunQueue.CAPACITY, queue.size());
        }

        @Test
        void takesTheOldestHalfOutOfAFullRing() {
            push(0, RunQueue.CAPACITY);
            var half = new TaskCell<?>[RunQueue.CAPACITY / 2];

            assertEquals(half.length, queue.takeHalf(half));
            assertEquals(0, half[0].id());
            assertEquals(half.length, popId());
        }

        @Test
        void reusesSlotsForever() {
            for (int i = 0; i < 10 * RunQueue.CAPACITY; i++) {
                push(i, 1);
                assertEquals(i, popId());
            }
            queue.clearTaken();
            push(1, 1);
            assertEquals(1, popId());
        }
    }

    @Nested
    class AThief {
        private final RunQueue own = new RunQueue();

        @Test
        void takesTheOlderHalfAndRunsTheFirst() {
            push(0, 5);

            TaskCell<?> stolen = queue.stealInto(own);

            assertNotNull(stolen);
            assertEquals(0, stolen.id());
            assertEquals(2, own.size());
            assertEquals(2, queue.size());
            assertEquals(3, popId());
        }

        @Test
        void takesTheOnlyTask() {
            TaskCell<String> only = task(7);
            assertTrue(queue.push(only));

            assertSame(only, queue.stealInto(own));
            assertEquals(0, own.size());
        }

        @Test
        void getsNothingFromAnEmptyRing() {
            assertNull(queue.stealInto(own));
        }
    }

    @Test
    @Timeout(60)
    void givesEachTaskToExactlyOneWhenThreeThievesRaceTheOwner() throws InterruptedException {
        int count = 300_000;
        var taken = new AtomicIntegerArray(count);
        var threads = new ArrayList<Thread>();
        var done = new java.util.concurrent.atomic.AtomicBoolean();
        for (int i = 0; i < 3; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        var own = new RunQueue();
                                        while (!done.get() || queue.size() > 0) {
                                            take(queue.stealInto(own), taken);
                                            TaskCell<?> more;
                                            while ((more = own.pop()) != null) {
                                                take(more, taken);
                                            }
                                        }
                                    }));
        }
        for (int i = 0; i < count; i++) {
            while (!queue.push(task(i))) {
                take(queue.pop(), taken);
            }
            if (i % 3 == 0) {
                take(queue.pop(), taken);
            }
        }
        done.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        for (int i = 0; i < count; i++) {
            assertEquals(1, taken.get(i), "task " + i);
        }
    }

    private static void take(
            @org.jspecify.annotations.Nullable TaskCell<?> task, AtomicIntegerArray taken) {
        if (task != null) {
            taken.incrementAndGet((int) task.id());
        }
    }

    private void push(int firstId, int count) {
        for (int i = 0; i < count; i++) {
            assertTrue(queue.push(task(firstId + i)));
        }
    }

    private long popId() {
        TaskCell<?> task = queue.pop();
        assertNotNull(task);
        return task.id();
    }
}
