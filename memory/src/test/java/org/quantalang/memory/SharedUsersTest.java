package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.quantalang.memory.HeapThreads.await;
import static org.quantalang.memory.HeapThreads.elsewhere;
import static org.quantalang.memory.HeapThreads.open;
import static org.quantalang.memory.HeapThreads.refused;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.memory.internal.shared.Race;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Which threads use a shared heap, as its pauses see it. */
@Timeout(120)
class SharedUsersTest {
    private static final Duration SOON = Duration.ofMillis(50);
    private static final TypeInfo INFO =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final RefType<Object> NODE = RefType.of(Object.class, INFO);
    private static final RefField<Object> NEXT = NODE.refField("next", NODE);

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
                                            await(end);
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
                                                        await(go);
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
            closesAView(heap -> refused("thread uses the heap within", () -> NODE.empty(heap)));
        }

        @Test
        void releasesWhatAViewHeldWhenItComesBack() {
            closesAView(heap -> assertEquals(1, heap.liveObjects()));
        }

        /** In its quiet time the last holder of an object; back again the object dies. */
        private void closesAView(Consumer<SharedHeap> then) {
            try (SharedHeap heap = open()) {
                Arena arena = Arena.ofConfined();
                try (Ref<Object> node = NODE.allocate(heap)) {
                    long _ = node.view(arena).byteSize();
                }
                heap.quietly(
                        () -> {
                            arena.close();
                            then.accept(heap);
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
