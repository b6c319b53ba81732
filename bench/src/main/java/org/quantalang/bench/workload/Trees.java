package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

import java.util.Map;

/**
 * W1: builds complete binary trees, counts their nodes and drops them; one big tree lives all
 * along. By two threads on a shared heap, if wanted, each with trees of its own.
 */
public final class Trees implements Workload {
    private static final TypeInfo TREE =
            TypeInfo.builder("Tree").reference("left", "Tree").reference("right", "Tree").build();
    private static final long LEFT = 0;
    private static final long RIGHT = 8;
    private static final int SMALLEST_DEPTH = 4;
    private static final int BLOCK_BYTES = 32; // 16 of header

    private final int depth;
    private final boolean twoThreads;
    private final Heap heap;

    /** Owns the heap. */
    public Trees(Heap heap, int depth, boolean twoThreads) {
        this.heap = heap;
        this.twoThreads = twoThreads;
        this.depth = depth;
        heap.register(TREE);
    }

    /** What the largest tree takes, of each thread. */
    public static double heapBytes(int depth, int threads) {
        return Math.scalb(4.0 * BLOCK_BYTES * threads, depth); // it is one deeper than depth
    }

    @Override
    public long run() {
        if (!twoThreads) {
            return trees();
        }
        long[] nodes = new long[2];
        TwoThreads.run(() -> nodes[1] = trees(), () -> nodes[0] = trees());
        return nodes[0] + nodes[1];
    }

    private long trees() {
        long nodes = buildCountDrop(depth + 1);
        long longLived = build(depth);
        for (int each = SMALLEST_DEPTH; each <= depth; each += 2) {
            long rounds = 1L << (depth - each + SMALLEST_DEPTH);
            for (long i = 0; i < rounds; i++) {
                nodes += buildCountDrop(each);
            }
        }
        nodes += count(longLived);
        heap.release(longLived);
        return nodes;
    }

    private long buildCountDrop(int treeDepth) {
        long tree = build(treeDepth);
        long nodes = count(tree);
        heap.release(tree);
        return nodes;
    }

    private long build(int treeDepth) {
        long node = heap.allocateUninitialized(TREE);
        if (treeDepth > 0) {
            RawMemory.putLong(node + LEFT, build(treeDepth - 1));
            RawMemory.putLong(node + RIGHT, build(treeDepth - 1));
        }
        return node;
    }

    private static long count(long node) {
        long left = RawMemory.getLong(node + LEFT);
        return left == 0 ? 1 : 1 + count(left) + count(RawMemory.getLong(node + RIGHT));
    }

    @Override
    public String name() {
        return "trees";
    }

    @Override
    public Map<String, Object> parameters() {
        return twoThreads ? Map.of("depth", depth, "threads", 2) : Map.of("depth", depth);
    }

    @Override
    public String unit() {
        return "node";
    }

    @Override
    public long units(long checksum) {
        return checksum;
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
