package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.shared.Race;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Which threads use a shared heap, as pauses and its close see it. */
@Timeout(120)
class SharedUsersTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final TypeInfo INFO =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final RefType<Object> NODE = RefType.of(Object.class, INFO);
    private static final RefField<Object> NEXT = NODE.refField("next", NODE);

    private static SharedHeap open() {
        return SharedHeap.open(
                HeapConfig.DEFAULT
                        .withLeakPolicy(LeakPolicy.FREE_ALL)
                        .withAddressSpaceBytes(64L << 20));
    }

    private static void refused(String start, Executable work) {
        String message =
                String.valueOf(assertThrows(IllegalStateException.class, work).getMessage());
        assertTrue(message.startsWith(start), message);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** Until a thread stands in a lock or a latch. */
    private static void untilItWaits(Thread thread) {
        while (thread.getState() == Thread.State.NEW
                || thread.getState() == Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
    }

    /** Until a thread stands where it waits for so long at most, as for its turn. */
    private static void untilItWaitsForAWhile(Thread thread) {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    /** Runs work on a thread of its own; returns what it threw. */
    private static @Nullable Throwable elsewhere(Runnable work) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        work.run();
                                    } catch (Throwable failed) {
                                        failure.set(failed);
                                    }
                                });
        thread.join();
        return failure.get();
    }

    @Nested
    class AClosedHeap {
        @Test
        void takesNothing() {
            SharedHeap heap = open();
            heap.release(heap.allocate(INFO));
            heap.close();
            String closed = "heap is closed: name=heap";
            refused(closed, heap::poll);
            refused(closed, heap::drain);
            refused(closed, heap::trim);
            refused(closed, heap::stats);
            refused(closed, heap::numbers);
            refused(closed, heap::verify);
            refused(closed, heap::collectCycles);
            refused(closed, () -> heap.quietly(() -> {}));
            refused(closed, () -> heap.pause(SOON, () -> {}));
            refused(closed, () -> heap.allocate(INFO));
            refused(closed, () -> heap.allocateUninitialized(INFO));
        }

        @Test
        void ofOneThreadTakesNothingEither() {
            ConfinedHeap heap = ConfinedHeap.open();
            heap.release(heap.allocate(INFO));
            heap.close();
            refused("heap is closed", () -> heap.allocate(INFO));
            refused("heap is closed", () -> heap.allocateUninitialized(INFO));
            refused("heap is closed", () -> heap.canCycle(INFO));
        }

        @Test
        void canBeLeft() {
            SharedHeap heap = open();
            heap.release(heap.allocate(INFO));
            heap.close();
            heap.leave();
            heap.close();
        }

        @Test
        void isFoundByAThreadThatComesBack() throws InterruptedException {
            SharedHeap heap = open();
            CountDownLatch quiet = new CountDownLatch(1);
            CountDownLatch closed = new CountDownLatch(1);
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            Thread worker =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        heap.release(heap.allocate(INFO));
                                        heap.quietly(
                                                () -> {
                                                    quiet.countDown();
                                                    SharedUsersTest.await(closed);
                                                });
                                        try {
                                            heap.poll();
                                        } catch (IllegalStateException found) {
                                            failure.set(found);
                                        }
                                        heap.leave();
                                    });
            await(quiet);
            heap.close();
            closed.countDown();
            worker.join();
            assertEquals(
                    "heap is closed: name=heap", String.valueOf(failure.get()).split(": ", 2)[1]);
        }
    }

    @Nested
    class Closing {
        @Test
        void isRefusedWhereTheHeapIsAmidWork() {
            List<String> told = new ArrayList<>();
            Heap[] opened = new Heap[1];
            TypeInfo closing =
                    TypeInfo.builder("Closing")
                            .reference("self", "Closing")
                            .destructor(
                                    (_, _) -> {
                                        try {
                                            opened[0].close();
                                        } catch (IllegalStateException refused) {
                                            told.add(String.valueOf(refused.getMessage()));
                                        }
                                    })
                            .build();
            try (SharedHeap heap = open()) {
                opened[0] = heap;
                heap.release(heap.allocate(closing));
                long ring = heap.allocate(closing);
                heap.setReference(ring, 0, ring);
                heap.release(ring);
                assertEquals(1, heap.collectCycles().freedObjects());
                assertEquals(2, told.size());
                assertTrue(
                        told.stream()
                                .allMatch(
                                        each ->
                                                each.startsWith(
                                                        "heap cannot be closed in a destructor")));
                refused(
                        "heap cannot be closed in a destructor, a collection or a pause: name=heap",
                        () -> heap.pause(SOON, heap::close));
                heap.release(heap.allocate(INFO));
                heap.verify();
            }
        }

        @Test
        void isDoneByOneOfTwo() {
            SharedHeap[] heap = new SharedHeap[1];
            heap[0] = open();
            Race.run(
                    500,
                    _ -> heap[0] = open(),
                    _ -> heap[0].close(LeakPolicy.REPORT),
                    _ -> heap[0].close(LeakPolicy.REPORT));
            heap[0].close();
        }

        private void against(Race.Part use) {
            SharedHeap[] heap = {open()};
            opened = heap;
            Race.run(
                    400,
                    _ -> heap[0] = open(),
                    _ -> {
                        boolean closed = false;
                        while (!closed) {
                            try {
                                heap[0].close();
                                closed = true;
                            } catch (IllegalStateException inUse) {
                                Thread.onSpinWait();
                            }
                        }
                    },
                    round -> {
                        try {
                            use.run(round);
                        } catch (IllegalStateException closedMeanwhile) {
                            assertTrue(
                                    String.valueOf(closedMeanwhile.getMessage())
                                            .startsWith("heap is closed"),
                                    closedMeanwhile::toString);
                        }
                    });
            heap[0].close();
        }

        private SharedHeap[] opened = new SharedHeap[1];

        private void use(SharedHeap heap) {
            try (Ref<Object> first = NODE.allocate(heap);
                    Ref<Object> second = NODE.allocate(heap)) {
                NEXT.set(first, second);
                second.allocate();
                NEXT.get(first, second);
            }
        }

        @Test
        void againstAFirstUse() {
            against(
                    _ -> {
                        use(opened[0]);
                        opened[0].leave();
                    });
        }

        @Test
        void againstAReturn() {
            against(
                    _ -> {
                        SharedHeap heap = opened[0];
                        for (int i = 0; i < 20; i++) {
                            use(heap);
                            heap.quietly(Thread::onSpinWait);
                        }
                        heap.leave();
                    });
        }

        @Test
        void isRefusedWhileAnotherPolls() throws InterruptedException {
            SharedHeap heap = open();
            CountDownLatch used = new CountDownLatch(1);
            AtomicBoolean stop = new AtomicBoolean();
            Thread user =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        long object = heap.allocate(INFO);
                                        used.countDown();
                                        while (!stop.get()) {
                                            heap.poll();
                                            heap.retain(object);
                                            heap.release(object);
                                        }
                                        heap.release(object);
                                    });
            await(used);
            for (int i = 0; i < 5_000; i++) {
                refused("heap is in use by other threads: name=heap", heap::close);
            }
            stop.set(true);
            user.join();
            heap.close();
        }

        @Test
        void isRefusedWhileAnotherWaitsForItsTurn() throws InterruptedException {
            SharedHeap heap = open();
            AtomicReference<@Nullable Throwable> refusal = new AtomicReference<>();
            Thread[] waiting = new Thread[1];
            heap.pause(
                    SOON,
                    () -> {
                        waiting[0] =
                                Thread.ofPlatform()
                                        .start(
                                                () -> {
                                                    try {
                                                        heap.close();
                                                    } catch (IllegalStateException inUse) {
                                                        refusal.set(inUse);
                                                    }
                                                });
                        untilItWaits(waiting[0]);
                    });
            waiting[0].join();
            assertTrue(String.valueOf(refusal.get()).contains("threads=[main]"), refusal::toString);
            heap.close();
        }

        @Test
        void isRefusedWhileAnothersVerificationWaits() throws InterruptedException {
            SharedHeap heap = open();
            CountDownLatch used = new CountDownLatch(2);
            CountDownLatch verify = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            AtomicReference<@Nullable Throwable> refusal = new AtomicReference<>();
            Thread busy =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        heap.release(heap.allocate(INFO));
                                        used.countDown();
                                        SharedUsersTest.await(end);
                                    });
            Thread user =
                    Thread.ofPlatform()
                            .name("user")
                            .start(
                                    () -> {
                                        long object = heap.allocate(INFO);
                                        used.countDown();
                                        SharedUsersTest.await(verify);
                                        try {
                                            assertEquals(1, heap.verify().objects());
                                        } catch (Throwable failed) {
                                            failure.set(failed);
                                        }
                                        heap.release(object);
                                    });
            await(used);
            // It has the turn until the busy one ends, and is no user itself.
            Thread pauses =
                    Thread.ofVirtual().start(() -> heap.pause(Duration.ofSeconds(60), () -> {}));
            untilItWaitsForAWhile(pauses);
            Thread closer =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            heap.close();
                                        } catch (IllegalStateException inUse) {
                                            refusal.set(inUse);
                                        }
                                    });
            untilItWaitsForAWhile(closer);
            verify.countDown();
            untilItWaitsForAWhile(user);
            end.countDown();
            busy.join();
            pauses.join();
            closer.join();
            user.join();
            assertEquals(null, failure.get());
            assertTrue(String.valueOf(refusal.get()).contains("threads=[user]"), refusal::toString);
            heap.close();
        }

        @Test
        void andAnAccountThatOpensMeanwhile() throws InterruptedException {
            CountDownLatch closing = new CountDownLatch(1);
            CountDownLatch comes = new CountDownLatch(1);
            SharedHeap heap =
                    SharedHeap.open(
                            HeapConfig.DEFAULT.withNotices(
                                    _ -> {
                                        closing.countDown();
                                        SharedUsersTest.await(comes);
                                    }));
            heap.allocate(INFO);
            Account root = heap.account();
            AtomicReference<@Nullable Throwable> refusal = new AtomicReference<>();
            Thread opener =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        SharedUsersTest.await(closing);
                                        try {
                                            root.child("late", 1 << 20);
                                        } catch (IllegalStateException closed) {
                                            refusal.set(closed);
                                        }
                                    });
            Thread.ofPlatform()
                    .start(
                            () -> {
                                SharedUsersTest.await(closing);
                                untilItWaits(opener);
                                comes.countDown();
                            });
            heap.close(LeakPolicy.REPORT);
            opener.join();
            assertTrue(
                    String.valueOf(refusal.get()).contains("heap is closed: name=heap"),
                    refusal::toString);
        }

        @Test
        void isPossibleWithinItsOwnQuietTimeWhateverThePolicy() {
            for (LeakPolicy policy : LeakPolicy.values()) {
                SharedHeap heap = SharedHeap.open(HeapConfig.DEFAULT.withNotices(_ -> {}));
                heap.release(heap.allocate(INFO));
                heap.quietly(() -> heap.close(policy));
                refused("heap is closed", heap::poll);
            }
        }

        @Test
        void thatIsRefusedMakesNobodyAUser() throws InterruptedException {
            SharedHeap heap = SharedHeap.open();
            assertEquals(
                    null,
                    elsewhere(
                            () -> {
                                heap.allocate(INFO);
                                heap.leave();
                            }));
            refused("heap has leaked objects", () -> heap.close(LeakPolicy.FAIL));
            assertEquals(null, elsewhere(() -> heap.close(LeakPolicy.FREE_ALL)));
        }

        @Test
        void waitsForLooksButNotForEver() throws InterruptedException {
            SharedHeap heap = open();
            for (int i = 0; i < 20_000; i++) {
                heap.allocate(INFO);
            }
            CountDownLatch looking = new CountDownLatch(3);
            List<Thread> visitors = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                visitors.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            try {
                                                while (heap.liveObjects() >= 0) {
                                                    looking.countDown();
                                                }
                                            } catch (IllegalStateException closed) {
                                                looking.countDown();
                                            }
                                        }));
            }
            await(looking);
            assertEquals(20_000, heap.verify().objects());
            heap.close();
            for (Thread visitor : visitors) {
                visitor.join();
            }
        }

        @Test
        void againstALook() {
            against(
                    _ -> {
                        for (int i = 0; i < 20; i++) {
                            long _ = opened[0].liveObjects();
                        }
                    });
        }

        @Test
        void worksInAThreadThatIsInterrupted() {
            SharedHeap heap = open();
            Thread.currentThread().interrupt();
            assertTrue(heap.verify().objects() == 0);
            heap.close();
            assertTrue(Thread.interrupted());
        }
    }

    @Nested
    class APause {
        @Test
        void waitsForWhatALeavingThreadDestroys() {
            SharedHeap heap = open();
            AtomicReference<@Nullable Ref<Object>> passed = new AtomicReference<>();
            // What is let go of between the look at the queue and the end is destroyed after it.
            Race.run(
                    300,
                    _ -> heap.leave(),
                    _ -> {
                        Ref<Object> chain = NODE.allocate(heap);
                        for (int i = 0; i < 500; i++) {
                            try (Ref<Object> front = NODE.allocate(heap)) {
                                NEXT.move(front, chain);
                                chain.move(front);
                            }
                        }
                        chain.handOff();
                        passed.set(chain);
                        heap.leave();
                    },
                    _ -> {
                        Ref<Object> chain = null;
                        while (chain == null) {
                            heap.quietly(Thread::onSpinWait);
                            chain = passed.getAndSet(null);
                        }
                        chain.takeOver();
                        chain.close();
                        heap.verify();
                        heap.leave();
                    });
            assertEquals(0, heap.verify().objects());
            heap.close();
        }

        @Test
        void waitsForThreadsBeyondTheHeapsNumbers() throws InterruptedException {
            SharedHeap heap = SharedHeap.open(HeapConfig.DEFAULT.withAddressSpaceBytes(2 << 20));
            CountDownLatch used = new CountDownLatch(600);
            CountDownLatch end = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 600; i++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            heap.release(heap.allocate(INFO));
                                            used.countDown();
                                            SharedUsersTest.await(end);
                                        }));
            }
            await(used);
            String message =
                    String.valueOf(
                            assertThrows(
                                            IllegalStateException.class,
                                            () -> heap.pause(SOON, () -> {}))
                                    .getMessage());
            for (Thread thread : threads) {
                assertTrue(message.contains("#" + thread.threadId() + ","), thread::toString);
            }
            refused("heap is in use by other threads", heap::close);
            end.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(0, heap.verify().objects());
            heap.close();
        }

        @Test
        void keepsNobodyFromCountingWhatWaits() {
            try (SharedHeap heap = open()) {
                heap.pause(
                        SOON,
                        () -> {
                            try { // as the numbers at exit do
                                assertEquals(
                                        null,
                                        elsewhere(() -> assertEquals(0, heap.waitingForOwners())));
                            } catch (InterruptedException interrupted) {
                                throw new IllegalStateException(interrupted);
                            }
                        });
            }
        }

        @Test
        void keepsAThreadFromComingBackBeforeItsEnd() throws InterruptedException {
            try (SharedHeap heap = open()) {
                AtomicBoolean paused = new AtomicBoolean();
                CountDownLatch quiet = new CountDownLatch(1);
                CountDownLatch go = new CountDownLatch(1);
                AtomicBoolean met = new AtomicBoolean();
                Thread worker =
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            heap.release(heap.allocate(INFO));
                                            heap.quietly(
                                                    () -> {
                                                        quiet.countDown();
                                                        SharedUsersTest.await(go);
                                                    });
                                            met.set(paused.get());
                                            heap.leave();
                                        });
                await(quiet);
                heap.pause(
                        SOON,
                        () -> {
                            paused.set(true);
                            go.countDown();
                            for (int i = 0; i < 100_000; i++) {
                                Thread.onSpinWait();
                            }
                            paused.set(false);
                        });
                worker.join();
                assertFalse(met.get());
            }
        }

        @Test
        void ofAnotherThreadIsWaitedForWhateverTheWaiterWas() throws InterruptedException {
            try (SharedHeap heap = open()) {
                AtomicInteger pauses = new AtomicInteger();
                Runnable work =
                        () -> {
                            for (int i = 0; i < 200; i++) {
                                heap.pause(Duration.ofSeconds(60), pauses::incrementAndGet);
                                heap.release(heap.allocate(INFO));
                            }
                            heap.leave();
                        };
                Thread first = Thread.ofPlatform().start(work);
                Thread second = Thread.ofPlatform().start(work);
                first.join();
                second.join();
                assertEquals(400, pauses.get());
            }
        }
    }

    @Nested
    class AQuietThread {
        @Test
        void mayNotUseTheHeap() {
            try (SharedHeap heap = open();
                    Ref<Object> node = NODE.allocate(heap)) {
                String refusal = "thread uses the heap within its quietly(): thread=main";
                heap.quietly(
                        () -> {
                            refused(refusal, node::allocate);
                            refused(refusal, () -> NEXT.get(node, node));
                            refused(refusal, node::close);
                            refused(refusal, heap::poll);
                            refused(refusal, () -> heap.allocate(INFO));
                            refused(refusal, () -> heap.pause(SOON, () -> {}));
                            assertEquals(1, heap.liveObjects());
                        });
                assertEquals(1, node.strongCount());
            }
        }

        @Test
        void thatHasNotUsedItBeforeMayNotEither() throws InterruptedException {
            try (SharedHeap heap = open()) {
                assertTrue(
                        String.valueOf(elsewhere(() -> heap.quietly(() -> heap.allocate(INFO))))
                                .contains("thread uses the heap within its quietly()"));
            }
        }

        @Test
        void mayBeQuietAlready() {
            try (SharedHeap heap = open()) {
                AtomicInteger ran = new AtomicInteger();
                heap.quietly(() -> heap.quietly(ran::incrementAndGet));
                heap.release(heap.allocate(INFO));
                assertEquals(1, ran.get());
            }
        }

        @Test
        void mayLeave() {
            try (SharedHeap heap = open()) {
                heap.release(heap.allocate(INFO));
                heap.quietly(heap::leave);
                heap.release(heap.allocate(INFO));
                heap.verify();
            }
        }

        @Test
        void losesNothingThatAViewHeldByAHandleThatIsRefused() {
            try (SharedHeap heap = open()) {
                Arena arena = Arena.ofConfined();
                try (Ref<Object> node = NODE.allocate(heap)) {
                    long _ = node.view(arena).byteSize();
                }
                heap.quietly(
                        () -> {
                            arena.close();
                            refused("thread uses the heap within", () -> NODE.empty(heap));
                        });
                heap.poll();
                assertEquals(0, heap.liveObjects());
            }
        }

        @Test
        void releasesWhatAViewHeldWhenItComesBack() {
            try (SharedHeap heap = open()) {
                Arena arena = Arena.ofConfined();
                try (Ref<Object> node = NODE.allocate(heap)) {
                    long _ = node.view(arena).byteSize();
                }
                heap.quietly(
                        () -> {
                            arena.close();
                            assertEquals(1, heap.liveObjects());
                        });
                heap.poll();
                assertEquals(0, heap.liveObjects());
            }
        }
    }

    @Nested
    class ACollection {
        @Test
        void leavesAloneWhatHasMoreReferencesThanCountsTell() {
            int references = 7_000_000;
            TypeInfo array = TypeInfo.referenceArray("Nodes", INFO);
            TypeInfo box =
                    TypeInfo.builder("Box")
                            .reference("self", "Box")
                            .reference("all", array)
                            .build();
            try (SharedHeap heap =
                            SharedHeap.open(HeapConfig.DEFAULT.withAddressSpaceBytes(128L << 20));
                    Ref<Object> held = NODE.allocate(heap)) {
                long all = heap.allocateArray(array, references);
                for (int i = 0; i < references; i++) {
                    heap.setReference(all, SharedHeap.elementOffset(i), held.address());
                }
                long garbage = heap.allocate(box);
                heap.setReference(garbage, 0, garbage);
                heap.moveReference(garbage, box.offset("all"), all);
                heap.release(garbage);
                assertEquals(2, heap.collectCycles().freedObjects());
                assertEquals(1, heap.liveObjects());
                assertDoesNotThrow(() -> NEXT.set(held, held));
                NEXT.clear(held);
                heap.verify();
                heap.close(LeakPolicy.FREE_ALL);
            }
        }

        @Test
        void isTold() {
            List<CollectionResult> told = new ArrayList<>();
            try (SharedHeap heap =
                    SharedHeap.open(HeapConfig.DEFAULT.withCollectionListener(told::add))) {
                long ring = heap.allocate(INFO);
                heap.setReference(ring, 0, ring);
                heap.release(ring);
                assertEquals(List.of(heap.collectCycles()), told);
            }
        }
    }

    @Test
    void destructorsOfAVirtualThreadsReleasesDoNotNest() throws InterruptedException {
        int length = 100_000;
        AtomicInteger destroyed = new AtomicInteger();
        TypeInfo link =
                TypeInfo.builder("Link")
                        .int64("next")
                        .destructor(
                                (heap, object) -> {
                                    destroyed.incrementAndGet();
                                    long next = heap.getLong(object, 0);
                                    if (next != 0) {
                                        heap.release(next);
                                    }
                                })
                        .build();
        try (SharedHeap heap = open()) {
            Thread.ofVirtual()
                    .start(
                            () -> {
                                long first = 0;
                                for (int i = 0; i < length; i++) {
                                    long made = heap.allocate(link);
                                    heap.putLong(made, 0, first);
                                    first = made;
                                }
                                heap.release(first);
                            })
                    .join();
            assertEquals(length, destroyed.get());
            assertEquals(0, heap.liveObjects());
        }
    }

    @Test
    void numbersCanBeReadWhileTypesAreMade() {
        try (SharedHeap heap = open()) {
            Race.run(
                    200,
                    _ -> {},
                    round ->
                            heap.register(
                                    TypeInfo.leaf(
                                            "Leaf" + round,
                                            16 + 16 * (round % 60),
                                            16 << round % 9)),
                    _ -> {
                        assertDoesNotThrow(heap::sizeClasses);
                        assertTrue(heap.numbers().allocated() >= 0);
                    });
        }
    }
}
