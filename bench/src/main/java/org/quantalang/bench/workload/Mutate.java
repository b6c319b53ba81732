package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * W4: random stores into a live graph. Almost every release leaves a count, so almost every one
 * makes a candidate for the cycle collector: the worst case for it.
 */
public final class Mutate implements Workload {
    /** Stores between two looks at the clock. */
    private static final int BATCH = 1024;

    private final int live;
    private final long stores;
    private final CollectorChoice collector;
    private final ConfinedHeap heap;
    private final MinimalStandard random = new MinimalStandard(SEED);
    private long[] table = {};
    private long worstBatchNanos;
    private long finalNanos;

    public Mutate(int live, long stores, CollectorChoice collector) {
        this.live = live;
        this.stores = stores;
        this.collector = collector;
        heap = collector.open();
        heap.register(Node.TYPE);
    }

    /** What the graph takes. */
    public static double heapBytes(int live) {
        return (double) live * Node.BLOCK_BYTES;
    }

    @Override
    public void prepare() {
        for (long node : table) {
            heap.release(node);
        }
        heap.collectCycles();
        random.seed(SEED);
        table = LiveGraph.build(heap, live, random);
        random.seed(SEED);
    }

    @Override
    public long run() {
        long sum = 0;
        worstBatchNanos = 0;
        long batchStart = System.nanoTime();
        for (long i = 0; i < stores; i++) {
            sum += store();
            if ((i & 7) == 7) {
                replace(i);
            }
            if ((i & (BATCH - 1)) == BATCH - 1) {
                long now = System.nanoTime();
                worstBatchNanos = Math.max(worstBatchNanos, now - batchStart);
                batchStart = now;
            }
        }
        batchStart = System.nanoTime();
        heap.collectCycles();
        finalNanos = System.nanoTime() - batchStart;
        return sum;
    }

    private long store() {
        long node = table[(int) random.next(live)];
        long field = random.next(3) * Long.BYTES;
        long target = table[(int) random.next(live)];
        long value = Node.value(RawMemory.getLong(node + field));
        heap.setReference(node, field, target);
        return value;
    }

    private void replace(long value) {
        long fresh = Node.create(heap, value);
        Node.share(heap, fresh, Node.A, table[(int) random.next(live)]);
        Node.share(heap, fresh, Node.B, table[(int) random.next(live)]);
        Node.share(heap, fresh, Node.C, table[(int) random.next(live)]);
        int at = (int) random.next(live);
        long old = table[at];
        table[at] = fresh;
        heap.release(old);
    }

    @Override
    public Map<String, Object> observations() {
        var seen = new LinkedHashMap<String, Object>();
        seen.put("worstBatchMicros", worstBatchNanos / 1e3);
        seen.put("finalMicros", finalNanos / 1e3);
        CollectorChoice.observe(heap, seen);
        return seen;
    }

    @Override
    public String name() {
        return "mutate";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("live", live);
        parameters.put("stores", stores);
        collector.describe(parameters);
        return parameters;
    }

    @Override
    public String unit() {
        return "store";
    }

    @Override
    public long units(long checksum) {
        return stores;
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
