package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

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
