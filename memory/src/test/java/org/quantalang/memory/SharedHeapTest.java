package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

class SharedHeapTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final TypeInfo NODES = TypeInfo.referenceArray("Nodes", NODE);
    private static final long NEXT = 0;

    private final SharedHeap heap = SharedHeap.open();

    @AfterEach
    void nothingIsLeft() {
        heap.poll();
        assertEquals(0, heap.waitingForOwners());
        assertEquals(0, heap.liveObjects(), () -> heap.histogram().table(5));
        heap.close();
    }

    /** Runs in a thread of its own, which has ended when this returns. */
    private static <T> T elsewhere(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().start(task);
        thread.join();
        return resultOf(task);
    }

    private static <T> T resultOf(FutureTask<T> task) throws Exception {
        try {
            return task.get();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof Exception cause ? cause : failed;
        }
    }

    private static void refuses(String start, Executable misuse) {
        String text =
                String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
        assertTrue(text.startsWith(start), text);
    }

    private void elsewhereReleases(long object) throws Exception {
        elsewhere(
                () -> {
                    heap.release(object);
                    return null;
                });
    }

    @Nested
    class GivenOneThread {
        @Test
        void countsPlainly() {
            long object = heap.allocate(NODE);
            heap.retain(object);
            assertEquals(2, heap.strongCount(object));
            heap.release(object);
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
        }

        @Test
        void freesWhatOnlyTheDeadHeld() {
            long first = heap.allocate(NODE);
            long second = heap.allocate(NODE);
            heap.initReference(first, NEXT, second);
            heap.retain(second);
            heap.release(first);
            assertEquals(1, heap.strongCount(second));
            assertEquals(1, heap.liveObjects());
            heap.release(second);
        }

        @Test
        void freesALongListWithoutRecursion() {
            long head = 0;
            for (int i = 0; i < 200_000; i++) {
                long node = heap.allocateUninitialized(NODE);
                heap.initReference(node, NEXT, head);
                head = node;
            }
            assertEquals(200_000, heap.liveObjects());
            heap.release(head);
        }

        @Test
        void countsBeyondWhatTheOwnersFieldHolds() {
            long object = heap.allocate(LEAF);
            for (int i = 0; i < 10_000; i++) {
                heap.retain(object);
            }
            assertEquals(10_001, heap.strongCount(object));
            for (int i = 0; i < 10_000; i++) {
                heap.release(object);
            }
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
        }

        @Test
        void allocatesArraysAndLargeObjects() {
            long array = heap.allocateArray(NODES, 100_000);
            long node = heap.allocate(NODE);
            heap.setReference(array, SharedHeap.elementOffset(99_999), node);
            heap.release(node);
            assertEquals(100_000, heap.length(array));
            assertEquals(node, heap.getReference(array, SharedHeap.elementOffset(99_999)));
            assertEquals(2, heap.liveObjects());
            heap.release(array);
        }

        @Test
        void aWeakReferenceDoesNotOutliveTheObject() {
            long object = heap.allocate(NODE);
            heap.weakRetain(object);
            long strong = heap.upgrade(object);
            assertEquals(object, strong);
            assertEquals(2, heap.strongCount(object));
            heap.release(strong);
            heap.release(object);
            assertEquals(0, heap.upgrade(object));
            assertEquals(1, heap.liveObjects());
            heap.weakRelease(object);
        }

        @Test
        void refusesAReleaseTooMany() {
            long object = heap.allocate(NODE);
            heap.weakRetain(object);
            heap.release(object);
            assertThrows(IllegalStateException.class, () -> heap.release(object));
            heap.weakRelease(object);
        }

        @Test
        void goesOnWithinTheReleaseBudget() {
            try (SharedHeap small = SharedHeap.open(HeapConfig.DEFAULT.withReleaseBudget(10))) {
                long head = 0;
                for (int i = 0; i < 100; i++) {
                    long node = small.allocateUninitialized(NODE);
                    small.initReference(node, NEXT, head);
                    head = node;
                }
                small.release(head);
                assertEquals(90, small.liveObjects());
                long more = small.allocate(LEAF);
                assertEquals(81, small.liveObjects());
                small.drain();
                assertEquals(1, small.liveObjects());
                small.release(more);
            }
        }
    }

    @Nested
    class GivenATypeWithADestructor {
        private final List<Long> destroyed = new ArrayList<>();

        @Test
        void runsItOnceWithTheObjectWhole() {
            TypeInfo type =
                    TypeInfo.builder("Dropped")
                            .reference("next", "Node")
                            .destructor(
                                    (heap, object) ->
                                            destroyed.add(heap.getReference(object, NEXT)))
                            .build();
            long node = heap.allocate(NODE);
            long object = heap.allocate(type);
            heap.initReference(object, NEXT, node);
            heap.release(object);
            assertEquals(List.of(node), destroyed);
        }

        @Test
        void anObjectThatItBringsBackLivesOn() {
            long[] kept = new long[1];
            TypeInfo type =
                    TypeInfo.builder("Kept")
                            .int64("value")
                            .destructor(
                                    (heap, object) -> {
                                        heap.retain(object);
                                        kept[0] = object;
                                    })
                            .build();
            long object = heap.allocate(type);
            heap.release(object);
            assertEquals(object, kept[0]);
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
        }

        @Test
        void itsThreadCannotLeaveMeanwhile() {
            List<String> refusals = new ArrayList<>();
            TypeInfo type =
                    TypeInfo.builder("Leaver")
                            .reference("next")
                            .destructor(
                                    (_, _) ->
                                            refusals.add(
                                                    assertThrows(
                                                                    IllegalStateException.class,
                                                                    heap::leave)
                                                            .getMessage()))
                            .build();
            long object = heap.allocate(type);
            heap.initReference(object, NEXT, heap.allocate(NODE));
            heap.release(object);
            assertEquals(
                    List.of(
                            "thread cannot leave a heap in one of its destructors: thread="
                                    + Thread.currentThread().getName()
                                    + "; leave when the release or collection that runs it has"
                                    + " returned"),
                    refusals);
            long ring = heap.allocate(type);
            heap.setReference(ring, NEXT, ring);
            heap.release(ring);
            heap.collectCycles();
            assertEquals(2, refusals.size(), "refused in a collection too");
            heap.leave();
        }
    }

    @Nested
    class GivenAnotherThread {
        @Test
        void itsReleaseOfTheLastReferenceIsLeftToTheOwner() throws Exception {
            long object = heap.allocate(LEAF);
            elsewhereReleases(object);
            assertEquals(1, heap.waitingForOwners());
            assertEquals(1, heap.liveObjects());
            heap.poll();
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void itsReleaseIsCountedUntilTheOwnerSeesToIt() throws Exception {
            long object = heap.allocate(NODE);
            heap.retain(object);
            heap.retain(object);
            elsewhereReleases(object);
            elsewhereReleases(object);
            assertEquals(2, heap.waitingForOwners());
            assertEquals(3, heap.strongCount(object));
            heap.verify();
            heap.poll();
            assertEquals(0, heap.waitingForOwners());
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
        }

        @Test
        void itsReleaseReachesAnObjectThatTheOwnerLetGoMeanwhile() throws Exception {
            long object = heap.allocate(NODE);
            heap.retain(object);
            elsewhere(
                    () -> {
                        heap.retain(object);
                        return null;
                    });
            elsewhereReleases(object); // the one that others count
            elsewhereReleases(object); // one that the owner counts
            assertEquals(1, heap.waitingForOwners());
            heap.leave(); // merges it
            assertEquals(0, heap.waitingForOwners());
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void aReleaseTooManyIsToldToTheOwnerAndLosesNoOther() throws Exception {
            HeapUnderTest.assumeFreedBlocksAreUsedAgain();
            long object = heap.allocate(LEAF);
            long next = heap.allocate(LEAF);
            elsewhere(
                    () -> {
                        heap.release(object);
                        heap.release(object);
                        heap.release(next);
                        return null;
                    });
            refuses(
                    "object released more often than retained, or not an object: address=0x%x "
                            .formatted(object),
                    () -> heap.allocate(LEAF));
            heap.poll();
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void itIsSeenByPausesAndByTheCloseFromItsFirstUseOn() throws Exception {
            long object = heap.allocate(NODE);
            CountDownLatch used = new CountDownLatch(1);
            CountDownLatch done = new CountDownLatch(1);
            FutureTask<Long> read =
                    new FutureTask<>(
                            () -> {
                                long next = heap.loadReference(object, NEXT);
                                used.countDown();
                                done.await();
                                return next;
                            });
            Thread reader = Thread.ofPlatform().name("reader").start(read);
            used.await();
            refuses(
                    "heap cannot be paused, threads are not quiet: ",
                    () -> heap.pause(Duration.ofMillis(20), () -> {}));
            refuses("heap is in use by other threads: name=heap threads=[reader]", heap::close);
            done.countDown();
            reader.join();
            assertEquals(0, resultOf(read));
            heap.release(object);
        }

        @Test
        void leavesInTheQuietAndAnotherMayHaveItsNumber() throws Exception {
            elsewhere(
                    () -> {
                        heap.quietly(heap::leave);
                        long object = heap.allocate(LEAF);
                        heap.release(object);
                        return null;
                    });
            heap.verify();
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void fullChecksTellWhoReleasedItLast() throws Exception {
            assumeTrue(CheckedLevel.ALL, "full checks tell who released an object");
            long object = heap.allocate(LEAF);
            heap.retain(object);
            elsewhereReleases(object);
            elsewhereReleases(object);
            heap.poll();
            IllegalStateException told =
                    assertThrows(IllegalStateException.class, () -> heap.getLong(object, 0));
            String text = String.valueOf(told.getMessage());
            assertTrue(text.contains("  last released by thread Thread-"), text);
        }

        @Test
        void theOwnersNextAllocationSeesToIt() throws Exception {
            HeapUnderTest.assumeFreedBlocksAreUsedAgain();
            long object = heap.allocate(LEAF);
            elsewhereReleases(object);
            long next = heap.allocate(LEAF);
            assertEquals(object, next, "the block is used again");
            heap.release(next);
        }

        @Test
        void theOwnersNextLastReleaseSeesToIt() throws Exception {
            long other = heap.allocate(LEAF);
            long object = heap.allocate(LEAF);
            elsewhereReleases(object);
            heap.release(other);
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void whatItRetainsIsCounted() throws Exception {
            long object = heap.allocate(LEAF);
            elsewhere(
                    () -> {
                        heap.retain(object);
                        return null;
                    });
            assertEquals(2, heap.strongCount(object));
            heap.release(object);
            assertEquals(1, heap.strongCount(object), "merged now");
            heap.release(object);
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void upgradesOfAnImmortalObjectNeverWrapItsCount() {
            try (SharedHeap other = SharedHeap.open()) {
                long object = other.allocate(LEAF);
                other.makeImmortal(object);
                for (int i = 0; i < 1 << 22; i++) {
                    assertEquals(object, other.upgrade(object));
                }
                assertTrue(other.header(object).immortal());
                assertTrue(other.strongCount(object) > 0);
            }
        }

        @Test
        void anUpgradeMayComeBeforeTheOwnerLooks() throws Exception {
            long object = heap.allocate(LEAF);
            heap.weakRetain(object);
            elsewhereReleases(object);
            assertEquals(object, heap.upgrade(object));
            heap.poll();
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
            assertEquals(0, heap.upgrade(object));
            heap.weakRelease(object);
        }

        @Test
        void itsObjectsAreMergedWhenItEnds() throws Exception {
            long object = elsewhere(() -> heap.allocate(NODE));
            assertEquals(1, heap.strongCount(object));
            heap.retain(object);
            heap.release(object);
            heap.release(object);
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void itsPagesServeThoseWhoComeAfter() throws Exception {
            long first = elsewhere(() -> heap.allocate(NODE));
            long second =
                    elsewhere(
                            () -> {
                                heap.leave();
                                return heap.allocate(NODE);
                            });
            assertNotEquals(first, second);
            heap.release(first);
            long third = heap.allocate(NODE);
            assertEquals(
                    first >>> 16,
                    third >>> 16,
                    "a page of an ended thread is used before a new one");
            heap.release(second);
            heap.release(third);
        }

        @Test
        void manyThreadsMayComeAndGo() throws Exception {
            long[] objects = new long[500];
            for (int i = 0; i < objects.length; i++) {
                objects[i] = elsewhere(() -> heap.allocate(LEAF));
            }
            assertTrue(heap.heldBytes() <= 4 << 16, "held " + heap.heldBytes());
            for (long object : objects) {
                elsewhereReleases(object);
            }
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void aDestructorRunsWhereverTheLastReferenceWent() throws Exception {
            AtomicInteger runs = new AtomicInteger();
            TypeInfo type =
                    TypeInfo.builder("Dropped")
                            .int64("value")
                            .destructor((heap, object) -> runs.incrementAndGet())
                            .build();
            long object = elsewhere(() -> heap.allocate(type));
            elsewhereReleases(object);
            assertEquals(1, runs.get());
            long owned = heap.allocate(type);
            elsewhereReleases(owned);
            assertEquals(1, runs.get());
            heap.poll();
            assertEquals(2, runs.get());
        }
    }

    @Nested
    class GivenVirtualThreads {
        @Test
        void theyOwnNothingAndHoldNoPages() throws Exception {
            List<Thread> threads = new ArrayList<>();
            AtomicInteger failures = new AtomicInteger();
            for (int i = 0; i < 1000; i++) {
                threads.add(
                        Thread.ofVirtual()
                                .unstarted(
                                        () -> {
                                            long object = heap.allocate(NODE);
                                            if (heap.strongCount(object) != 1) {
                                                failures.incrementAndGet();
                                            }
                                            heap.release(object);
                                        }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(0, failures.get());
            assertEquals(0, heap.liveObjects());
            assertTrue(heap.heldBytes() <= 2 << 16, "held " + heap.heldBytes());
        }

        @Test
        void theirObjectsDieWhereverTheyAreReleased() throws Exception {
            long[] object = new long[1];
            Thread thread = Thread.ofVirtual().start(() -> object[0] = heap.allocate(NODE));
            thread.join();
            heap.retain(object[0]);
            heap.release(object[0]);
            heap.release(object[0]);
            assertEquals(0, heap.liveObjects());
        }
    }

    @Nested
    class GivenReferenceFields {
        @Test
        void loadsWithAReferenceOfItsOwn() {
            long holder = heap.allocate(NODE);
            long node = heap.allocate(NODE);
            heap.moveReference(holder, NEXT, node);
            long loaded = heap.loadReference(holder, NEXT);
            assertEquals(node, loaded);
            assertEquals(2, heap.strongCount(node));
            heap.setReference(holder, NEXT, 0);
            assertEquals(1, heap.strongCount(node));
            heap.release(loaded);
            assertEquals(0, heap.loadReference(holder, NEXT));
            heap.release(holder);
        }

        @Test
        void exchangesAndCompares() {
            long holder = heap.allocate(NODE);
            long first = heap.allocate(NODE);
            long second = heap.allocate(NODE);
            assertTrue(heap.compareAndSetReference(holder, NEXT, 0, first));
            assertFalse(heap.compareAndSetReference(holder, NEXT, second, 0));
            assertEquals(2, heap.strongCount(first));
            assertEquals(first, heap.exchangeReference(holder, NEXT, second));
            assertEquals(2, heap.strongCount(first));
            heap.release(first);
            heap.release(first);
            heap.release(second);
            heap.release(holder);
        }
    }

    @Test
    void immortalObjectsStayWhoeverReleasesThem() throws Exception {
        try (SharedHeap other = SharedHeap.open()) {
            long object = other.allocate(LEAF);
            other.makeImmortal(object);
            other.release(object);
            for (int i = 0; i < 100; i++) {
                other.release(object);
            }
            assertEquals(1, other.liveObjects());
            assertTrue(other.header(object).immortal());
        }
    }

    @Test
    void saysWhoHoldsWhatWhenTheLimitIsReached() {
        try (SharedHeap small = SharedHeap.open(HeapConfig.DEFAULT.withLimitBytes(1 << 20))) {
            HeapOutOfMemoryError error =
                    assertThrows(
                            HeapOutOfMemoryError.class,
                            () -> {
                                while (true) {
                                    small.allocate(NODE);
                                }
                            });
            assertTrue(error.toString().contains("Node"), error.toString());
        }
    }
}
