package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;

import java.util.Map;

/** W7: builds a long list and drops it with one release, which must not recurse. */
public final class Chain implements Workload {
    private final long length;
    private final Heap heap;

    /** Owns the heap. */
    public Chain(Heap heap, long length) {
        this.heap = heap;
        this.length = length;
        heap.register(Node.TYPE);
    }

    /** What a list takes. */
    public static double heapBytes(long length) {
        return (double) length * Node.BLOCK_BYTES;
    }

    @Override
    public long run() {
        heap.release(build());
        return length;
    }

    private long build() {
        long head = 0;
        for (long i = 0; i < length; i++) {
            long node = Node.create(heap, i);
            RawMemory.putLong(node + Node.A, head);
            head = node;
        }
        return head;
    }

    @Override
    public String name() {
        return "chain";
    }

    @Override
    public Map<String, Object> parameters() {
        return Map.of("length", length);
    }

    @Override
    public String unit() {
        return "node";
    }

    @Override
    public long units(long checksum) {
        return length;
    }

    @Override
    public Heap heap() {
        return heap;
    }

    @Override
    public void close() {
        heap.close();
    }
}
