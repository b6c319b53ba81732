package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.TypeInfo;

import java.util.LinkedHashMap;
import java.util.Map;

/** W3: a retain and a release, again and again, of one object or of many in turn. */
public final class Counts implements Workload {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final int OBJECTS = 1024;

    private final boolean many;
    private final long pairs;
    private final ConfinedHeap heap = Heaps.open();
    private final long[] objects = new long[OBJECTS];

    public Counts(boolean many, long pairs) {
        this.many = many;
        this.pairs = pairs;
        heap.register(LEAF);
        for (int i = 0; i < OBJECTS; i++) {
            objects[i] = heap.allocateUninitialized(LEAF);
        }
    }

    @Override
    public long run() {
        ConfinedHeap h = heap;
        long[] all = objects;
        int mask = many ? OBJECTS - 1 : 0;
        for (long i = 0; i < pairs; i++) {
            long object = all[(int) i & mask];
            h.retain(object);
            h.release(object);
        }
        return 0;
    }

    @Override
    public String name() {
        return "counts";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("pattern", many ? "many" : "one");
        parameters.put("pairs", pairs);
        return parameters;
    }

    @Override
    public String unit() {
        return "pair";
    }

    @Override
    public long units(long checksum) {
        return pairs;
    }

    @Override
    public ConfinedHeap heap() {
        return heap;
    }

    @Override
    public void close() {
        for (long object : objects) {
            heap.release(object);
        }
        heap.close();
    }
}
