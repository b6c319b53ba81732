package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.Race;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Each race of a shared heap, two or three threads again and again, and beside it a twin that does
 * it wrong and must be found out, so that the race is known to be one.
 */
class SharedRacesTest {
    private static final int ROUNDS = 3_000;

    /** A twin ends when it has failed; this many rounds it has for that, so often. */
    private static final int TWIN_ROUNDS = 20_000;

    private static final int TWIN_ATTEMPTS = 20;

    private static final Race.Part NOTHING = round -> {};
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final long NEXT = 0;
    private static final long VALUE = 8;
    private static final long WORD_B = -8;

    /** Makes the window of a twin wide enough to be hit on a busy machine. */
    @SuppressWarnings("ThreadPriorityCheck")
    private static void giveWay() {
        Thread.yield();
    }

    /** What is wrong on purpose fails, though on a busy machine its threads may seldom meet. */
    private static void mustFail(Race.Part between, Race.Part... parts) {
        for (int i = 0; i < TWIN_ATTEMPTS; i++) {
            if (Race.failureOf(TWIN_ROUNDS, between, parts) != null) {
                return;
            }
        }
        fail("the twin was not found");
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    @Nested
    class RetainAndRelease {
        private static final int PAIRS = 100;

        /** So many that a thread loses its processor in the middle of one now and then. */
        private static final int TWIN_PAIRS = 50_000;

        @Test
        void ofOneObjectByItsOwnerAndOthersLoseNothing() {
            try (SharedHeap heap = SharedHeap.open()) {
                long[] object = new long[1];
                Race.Part counts = round -> count(heap, object[0]);
                Race.run(
                        ROUNDS,
                        round -> {
                            if (object[0] != 0) {
                                assertEquals(2, heap.strongCount(object[0]));
                                heap.release(object[0]);
                                heap.release(object[0]);
                            }
                            object[0] = heap.allocate(LEAF);
                            heap.retain(object[0]);
                        },
                        round -> count(heap, object[0]),
                        counts,
                        counts);
                heap.release(object[0]);
                heap.release(object[0]);
                heap.poll();
                assertEquals(0, heap.liveObjects());
            }
        }

        private static void count(SharedHeap heap, long object) {
            for (int i = 0; object != 0 && i < PAIRS; i++) {
                heap.retain(object);
                heap.release(object);
            }
        }

        @Test
        void twinWithPlainAddsLosesCounts() {
            try (SharedHeap heap = SharedHeap.open()) {
                long object = heap.allocate(LEAF);
                Race.Part plain =
                        round -> {
                            for (int i = 0; i < TWIN_PAIRS; i++) {
                                long at = object + WORD_B;
                                long seen = Memory.getLongAcquire(at);
                                if (i % 10_000 == 0) {
                                    giveWay();
                                }
                                Memory.putLongRelease(at, seen + (1L << 20));
                                long again = Memory.getLongAcquire(at);
                                if (i % 10_000 == 5_000) {
                                    giveWay();
                                }
                                Memory.putLongRelease(at, again - (1L << 20));
                            }
                        };
                mustFail(
                        round -> check(heap.strongCount(object) == 1, "counts lost"), plain, plain);
            }
        }
    }

    @Nested
    class UpgradeAgainstLastRelease {
        private final AtomicInteger destroyed = new AtomicInteger();
        private final TypeInfo type =
                TypeInfo.builder("Dropped")
                        .int64("value")
                        .destructor((_, _) -> destroyed.incrementAndGet())
                        .build();
        private final long[] object = new long[1];

        /** The object of a round is nobody's, so that the last release decides at once. */
        private void next(SharedHeap heap) {
            destroyed.set(0);
            Thread maker = Thread.ofVirtual().start(() -> object[0] = heap.allocate(type));
            join(maker);
            heap.weakRetain(object[0]);
        }

        private static void join(Thread thread) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }

        @Test
        void eitherUpgradesOrFindsItDead() {
            try (SharedHeap heap = SharedHeap.open()) {
                Race.run(
                        ROUNDS,
                        round -> {
                            if (object[0] != 0) {
                                assertEquals(1, destroyed.get());
                                heap.weakRelease(object[0]);
                                assertEquals(0, heap.liveObjects());
                            }
                            next(heap);
                        },
                        round -> {
                            if (object[0] != 0) {
                                heap.release(object[0]);
                            }
                        },
                        round -> {
                            if (object[0] != 0 && heap.upgrade(object[0]) != 0) {
                                check(destroyed.get() == 0, "upgraded what is destroyed");
                                heap.release(object[0]);
                            }
                        });
            }
        }

        @Test
        void twinThatLooksAndThenRetainsUpgradesTheDead() {
            try (SharedHeap heap = SharedHeap.open()) {
                mustFail(
                        round -> next(heap),
                        round -> {
                            if (object[0] != 0) {
                                heap.release(object[0]);
                            }
                        },
                        round -> {
                            if (object[0] != 0 && heap.strongCount(object[0]) > 0) {
                                giveWay();
                                heap.retain(object[0]);
                                check(destroyed.get() == 0, "upgraded what is destroyed");
                                heap.release(object[0]);
                            }
                        });
            }
        }
    }

