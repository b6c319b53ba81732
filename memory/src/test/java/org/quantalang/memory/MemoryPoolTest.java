package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Set;

class MemoryPoolTest {
    @Test
    void handsOutDistinctBlocksUpToItsCapacity() {
        try (MemoryPool pool = MemoryPool.open(40, 1000)) {
            Set<Long> blocks = new HashSet<>();
            for (int i = 0; i < 1000; i++) {
                long block = pool.allocate();
                assertEquals(0, block % 16);
                blocks.add(block);
            }
            assertEquals(1000, blocks.size());
            assertEquals(1000, pool.allocatedCount());
            assertThrows(HeapOutOfMemoryError.class, pool::allocate);
            blocks.forEach(pool::free);
            assertEquals(0, pool.allocatedCount());
        }
    }

    @Test
    void theLastFreedBlockIsTheNextHandedOut() {
        try (MemoryPool pool = MemoryPool.open(64, 10)) {
            long a = pool.allocate();
            pool.allocate();
            pool.free(a);
            assertEquals(a, pool.allocate());
        }
    }

    @Test
    void whatIsNotOutIsNotTakenBack() {
        try (MemoryPool pool = MemoryPool.open(64, 10)) {
            long a = pool.allocate();
            pool.free(a);
            assertThrows(IllegalStateException.class, () -> pool.free(a));
            assertThrows(IllegalStateException.class, () -> pool.free(a + 8));
            assertThrows(IllegalStateException.class, () -> pool.free(a + 64));
            assertThrows(IllegalStateException.class, () -> pool.free(0));
        }
        MemoryPool closed = MemoryPool.open(64, 10);
        closed.close();
        closed.close();
        assertThrows(IllegalStateException.class, closed::allocate);
    }
}
