package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

class SharedCyclesTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").weakReference("weak").build();
    private static final long NEXT = 0;
    private static final long WEAK = 8;

    private final SharedHeap heap = SharedHeap.open();

    @AfterEach
    void close() {
        heap.verify();
        heap.close();
    }

    private long ring(TypeInfo type, int size) {
        long first = heap.allocate(type);
        long last = first;
        for (int i = 1; i < size; i++) {
            long next = heap.allocate(type);
            heap.moveReference(last, NEXT, next);
            last = next;
        }
        heap.setReference(last, NEXT, first);
        return first;
    }

    @Test
    void freesARingOnceNobodyHoldsIt() {
        long ring = ring(NODE, 10);
        assertEquals(0, heap.collectCycles().freedObjects());
        heap.release(ring);
        assertEquals(10, heap.liveObjects());
        CollectionResult result = heap.collectCycles();
        assertEquals(10, result.freedObjects());
        assertEquals(1, result.cycles());
        assertEquals(0, heap.liveObjects());
        assertEquals(2, heap.stats().cycleCollections());
    }

    private static final int MANY = 200_000;

    @Test
    void aPauseCollectsOnceMuchLives() {
        heap.release(ring(NODE, MANY));
        heap.pause(Duration.ofSeconds(10), () -> assertEquals(MANY, heap.liveObjects()));
        assertEquals(0, heap.liveObjects());
        assertEquals(1, heap.stats().cycleCollections());
    }

    @Test
    void aPauseCollectsNotWhileLittleLivesOrNoMoreThanBefore() {
        heap.release(ring(NODE, 10));
        heap.pause(Duration.ofSeconds(10), () -> {});
        assertEquals(10, heap.liveObjects());
        long held = ring(NODE, MANY);
        heap.pause(Duration.ofSeconds(10), () -> {});
        assertEquals(MANY, heap.liveObjects());
        heap.pause(Duration.ofSeconds(10), () -> {});
        assertEquals(1, heap.stats().cycleCollections());
        heap.release(held);
        heap.collectCycles();
    }

    @Test
    void aPauseCollectsNotIfTheHeapDoesNotCollectByItself() {
        try (SharedHeap manual =
                SharedHeap.open(
                        HeapConfig.DEFAULT
                                .withAutomaticCollection(false)
                                .withLeakPolicy(LeakPolicy.FREE_ALL))) {
            for (int i = 0; i < MANY; i++) {
                long node = manual.allocate(NODE);
                manual.moveReference(node, NEXT, node); // a ring of one
            }
            manual.pause(Duration.ofSeconds(10), () -> {});
            assertEquals(MANY, manual.liveObjects());
        }
    }

    @Test
    void freesARingOfObjectsOfSeveralThreads() throws Exception {
        long[] nodes = new long[3];
        Thread maker = Thread.ofPlatform().start(() -> nodes[0] = heap.allocate(NODE));
        maker.join();
        Thread virtual = Thread.ofVirtual().start(() -> nodes[1] = heap.allocate(NODE));
        virtual.join();
        nodes[2] = heap.allocate(NODE);
        for (int i = 0; i < 3; i++) {
            heap.setReference(nodes[i], NEXT, nodes[(i + 1) % 3]);
        }
        for (long node : nodes) {
            heap.release(node);
        }
        assertEquals(3, heap.collectCycles().freedObjects());
    }

    @Test
    void releasesWhatGarbageHolds() {
        long kept = heap.allocate(NODE);
        TypeInfo pair =
                TypeInfo.builder("Pair")
                        .reference("next", "Pair")
                        .reference("kept", "Node")
                        .build();
        long a = heap.allocate(pair);
        heap.setReference(a, NEXT, a);
        heap.setReference(a, 8, kept);
        heap.release(a);
        assertEquals(2, heap.strongCount(kept));
        heap.collectCycles();
        assertEquals(1, heap.strongCount(kept));
        heap.release(kept);
    }

    @Test
    void weakReferencesToGarbageAreDead() {
        long ring = ring(NODE, 2);
        heap.weakRetain(ring);
        heap.release(ring);
        heap.collectCycles();
        assertEquals(0, heap.upgrade(ring));
        assertEquals(1, heap.liveObjects());
        heap.weakRelease(ring);
        assertEquals(0, heap.liveObjects());
    }

    @Test
    void weakFieldsOfGarbageLetGo() {
        long target = heap.allocate(NODE);
        long ring = ring(NODE, 2);
        heap.setWeakReference(ring, WEAK, target);
        heap.release(ring);
        heap.collectCycles();
        assertEquals(0, heap.weakCount(target));
        heap.release(target);
        assertEquals(0, heap.liveObjects());
    }

    @Test
    void whatADestructorBringsBackLivesOn() {
        long[] kept = new long[1];
        TypeInfo type =
                TypeInfo.builder("Kept")
                        .reference("next", "Kept")
                        .destructor(
                                (any, object) -> {
                                    if (kept[0] == 0) {
                                        any.retain(object);
                                        kept[0] = object;
                                    }
                                })
                        .build();
        heap.release(ring(type, 3));
        assertEquals(0, heap.collectCycles().freedObjects());
        assertEquals(3, heap.liveObjects());
        heap.release(kept[0]);
        assertEquals(3, heap.collectCycles().freedObjects());
    }

    @Test
    void namesTheThreadThatIsNotQuiet() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        Thread busy =
                Thread.ofPlatform()
                        .name("busy-one")
                        .start(
                                () -> {
                                    heap.poll();
                                    entered.countDown();
                                    await(done);
                                });
        entered.await();
        IllegalStateException refused =
                assertThrows(
                        IllegalStateException.class,
                        () -> heap.pause(Duration.ofMillis(20), () -> {}));
        assertTrue(refused.toString().contains("busy-one"), refused.toString());
        done.countDown();
        busy.join();
    }

    @Test
    void waitsForThreadsThatPoll() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        Thread polling =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    while (!Thread.currentThread().isInterrupted()) {
                                        heap.poll();
                                        entered.countDown();
                                    }
                                });
        entered.await();
        boolean[] ran = new boolean[1];
        heap.pause(Duration.ofSeconds(10), () -> ran[0] = true);
        polling.interrupt();
        polling.join();
        assertTrue(ran[0]);
    }

    @Test
    void aThreadThatWaitsQuietlyHindersNobody() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        Thread waiting =
                Thread.ofPlatform()
                        .start(
                                () ->
                                        heap.quietly(
                                                () -> {
                                                    entered.countDown();
                                                    await(done);
                                                }));
        entered.await();
        heap.verify();
        done.countDown();
        waiting.join();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
