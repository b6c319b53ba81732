package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Every public operation with the page source failing at every point, once or from there on: what
 * is asked for is done or nothing is, nothing is lost, and everything reserved is given back.
 */
class PageSourceFailureTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("id").build();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyOperationIsDoneOrLeavesNoTrace(boolean fromThereOn) {
        long point = 0;
        long failures;
        do {
            failures = runWithFailureAt(point++, fromThereOn);
        } while (failures > 0);
        assertTrue(point > 20, "points=" + point);
    }

    private static long runWithFailureAt(long point, boolean fromThereOn) {
        FailingSource source = new FailingSource();
        source.failAfter(point, fromThereOn);
        HeapConfig config =
                HeapConfig.DEFAULT
                        .withPageSource(source)
                        .withAddressSpaceBytes(64 << 20)
                        .withLimitBytes(8 << 20)
                        .withCollectionThreshold(2000);
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            program(heap, source);
        } catch (OutOfMemoryError refusedToOpen) {
            assertTrue(fromThereOn, "a smaller range is tried");
        }
        assertEquals(Map.of(), source.reserved);
        return source.failures;
    }

    private static void program(ConfinedHeap heap, FailingSource source) {
        List<Long> held = new ArrayList<>();
        for (int i = 0; i < 160; i++) {
            attempt(heap, held, i);
        }
        source.stop();
        heap.verify();
        for (long object : held) {
            assertEquals(1, heap.strongCount(object));
            heap.release(object);
        }
        heap.collectCycles();
        heap.verify();
        assertEquals(0, heap.liveObjects());
    }

    private static void attempt(ConfinedHeap heap, List<Long> held, int i) {
        long before = heap.liveObjects();
        try {
            switch (i % 8) {
                case 0 -> held.add(heap.allocateArray(TypeInfo.byteArray(), i * 300L));
                case 1 -> held.add(heap.allocateArray(TypeInfo.referenceArray("Any[]" + i), i));
                case 2 -> garbageRings(heap, 50);
                case 3 -> heap.collectCycles();
                case 4 -> heap.trim();
                case 5 -> held.add(heap.allocate(TypeInfo.leaf("T" + i, 16 * i + 1, 8)));
                case 6 -> heap.release(heap.allocateArray(TypeInfo.longArray(), 20_000));
                default -> held.add(heap.allocate(NODE));
            }
        } catch (HeapOutOfMemoryError failed) {
            heap.verify();
            // Rings made before the failure wait for the collector.
            assertTrue(i % 8 == 2 || heap.liveObjects() <= before, "nothing new is left behind");
        }
    }

    private static void garbageRings(ConfinedHeap heap, int count) {
        for (int i = 0; i < count; i++) {
            long a = heap.allocate(NODE);
            heap.setReference(a, 0, a);
            heap.release(a);
        }
    }

    @Test
    void arenasAndPoolsReportAndStayAsTheyWere() {
        FailingSource source = new FailingSource();
        try (ArenaAllocator arena = ArenaAllocator.open(source, 65536)) {
            long first = arena.allocate(60_000, 8);
            source.failAfter(0, true);
            assertThrows(OutOfMemoryError.class, () -> arena.allocate(60_000, 8));
            assertEquals(60_000, arena.allocatedBytes());
            assertEquals(
                    first + 60_000, arena.allocate(8, 8), "the rest of the chunk still serves");
            assertThrows(OutOfMemoryError.class, () -> MemoryPool.open(source, 64, 100));
            source.failAfter(1, true);
            assertThrows(OutOfMemoryError.class, () -> MemoryPool.open(source, 64, 100));
            source.stop();
        }
        assertEquals(Map.of(), source.reserved);
    }
}
