package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.internal.alloc.PageTable;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.object.Memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class AllocatorTest {
    private static final TypeInfo SMALL = TypeInfo.leaf("Small", 48, 8);
    private static final long PAGE = PageTable.PAGE_BYTES;

    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapConfig.DEFAULT.withLimitBytes(32 << 20));

    private ConfinedHeap heap() {
        return test.heap();
    }

    @Nested
    class SizeClasses {
        @Test
        void aSizeGetsTheSmallestBlockThatHoldsIt() {
            for (int bytes = 1; bytes <= SizeClass.LARGEST_SMALL_BYTES; bytes++) {
                int index = SizeClass.of(bytes);
                assertTrue(SizeClass.blockBytes(index) >= bytes);
                assertTrue(index == 1 || SizeClass.blockBytes(index - 1) < bytes);
            }
        }

        @Test
        void blocksAreGranulesAndWasteAtMostAFifth() {
            for (int index = 2; index < SizeClass.COUNT; index++) {
                int bytes = SizeClass.blockBytes(index);
                assertEquals(0, bytes % SizeClass.GRANULE_BYTES);
                int unused = bytes - SizeClass.blockBytes(index - 1) - 1;
                assertTrue(unused <= bytes / 5 || unused < 16, "blockBytes=" + bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64, 128, 1024, 4096, 16384, 65536})
    void payloadsAreAlignedAsTheirTypeAsks(int alignment) {
        TypeInfo type = TypeInfo.leaf("Aligned", 40, alignment);
        List<Long> objects = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            long object = heap().allocate(type);
            assertEquals(0, object % alignment);
            Memory.fill(object, 40, (byte) i);
            objects.add(object);
        }
        heap().verify();
        for (int i = 0; i < 50; i++) {
            assertEquals((byte) i, heap().getByte(objects.get(i), 39));
            heap().release(objects.get(i));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "20000", "65520", "65521", "200000", "5000000"})
    void largeObjectsAreZeroAlsoInUsedMemory(int length) {
        for (int round = 0; round < 3; round++) {
            long array = heap().allocateArray(TypeInfo.byteArray(), length);
            assertEquals(0, heap().getByte(array, TypeInfo.ARRAY_ELEMENTS));
            assertEquals(0, heap().getByte(array, TypeInfo.ARRAY_ELEMENTS + length - 1));
            heap().fill(array, TypeInfo.ARRAY_ELEMENTS, length, (byte) -1);
            heap().release(array);
        }
        heap().verify();
    }

    @Test
    void adjacentFreePagesServeALargeObjectAgain() {
        long first = heap().allocateArray(TypeInfo.byteArray(), 10 * PAGE);
        heap().release(first);
        List<Long> small = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            small.add(heap().allocate(SMALL));
        }
        small.forEach(heap()::release);
        heap().trim();
        assertEquals(0, heap().heldBytes());
        long second = heap().allocateArray(TypeInfo.byteArray(), 10 * PAGE);
        assertEquals(first, second);
        heap().release(second);
    }

    @Nested
    class WhenTheHeapShrinks {
        @Test
        void emptyPagesStayForTheDelayAndGoBackAfterIt() {
            HeapUnderTest.assumeFreedBlocksAreUsedAgain();
            try (ConfinedHeap patient =
                            ConfinedHeap.open(
                                    HeapConfig.DEFAULT.withReturnDelay(Duration.ofHours(1)));
                    ConfinedHeap hasty =
                            ConfinedHeap.open(HeapConfig.DEFAULT.withReturnDelay(Duration.ZERO))) {
                assertTrue(heldAfterGrowthAndShrinkage(patient) > 2 << 20);
                assertTrue(heldAfterGrowthAndShrinkage(hasty) <= 3 * PAGE);
            }
        }

        private long heldAfterGrowthAndShrinkage(ConfinedHeap heap) {
            List<Long> objects = new ArrayList<>();
            for (int i = 0; i < 50_000; i++) {
                objects.add(heap.allocate(SMALL));
            }
            objects.forEach(heap::release);
            heap.verify();
            return heap.heldBytes();
        }

        @Test
        void trimGivesEverythingBack() {
            heldAfterGrowthAndShrinkage(heap());
            heap().trim();
            assertEquals(0, heap().heldBytes());
        }
    }

    @Nested
    class AtTheLimit {
        @Test
        void errorSaysWhoHoldsWhat() {
            List<Long> held = new ArrayList<>();
            HeapOutOfMemoryError error =
                    assertThrows(
                            HeapOutOfMemoryError.class,
                            () -> {
                                while (true) {
                                    held.add(heap().allocate(SMALL));
                                }
                            });
            String text = String.valueOf(error.getMessage());
            assertTrue(text.startsWith("heap is out of memory: name=heap requestedBytes=48"), text);
            assertTrue(text.contains("limitBytes=33554432 peakBytes=33554432"), text);
            assertTrue(text.contains("Small"), text);
            heap().verify();
            held.forEach(heap()::release);
            heap().release(heap().allocate(SMALL));
        }

        @Test
        void garbageCyclesAreCollectedFirst() {
            TypeInfo node =
                    TypeInfo.builder("Node").reference("self", "Node").opaque(4000, 8).build();
            try (ConfinedHeap small =
                    ConfinedHeap.open(
                            HeapConfig.DEFAULT
                                    .withLimitBytes(1 << 20)
                                    .withAutomaticCollection(false))) {
                for (int i = 0; i < 2000; i++) {
                    long object = small.allocate(node);
                    small.setReference(object, 0, object);
                    small.release(object);
                }
                assertTrue(small.heldBytes() <= 1 << 20);
                small.collectCycles();
                assertEquals(0, small.liveObjects());
            }
        }

        @Test
        void anObjectLargerThanTheHeapIsRefused() {
            assertThrows(
                    HeapOutOfMemoryError.class,
                    () -> heap().allocateArray(TypeInfo.longArray(), 1L << 40));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> heap().allocateArray(TypeInfo.longArray(), -1));
        }
    }

    @Test
    void aDamagedFreeListIsAnErrorThatNamesThePage() {
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        long a = heap().allocate(SMALL);
        long b = heap().allocate(SMALL);
        heap().release(a);
        // Word B of a freed block links to the next free one: a write after free hits it.
        long link = Memory.getLong(a - 8);
        Memory.putLong(a - 8, 0x1234);
        IllegalStateException damaged =
                assertThrows(IllegalStateException.class, () -> heap().allocate(SMALL));
        String text = String.valueOf(damaged.getMessage());
        assertTrue(text.startsWith("free list is damaged: page=0x%x".formatted(a & -PAGE)), text);
        assertThrows(IllegalStateException.class, heap()::verify);
        Memory.putLong(a - 8, link);
        heap().release(b);
    }

    @Test
    void uninitializedObjectsHaveNullReferences() {
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        TypeInfo mixed =
                TypeInfo.builder("Mixed")
                        .reference("first")
                        .int64("number")
                        .reference("second")
                        .build();
        long object = heap().allocate(mixed);
        heap().putLong(object, 8, -1);
        heap().release(object);
        long again = heap().allocateUninitialized(mixed);
        assertEquals(object, again);
        assertEquals(0, heap().getReference(again, 0));
        assertEquals(0, heap().getReference(again, 16));
        assertNotEquals(0, heap().getLong(again, 8), "only references are zeroed");
        heap().release(again);
    }

    @Test
    void sizeClassesTellWhatWasAllocatedAndFreed() {
        HeapUnderTest.assumeNoRedzones();
        List<Long> objects = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            objects.add(heap().allocate(SMALL));
        }
        for (int i = 0; i < 400; i++) {
            heap().release(objects.get(i));
        }
        SizeClassStats row = heap().sizeClasses().getFirst();
        assertEquals(64, row.blockBytes());
        assertEquals(1000, row.allocated());
        assertEquals(400, row.freed());
        assertEquals(600, row.liveObjects());
        assertEquals(600 * 64, row.liveBytes());
        assertTrue(row.peakObjects() >= 1000 && row.peakObjects() <= 1000 + 64);
        objects.subList(400, 1000).forEach(heap()::release);
        assertEquals(new GcStats(1000, 1000, 0, 0, 0), heap().stats());
    }
}
