package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * W4: random stores into a live graph. Almost every release leaves a count, so almost every one
 * makes a candidate for the cycle collector: the worst case for it.
 */
public final class Mutate implements Workload {
    private final int live;
    private final long stores;
    private final ConfinedHeap heap;
    private final MinimalStandard random = new MinimalStandard(SEED);
    private long[] table = {};

    public Mutate(int live, long stores) {
        this.live = live;
        this.stores = stores;
        heap = Heaps.open();
        heap.register(Node.TYPE);
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
        for (long i = 0; i < stores; i++) {
            sum += store();
            if ((i & 7) == 7) {
                replace(i);
            }
        }
        heap.collectCycles();
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
    public String name() {
        return "mutate";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("live", live);
        parameters.put("stores", stores);
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
