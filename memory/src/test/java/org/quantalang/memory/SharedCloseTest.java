package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.quantalang.memory.HeapThreads.await;
import static org.quantalang.memory.HeapThreads.elsewhere;
import static org.quantalang.memory.HeapThreads.open;
import static org.quantalang.memory.HeapThreads.refused;
import static org.quantalang.memory.HeapThreads.untilItWaits;
import static org.quantalang.memory.HeapThreads.untilItWaitsForAWhile;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.memory.internal.shared.Race;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** The close of a shared heap, whoever uses it, and what is left of it. */
@Timeout(120)
class SharedCloseTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final TypeInfo INFO =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final RefType<Object> NODE = RefType.of(Object.class, INFO);
    private static final RefField<Object> NEXT = NODE.refField("next", NODE);

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
                                                    await(closed);
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
                                        await(end);
                                    });
            Thread user =
                    Thread.ofPlatform()
                            .name("user")
                            .start(
                                    () -> {
                                        long object = heap.allocate(INFO);
                                        used.countDown();
                                        await(verify);
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
                                        await(comes);
                                    }));
            heap.allocate(INFO);
            Account root = heap.account();
            AtomicReference<@Nullable Throwable> refusal = new AtomicReference<>();
            Thread opener =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        await(closing);
                                        try {
                                            root.child("late", 1 << 20);
                                        } catch (IllegalStateException closed) {
                                            refusal.set(closed);
                                        }
                                    });
            Thread.ofPlatform()
                    .start(
                            () -> {
                                await(closing);
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
}
