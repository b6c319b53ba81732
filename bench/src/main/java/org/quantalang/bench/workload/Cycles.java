package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * W2: builds a small cyclic structure, walks it, drops the only reference to it, again and again,
 * beside a live graph. Attached, every structure also points to a random live node. A last complete
 * collection is part of the time.
 */
public final class Cycles implements Workload {
    /** The structure that dies. */
    public enum Shape {
        /** Each node refers to the next, the last to the first. */
        RING,
        /** A doubly linked list. */
        LIST,
        /** A binary tree whose nodes refer to their parents. */
        TREE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What is run.
     *
     * @param shape the structure that dies
     * @param size nodes of a structure
     * @param live nodes of the live graph
     * @param dropped nodes dropped in all
     * @param attached whether each structure refers to a live node
     * @param heldByRoot whether one reference holds the live graph, instead of one for each node
     * @param collector what collects
     */
    public record Settings(
            Shape shape,
            int size,
            int live,
            long dropped,
            boolean attached,
            boolean heldByRoot,
            CollectorChoice collector) {}

    private static final int BATCH = 100;

    private final Settings settings;
    private final ConfinedHeap heap;
    private final MinimalStandard random = new MinimalStandard(SEED);
    private final long[] liveTable;
    private long counter;
    private long worstBatchNanos;
    private long coldWorstBatchNanos;
    private boolean cold = true;
    private long finalNanos;

    public Cycles(Settings settings) {
        this.settings = settings;
        heap = settings.collector().open();
        heap.register(Node.TYPE);
        liveTable = LiveGraph.build(heap, settings.live(), random);
        if (settings.heldByRoot()) {
            for (int i = 1; i < liveTable.length; i++) {
                heap.release(liveTable[i]); // the ring holds them: the first reference holds all
            }
        }
    }

    /** What a graph or a structure of so many nodes takes. */
    public static double heapBytes(int nodes) {
        return (double) nodes * Node.BLOCK_BYTES;
    }

    @Override
    public void prepare() {
        random.seed(SEED);
        counter = 0;
    }

    @Override
    public long run() {
        long sum = 0;
        worstBatchNanos = 0;
        long batchStart = System.nanoTime();
        long structures = settings.dropped() / settings.size();
        for (long i = 0; i < structures; i++) {
            sum += buildWalkDrop();
            if (i % BATCH == BATCH - 1) {
                long now = System.nanoTime();
                worstBatchNanos = Math.max(worstBatchNanos, now - batchStart);
                batchStart = now;
            }
        }
        batchStart = System.nanoTime();
        heap.collectCycles();
        finalNanos = System.nanoTime() - batchStart;
        if (cold) {
            coldWorstBatchNanos = worstBatchNanos;
            cold = false;
        }
        return sum;
    }

    private long buildWalkDrop() {
        long structure;
        long sum;
        switch (settings.shape()) {
            case RING -> {
                structure = buildRing(settings.size());
                sum = sumRing(structure, settings.size());
            }
            case LIST -> {
                structure = buildList(settings.size());
                sum = sumList(structure);
            }
            default -> {
                structure = buildTree(0, settings.size());
                sum = sumTree(structure);
            }
        }
        if (settings.attached()) {
            heap.setReference(structure, Node.C, liveTable[(int) random.next(liveTable.length)]);
        }
        heap.release(structure);
        return sum;
    }

    /** One place that allocates: the JIT inlines only so many accesses to memory into a method. */
    private long buildRing(int size) {
        long first = 0;
        long last = 0;
        for (int i = 0; i < size; i++) {
            long node = Node.create(heap, counter++);
            if (last == 0) {
                first = node;
            } else {
                RawMemory.putLong(last + Node.A, node);
            }
            last = node;
        }
        Node.share(heap, last, Node.A, first);
        return first;
    }

    private static long sumRing(long first, int size) {
        long sum = 0;
        long node = first;
        for (int i = 0; i < size; i++) {
            sum += Node.value(node);
            node = RawMemory.getLong(node + Node.A);
        }
        return sum;
    }

    private long buildList(int size) {
        long first = 0;
        long last = 0;
        for (int i = 0; i < size; i++) {
            long node = Node.create(heap, counter++);
            if (last == 0) {
                first = node;
            } else {
                RawMemory.putLong(last + Node.A, node);
                Node.share(heap, node, Node.B, last);
            }
            last = node;
        }
        return first;
    }

    private static long sumList(long first) {
        long sum = 0;
        for (long node = first; node != 0; node = RawMemory.getLong(node + Node.A)) {
            sum += Node.value(node);
        }
        return sum;
    }

    private long buildTree(int index, int size) {
        if (index >= size) {
            return 0;
        }
        long node = Node.create(heap, counter++);
        adopt(node, Node.A, buildTree(2 * index + 1, size));
        adopt(node, Node.B, buildTree(2 * index + 2, size));
        return node;
    }

    private void adopt(long parent, long field, long child) {
        if (child != 0) {
            RawMemory.putLong(parent + field, child);
            Node.share(heap, child, Node.C, parent);
        }
    }

    private static long sumTree(long node) {
        long left = RawMemory.getLong(node + Node.A);
        long right = RawMemory.getLong(node + Node.B);
        return Node.value(node)
                + (left == 0 ? 0 : sumTree(left))
                + (right == 0 ? 0 : sumTree(right));
    }

    @Override
    public Map<String, Object> observations() {
        var seen = new LinkedHashMap<String, Object>();
        seen.put("worstBatchMicros", worstBatchNanos / 1e3);
        seen.put("coldWorstBatchMicros", coldWorstBatchNanos / 1e3);
        seen.put("finalMicros", finalNanos / 1e3);
        CollectorChoice.observe(heap, seen);
        return seen;
    }

    @Override
    public String name() {
        return "cycles";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("shape", settings.shape().toString());
        parameters.put("size", settings.size());
        parameters.put("live", settings.live());
        parameters.put("dropped", settings.dropped());
        parameters.put("attached", settings.attached());
        parameters.put("held", settings.heldByRoot() ? "root" : "table");
        settings.collector().describe(parameters);
        return parameters;
    }

    @Override
    public String unit() {
        return "object";
    }

    @Override
    public long units(long checksum) {
        return settings.dropped();
    }

    @Override
    public ConfinedHeap heap() {
        return heap;
    }

    @Override
    public void close() {
        heap.close();
    }
}