    @Nested
    class FreesByOtherThreads {
        private static final int BATCH = 64;

        @Test
        void comeBackOnceEach() {
            try (SharedHeap heap = SharedHeap.open()) {
                var letters = new ConcurrentLinkedQueue<Long>();
                var out = ConcurrentHashMap.<Long>newKeySet();
                Race.run(
                        ROUNDS,
                        NOTHING,
                        round -> {
                            for (int i = 0; i < BATCH; i++) {
                                long object = heap.allocate(LEAF);
                                check(out.add(object), "handed out twice");
                                heap.retain(object);
                                heap.release(object);
                                letters.add(object);
                            }
                        },
                        round -> releaseAll(heap, letters, out),
                        round -> releaseAll(heap, letters, out));
                releaseAll(heap, letters, out);
                heap.verify();
                heap.collectCycles();
                assertEquals(0, heap.liveObjects());
            }
        }

        private static void releaseAll(
                SharedHeap heap,
                ConcurrentLinkedQueue<Long> letters,
                ConcurrentHashMap.KeySetView<Long, Boolean> out) {
            for (Long object = letters.poll(); object != null; object = letters.poll()) {
                out.remove(object);
                heap.release(object);
            }
        }

        @Test
        void ofMergedObjectsGoStraightToThePage() {
            try (SharedHeap heap = SharedHeap.open()) {
                var letters = new ConcurrentLinkedQueue<Long>();
                var out = ConcurrentHashMap.<Long>newKeySet();
                Race.run(
                        ROUNDS / 4,
                        NOTHING,
                        round -> {
                            for (int i = 0; i < BATCH; i++) {
                                long object = heap.allocate(LEAF);
                                check(out.add(object), "handed out twice");
                                letters.add(object);
                            }
                            heap.leave(); // merges them
                        },
                        round -> releaseAll(heap, letters, out),
                        round -> releaseAll(heap, letters, out));
                releaseAll(heap, letters, out);
                heap.verify();
                heap.collectCycles();
                assertEquals(0, heap.liveObjects());
            }
        }

        @Test
        void twinWithAPlainListLosesBlocks() {
            int[] head = new int[1];
            int[] links = new int[2 * BATCH + 1];
            Race.Part push =
                    round -> {
                        // Each thread pushes its own half.
                        int first = Thread.currentThread().threadId() % 2 == 0 ? 1 : 1 + BATCH;
                        for (int i = first; i < first + BATCH; i++) {
                            links[i] = head[0];
                            giveWay();
                            head[0] = i;
                        }
                    };
            mustFail(
                    round -> {
                        int count = 0;
                        for (int at = head[0]; at != 0 && count <= 2 * BATCH; count++) {
                            at = links[at];
                        }
                        head[0] = 0;
                        check(count == 2 * BATCH, "blocks lost");
                    },
                    push,
                    push);
        }
    }

