package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

/** The object of several workloads: three references and a number. */
final class Node {
    static final TypeInfo TYPE =
            TypeInfo.builder("Node")
                    .reference("a", "Node")
                    .reference("b", "Node")
                    .reference("c", "Node")
                    .int64("value")
                    .build();
    static final int BLOCK_BYTES = 48; // 16 of header
    static final long A = 0;
    static final long B = 8;
    static final long C = 16;
    static final long VALUE = 24;

    private Node() {}

    static long create(Heap heap, long value) {
        long node = heap.allocateUninitialized(TYPE);
        RawMemory.putLong(node + VALUE, value);
        return node;
    }

    /** Stores a further reference into a field that is null. */
    static void share(Heap heap, long node, long field, long value) {
        heap.retain(value);
        RawMemory.putLong(node + field, value);
    }

    static long value(long node) {
        return RawMemory.getLong(node + VALUE);
    }
}
