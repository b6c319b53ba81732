package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CycleCollectorTest {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 8, 8);
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("left", "Node")
                    .reference("right", "Node")
                    .int64("value")
                    .reference("leaf", LEAF)
                    .build();
    private static final long LEFT = NODE.offset("left");
    private static final long RIGHT = NODE.offset("right");
    private static final long LEAF_FIELD = NODE.offset("leaf");

    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapConfig.DEFAULT.withAutomaticCollection(false));

    private ConfinedHeap heap() {
        return test.heap();
    }

    private long ring(int length) {
        long first = heap().allocate(NODE);
        long last = first;
        for (int i = 1; i < length; i++) {
            long node = heap().allocate(NODE);
            heap().moveReference(last, LEFT, node);
            last = node;
        }
        heap().setReference(last, LEFT, first);
        return first;
    }

    @Nested
    class GivenTwoObjectsThatReferToEachOther {
        @Test
        void keepsBothWhileOneIsHeldFromOutside() {
            long a = ring(2);
            heap().retain(a);
            heap().release(a);
            CollectionResult result = heap().collectCycles();
            assertEquals(0, result.freedObjects());
            assertEquals(2, heap().liveObjects());
            assertEquals(2, heap().strongCount(a));
            heap().release(a);
        }

        @Test
        void freesBothOnceNobodyHoldsThem() {
            heap().release(ring(2));
            assertEquals(2, heap().liveObjects());
            CollectionResult result = heap().collectCycles();
            assertEquals(2, result.freedObjects());
            assertEquals(1, result.cycles());
            assertEquals(0, heap().liveObjects());
        }
    }

    @Nested
    class GivenDestructorsThatMakeMoreGarbage {
        private static final int CHAIN = 4000;

        private int released;

        private ConfinedHeap open(CycleOptions.Algorithm algorithm) {
            return ConfinedHeap.open(
                    HeapConfig.DEFAULT
                            .withAutomaticCollection(false)
                            .withLeakPolicy(LeakPolicy.FREE_ALL)
                            .withCycleOptions(CycleOptions.DEFAULT.withAlgorithm(algorithm)));
        }

        private void selfReferring(Heap heap, TypeInfo type) {
            long object = heap.allocate(type);
            heap.setReference(object, 0, object);
            heap.release(object);
        }

        /** Each lets go of the next: its ring is garbage only then. */
        @Test
        void takesTimeInProportionToAChainOfThem() {
            long[] held = new long[CHAIN];
            TypeInfo type =
                    TypeInfo.builder("Link")
                            .reference("self")
                            .destructor(
                                    (heap, _) -> {
                                        released++;
                                        if (released < CHAIN) {
                                            heap.release(held[released]);
                                        }
                                    })
                            .build();
            try (ConfinedHeap heap = open(CycleOptions.Algorithm.LOCAL)) {
                for (int i = 0; i < CHAIN; i++) {
                    held[i] = heap.allocate(type);
                    heap.setReference(held[i], 0, held[i]);
                }
                heap.release(held[0]);
                CollectionResult result = heap.collectCycles();
                assertTrue(result.complete());
                assertEquals(0, heap.liveObjects());
                assertEquals(CHAIN, released);
                assertTrue(result.traced() < 10L * CHAIN, () -> result.toString());
            }
        }

        /** One that makes garbage of its own kind has no end, but the collection has. */
        @ParameterizedTest
        @EnumSource
        void givesUpIfThereIsNoEnd(CycleOptions.Algorithm algorithm) {
            TypeInfo[] type = new TypeInfo[1];
            type[0] =
                    TypeInfo.builder("Phoenix")
                            .reference("self")
                            .destructor((heap, _) -> selfReferring(heap, type[0]))
                            .build();
            try (ConfinedHeap heap = open(algorithm)) {
                selfReferring(heap, type[0]);
                assertFalse(heap.collectCycles().complete());
            }
        }
    }

    @Test
    void freesACycleOfAMillionWithoutRecursion() {
        heap().release(ring(1_000_000));
        assertEquals(1_000_000, heap().collectCycles().freedObjects());
    }

    @Test
    void garbageThatPointsIntoLiveObjectsLeavesThemAlone() {
        long live = ring(100);
        long dead = ring(3);
        heap().setReference(dead, RIGHT, live);
        heap().release(dead);
        assertEquals(3, heap().collectCycles().freedObjects());
        heap().verify();
        assertEquals(2, heap().strongCount(live), "the ring's own reference and ours");
        heap().release(live);
    }

    @Test
    void releasesWhatOnlyGarbageHeld() {
        long dead = ring(2);
        heap().moveReference(dead, LEAF_FIELD, heap().allocate(LEAF));
        heap().release(dead);
        heap().collectCycles();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void candidateThatDiesByCountingIsFreedOnce() {
        long node = heap().allocate(NODE);
        heap().retain(node);
        heap().release(node);
        heap().release(node);
        assertEquals(1, heap().candidates());
        heap().collectCycles();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void weakReferencesToGarbageDie() {
        long dead = ring(2);
        heap().weakRetain(dead);
        heap().release(dead);
        heap().collectCycles();
        assertEquals(0, heap().upgrade(dead));
        assertEquals(1, heap().liveObjects());
        heap().weakRelease(dead);
    }

    @Test
    void garbageThatHoldsGarbageWeaklyIsFreedOnce() {
        TypeInfo node =
                TypeInfo.builder("Weakly")
                        .reference("next", "Weakly")
                        .weakReference("previous", "Weakly")
                        .build();
        long a = heap().allocate(node);
        long b = heap().allocate(node);
        heap().moveReference(a, 0, b);
        heap().setReference(b, 0, a);
        heap().setWeakReference(a, 8, b);
        heap().setWeakReference(b, 8, a);
        heap().release(a);
        assertEquals(2, heap().collectCycles().freedObjects());
        heap().verify();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void aTypeWithoutAWayBackToItselfNeverBecomesACandidate() {
        TypeInfo box = TypeInfo.builder("Box").reference("leaf", LEAF).build();
        long object = heap().allocate(box);
        heap().retain(object);
        heap().release(object);
        assertEquals(0, heap().candidates());
        assertTrue(heap().canCycle(NODE) && !heap().canCycle(box));
        heap().release(object);
    }
}
