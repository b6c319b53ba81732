package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Structures that overflow whatever recurses, or is sized for small ones. */
class LargeCycleTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("a", "Node").reference("b").build();
    private static final TypeInfo ARRAY = TypeInfo.referenceArray("Array");
    private static final long A = NODE.offset("a");
    private static final long B = NODE.offset("b");
    private static final int MILLION = 1_000_000;

    private static ConfinedHeap open(CycleOptions.Algorithm algorithm) {
        HeapConfig config = HeapConfig.DEFAULT.withAutomaticCollection(false);
        ConfinedHeap heap =
                ConfinedHeap.open(
                        config.withCycleOptions(CycleOptions.DEFAULT.withAlgorithm(algorithm)));
        heap.register(NODE, ARRAY);
        return heap;
    }

    private static void collectsTo(long live, long freed, ConfinedHeap heap) {
        CollectionResult result = heap.collectCycles();
        assertTrue(result.complete());
        assertEquals(freed, result.freedObjects());
        assertEquals(live, heap.liveObjects());
    }

    @ParameterizedTest
    @EnumSource
    void oneCycleOfTenMillionObjects(CycleOptions.Algorithm algorithm) {
        int length = 10 * MILLION;
        try (ConfinedHeap heap = open(algorithm)) {
            long first = heap.allocate(NODE);
            long last = first;
            for (int i = 1; i < length; i++) {
                long node = heap.allocate(NODE);
                heap.initReference(last, A, node);
                last = node;
            }
            heap.setReference(last, A, first);
            heap.release(first);
            collectsTo(0, length, heap);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneNodeWithAMillionChildrenThatReferBack(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            long hub = heap.allocateArray(ARRAY, MILLION);
            for (int i = 0; i < MILLION; i++) {
                long child = heap.allocate(NODE);
                heap.setReference(child, B, hub);
                heap.initReference(hub, ConfinedHeap.elementOffset(i), child);
            }
            collectsTo(MILLION + 1L, 0, heap);
            heap.release(hub);
            collectsTo(0, MILLION + 1L, heap);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMillionPairsInOneBuffer(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            for (int i = 0; i < MILLION; i++) {
                pair(heap);
            }
            assertEquals(MILLION, heap.candidates());
            collectsTo(0, 2L * MILLION, heap);
        }
    }

    @Test
    void aBudgetInObjectsStopsBetweenCandidates() {
        try (ConfinedHeap heap = open(CycleOptions.Algorithm.LOCAL)) {
            for (int i = 0; i < MILLION / 10; i++) {
                pair(heap);
            }
            CollectionResult first = heap.collectCycles(1000);
            assertEquals(CollectionResult.Reason.BUDGET, first.reason());
            assertTrue(first.traced() >= 1000 && first.traced() < 2000, first.toString());
            int calls = 1;
            while (!heap.collectCycles(1000).complete()) {
                calls++;
            }
            assertTrue(calls > MILLION / 10 / 1000, "calls=" + calls);
            assertEquals(0, heap.liveObjects());
            heap.verify();
        }
    }

    private static void pair(ConfinedHeap heap) {
        long one = heap.allocate(NODE);
        long other = heap.allocate(NODE);
        heap.initReference(one, A, other);
        heap.setReference(other, A, one);
        heap.release(one);
    }
}
