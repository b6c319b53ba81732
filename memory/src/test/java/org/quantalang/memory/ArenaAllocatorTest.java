package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.object.Memory;

class ArenaAllocatorTest {
    @Test
    void piecesAreZeroedAlignedAndApart() {
        try (ArenaAllocator arena = ArenaAllocator.open(65536)) {
            long last = 0;
            for (int i = 1; i < 5000; i++) {
                long alignment = 1L << i % 10;
                long piece = arena.allocate(i % 100 + 1, alignment);
                assertEquals(0, piece % alignment);
                assertEquals(0, Memory.getByte(piece, i % 100));
                Memory.fill(piece, i % 100 + 1, (byte) -1);
                assertNotEquals(last, piece);
                last = piece;
            }
        }
    }

    @Test
    void aPieceLargerThanAChunkGetsItsOwn() {
        try (ArenaAllocator arena = ArenaAllocator.open(65536)) {
            long small = arena.allocate(16, 16);
            long large = arena.allocate(1_000_000, 16);
            Memory.fill(large, 1_000_000, (byte) 1);
            assertEquals(small + 16, arena.allocate(16, 16), "the current chunk stays current");
            assertEquals(1_000_032, arena.allocatedBytes());
        }
    }

    @Test
    void resetKeepsTheFirstChunkAndZeroesIt() {
        try (ArenaAllocator arena = ArenaAllocator.open(65536)) {
            long first = arena.allocateLong(42);
            arena.allocate(60_000, 8);
            arena.allocate(60_000, 8);
            arena.reset();
            assertEquals(0, arena.allocatedBytes());
            assertEquals(65536, arena.chunkBytes());
            assertEquals(first, arena.allocate(8, 8));
            assertEquals(0, Memory.getLong(first));
        }
    }

    @Test
    void clearGivesAllChunksBack() {
        ArenaAllocator arena = ArenaAllocator.open(65536);
        arena.allocate(8, 8);
        arena.clear();
        assertEquals(0, arena.chunkBytes());
        arena.allocate(8, 8);
        arena.close();
        assertEquals(0, arena.chunkBytes());
    }

    @Test
    void aClosedOneGivesNothingMore() {
        ArenaAllocator arena = ArenaAllocator.open(65536);
        arena.allocate(8, 8);
        arena.close();
        assertThrows(IllegalStateException.class, () -> arena.allocate(8, 8));
    }

    @Test
    void wrongSizesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> ArenaAllocator.open(Long.MAX_VALUE));
        try (ArenaAllocator arena = ArenaAllocator.open()) {
            assertThrows(IllegalArgumentException.class, () -> arena.allocate(8, Long.MIN_VALUE));
            assertThrows(IllegalArgumentException.class, () -> arena.allocate(0, 8));
            assertThrows(IllegalArgumentException.class, () -> arena.allocate(8, 3));
            assertThrows(IllegalArgumentException.class, () -> ArenaAllocator.open(0));
        }
    }
}
