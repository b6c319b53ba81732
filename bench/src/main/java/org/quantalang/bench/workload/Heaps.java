package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

/** Opens the heaps of workloads and finds them in the process's memory map. */
final class Heaps {
    private static final TypeInfo PROBE = TypeInfo.leaf("Probe", 8, 8);

    private Heaps() {}

    static ConfinedHeap open() {
        return ConfinedHeap.open();
    }

    /** An address in the heap's own mappings. */
    static long addressIn(Heap heap) {
        long probe = heap.allocateUninitialized(PROBE);
        heap.release(probe);
        return probe;
    }
}