    @Nested
    class HandBackAndTheOwnersEnd {
        @Test
        void loseNoObject() {
            try (SharedHeap heap = SharedHeap.open()) {
                long[] objects = new long[32];
                Race.run(
                        ROUNDS / 2,
                        round -> {
                            check(heap.waitingForOwners() == 0, "left to who has gone");
                            for (int i = 0; i < objects.length; i++) {
                                objects[i] = heap.allocate(NODE);
                            }
                        },
                        round -> heap.leave(), // the maker's thread: it runs `between` too
                        round -> {
                            for (int i = 0; i < objects.length; i++) {
                                if (objects[i] != 0) {
                                    heap.release(objects[i]);
                                }
                            }
                        });
                for (long object : objects) {
                    heap.release(object);
                }
                heap.collectCycles();
                assertEquals(0, heap.waitingForOwners());
                assertEquals(0, heap.liveObjects());
            }
        }

        @Test
        void twinThatForgetsToReleaseIsSeenByTheSameCheck() {
            // The check is the number of live objects: one reference kept must show.
            try (SharedHeap heap = SharedHeap.open()) {
                long object = heap.allocate(NODE);
                heap.leave();
                heap.collectCycles();
                assertEquals(1, heap.liveObjects());
                heap.release(object);
                assertEquals(0, heap.liveObjects());
            }
        }
    }

    @Nested
    class LoadsAndStoresOfOneField {
        @Test
        void aLoadNeverGetsWhatIsGone() {
            try (SharedHeap heap = SharedHeap.open()) {
                long holder = heap.allocate(NODE);
                Race.run(
                        ROUNDS,
                        NOTHING,
                        round -> store(heap, holder),
                        round -> load(heap, heap.loadReference(holder, NEXT)),
                        round -> load(heap, heap.loadReference(holder, NEXT)));
                heap.release(holder);
                heap.collectCycles();
                assertEquals(0, heap.liveObjects());
            }
        }

        private static void store(SharedHeap heap, long holder) {
            for (int i = 0; i < 20; i++) {
                long node = heap.allocate(NODE);
                heap.putLong(node, VALUE, node);
                heap.moveReference(holder, NEXT, node);
            }
        }

        private static void load(SharedHeap heap, long node) {
            if (node != 0) {
                check(heap.getLong(node, VALUE) == node, "loaded what is gone");
                heap.release(node);
            }
        }

        @Test
        void twinThatReadsAndThenRetainsGetsWhatIsGone() {
            SharedHeap heap = SharedHeap.open(); // damaged afterwards: not closed by a check
            long holder = heap.allocate(NODE);
            Race.Part reader =
                    round -> {
                        for (int i = 0; i < 100; i++) {
                            long node = heap.getReference(holder, NEXT);
                            if (node != 0) {
                                giveWay();
                                heap.retain(node);
                                load(heap, node);
                            }
                        }
                    };
            mustFail(NOTHING, round -> store(heap, holder), reader, reader);
            heap.close();
        }
    }

    @Nested
    class ASharedPool {
        private static final int BLOCKS = 16;

        @Test
        void handsOutEachBlockToOneAtATime() {
            try (MemoryPool pool = MemoryPool.openShared(32, BLOCKS)) {
                Race.Part use = round -> use(pool, round, 20);
                Race.run(ROUNDS, round -> assertEquals(0, pool.allocatedCount()), use, use, use);
            }
        }

        private static void use(MemoryPool pool, int round, int times) {
            for (int i = 0; i < times; i++) {
                long mark = Thread.currentThread().threadId() * 1000 + round;
                long block = pool.allocate();
                long second = pool.allocate();
                Memory.putLong(block + 8, mark);
                Memory.putLong(second + 8, mark);
                check(block != second && Memory.getLong(block + 8) == mark, "a block is shared");
                check(Memory.getLong(second + 8) == mark, "a block is shared");
                pool.free(block);
                pool.free(second);
            }
        }

        @Test
        void twinWithoutTheLockFreeListSharesBlocks() {
            try (MemoryPool pool = MemoryPool.open(32, BLOCKS)) {
                // So many that a thread loses its processor within a call now and then.
                Race.Part use = round -> use(pool, round, 50_000);
                mustFail(round -> check(pool.allocatedCount() == 0, "blocks lost"), use, use, use);
            }
        }
    }
}
