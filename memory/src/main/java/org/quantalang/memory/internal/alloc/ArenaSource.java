package org.quantalang.memory.internal.alloc;

import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.tuning.TuningProperty;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/**
 * Address space from {@link Arena}, for systems without {@code mmap}. The JDK commits and zeroes
 * the whole reservation at once and takes it back only whole, so that heaps here are small.
 *
 * <p>Any thread.
 */
final class ArenaSource implements PageSource {
    private static final long LARGEST_BYTES =
            TuningProperty.number(
                    "quanta.heap.arenaBytes",
                    HeapSpace.SMALLEST_BYTES,
                    Memory.ADDRESS_LIMIT,
                    64L << 20);

    private final Map<Long, Arena> arenas = new HashMap<>();

    ArenaSource() {}

    @Override
    public synchronized long reserve(long bytes) {
        // Shared: the thread that reports and frees a forgotten heap is not the one that made it.
        Arena arena = Arena.ofShared();
        try {
            long address = arena.allocate(bytes, PageTable.PAGE_BYTES).address();
            arenas.put(address, arena);
            return address;
        } catch (OutOfMemoryError refused) {
            arena.close();
            return REFUSED;
        }
    }

    @Override
    public boolean commit(long address, long bytes) {
        return true;
    }

    @Override
    public void decommit(long address, long bytes) {
        // The JDK has no call for a part of an arena: the memory stays until the heap closes.
    }

    @Override
    public synchronized void release(long address, long bytes) {
        Arena arena = arenas.remove(address);
        if (arena != null) {
            arena.close();
        }
    }

    @Override
    public boolean reservesWithoutMemory() {
        return false;
    }

    @Override
    public long largestReservation() {
        return LARGEST_BYTES;
    }

    @Override
    public String name() {
        return "arena";
    }
}
