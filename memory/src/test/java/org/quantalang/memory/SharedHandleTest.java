package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.shared.Race;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** All that holds of handles on a confined heap, on a shared one, and what only that has. */
class SharedHandleTest extends HandleTest {
    private static final int ROUNDS = 1_000;

    @Override
    HandleTier open(HeapConfig config) {
        return SharedHeap.open(config);
    }

    @Override
    String whoseItIs() {
        return "handle belongs to another thread: handle=Ref[type=Node address=0x1] user=main"
                + " caller=intruder; pass it on with handOff() there and takeOver() here";
    }

    private SharedHeap shared() {
        return (SharedHeap) heap();
    }

    @Nested
    class AHandleThatIsPassedOn {
        @Test
        void isTheOtherThreadsFromThenOn() throws InterruptedException {
            Ref<Node> node = NODE.allocate(heap());
            LONG.set(node, 7);
            node.handOff();
            refuses("handle belongs to another thread", () -> LONG.get(node));
            refuses("handle belongs to another thread", node::close);
            assertNull(
                    elsewhere(
                            () -> {
                                node.takeOver();
                                assertEquals(7, LONG.get(node));
                                node.close();
                            }));
        }

        @Test
        void isTakenOverOnce() throws InterruptedException {
            try (Ref<Node> node = NODE.allocate(heap())) {
                refuses("handle was not handed off, or another thread was first", node::takeOver);
                node.handOff();
                node.takeOver();
                Throwable late = elsewhere(node::takeOver);
                assertTrue(
                        String.valueOf(late).contains("another thread was first"), () -> "" + late);
            }
        }

        @Test
        void goesToOneOfThreadsThatWantIt() {
            int[] winners = new int[1];
            Ref<Node> node = NODE.allocate(heap());
            node.handOff();
            Race.Part wants =
                    _ -> {
                        try {
                            node.takeOver();
                        } catch (IllegalStateException another) {
                            return;
                        }
                        winners[0]++; // by one thread a round
                        LONG.set(node, LONG.get(node) + 1);
                        node.handOff();
                    };
            Race.run(ROUNDS, _ -> {}, wants, wants);
            node.takeOver();
            assertTrue(winners[0] >= ROUNDS);
            assertEquals(winners[0], LONG.get(node));
            node.close();
        }

        @Test
        void ofAConfinedHeapIsRefused() {
            try (ConfinedHeap confined = ConfinedHeap.open();
                    Ref<Node> node = NODE.allocate(confined)) {
                refuses("handles of a confined heap stay with its thread", node::handOff);
                refuses("handles of a confined heap stay with its thread", node::takeOver);
            }
        }
    }

    @Nested
    class ThreadsWithHandlesOfTheirOwn {
        @Test
        void storeAndLoadOneField() {
            Ref<Node> root = NODE.allocate(heap());
            long holder = root.address();
            Race.Part store =
                    _ -> {
                        try (Ref<Node> mine = held(holder);
                                Ref<Node> fresh = NODE.allocate(heap())) {
                            LONG.set(fresh, 42);
                            NEXT.set(mine, fresh);
                        }
                    };
            Race.Part load =
                    _ -> {
                        try (Ref<Node> mine = held(holder);
                                Ref<Node> loaded = NEXT.get(mine)) {
                            assertTrue(loaded.isEmpty() || LONG.get(loaded) == 42);
                        }
                    };
            Race.run(ROUNDS, _ -> {}, store, load);
            root.close();
        }

        @Test
        void holdJavaObjectsInOneField() {
            Ref<Node> root = NODE.allocate(heap());
            long holder = root.address();
            Race.Part use =
                    round -> {
                        try (Ref<Node> mine = held(holder)) {
                            JAVA.set(mine, List.of(round));
                            List<?> seen = JAVA.get(mine);
                            assertFalse(seen == null || seen.isEmpty());
                        }
                    };
            Race.run(ROUNDS, _ -> {}, use, use);
            assertEquals(1, heap().javaObjects().held());
            root.close();
            assertEquals(0, heap().javaObjects().held());
        }

        @Test
        void seeTheDeathThroughWeakFields() {
            Ref<Node> root = NODE.allocate(heap());
            long holder = root.address();
            Race.Part replace =
                    _ -> {
                        try (Ref<Node> mine = held(holder);
                                Ref<Node> fresh = NODE.allocate(heap())) {
                            LONG.set(fresh, 42);
                            OWNER.set(mine, fresh);
                        }
                    };
            Race.Part load =
                    _ -> {
                        try (Ref<Node> mine = held(holder);
                                Ref<Node> into = NODE.empty(heap())) {
                            assertTrue(!OWNER.get(mine, into) || LONG.get(into) == 42);
                        }
                    };
            Race.run(ROUNDS, _ -> {}, replace, load);
            root.close();
        }

        /** A handle of the calling thread's own, for an object that another handle holds. */
        private Ref<Node> held(long object) {
            heap().retain(object);
            return NODE.adopt(heap(), object);
        }

        @Test
        void mayBeVirtual() throws InterruptedException {
            Ref<Node> node = NODE.allocate(heap());
            node.handOff();
            Thread.ofVirtual()
                    .start(
                            () -> {
                                node.takeOver();
                                try (Ref<Node> next = NODE.allocate(heap())) {
                                    LONG.set(next, 5);
                                    NEXT.set(node, next);
                                }
                                node.handOff();
                            })
                    .join();
            node.takeOver();
            try (Ref<Node> next = NEXT.get(node)) {
                assertEquals(5, LONG.get(next));
            }
            node.close();
        }
    }

    @Nested
    class AView {
        @Test
        void keepsTheHeapOpen() {
            try (SharedHeap second = SharedHeap.open();
                    Arena arena = Arena.ofConfined();
                    Ref<Node> node = NODE.allocate(second)) {
                node.view(arena);
                assertEquals(1, second.numbers().openViews());
                refuses("heap has open views: name=heap views=1", second::close);
            }
        }

        @Test
        void closedElsewhereMakesThatThreadNoneOfTheHeaps() throws InterruptedException {
            Arena arena = Arena.ofShared();
            try (Ref<Node> node = NODE.allocate(heap())) {
                node.view(arena);
            }
            var closed = new CountDownLatch(1);
            var done = new CountDownLatch(1);
            Thread closer =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        arena.close();
                                        closed.countDown();
                                        await(done);
                                    });
            await(closed);
            shared().pause(Duration.ZERO, () -> {}); // nobody else uses the heap
            shared().poll();
            assertEquals(0, heap().liveObjects());
            done.countDown();
            closer.join();
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }

    @Nested
    class LimitsAndAccounts {
        @Test
        void boundWhatHandlesAllocate() {
            try (SharedHeap small = SharedHeap.open(HeapConfig.DEFAULT.withLimitBytes(4L << 16));
                    Account part = small.account().child("part", 1L << 16)) {
                try (Account.Scope _ = part.enter();
                        Ref<Node> list = NODE.allocate(small)) {
                    assertThrows(HeapOutOfMemoryError.class, () -> grow(small, list));
                    assertTrue(part.stats().usedBytes() > 0);
                }
            }
        }

        private void grow(SharedHeap small, Ref<Node> list) {
            while (true) {
                try (Ref<Node> longer = NODE.allocate(small)) {
                    NEXT.set(longer, list);
                    list.move(longer);
                }
            }
        }
    }

    @Test
    void handlesKnowTheirHeap() {
        try (Ref<Node> node = NODE.allocate(heap())) {
            assertSame(heap(), node.heap());
        }
    }
}
