package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.TypeInfo;

import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/** W3: a retain and a release, again and again, of one object or of many in turn. */
public final class Counts implements Workload {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final int OBJECTS = 1024;
    private static final int STRETCH = 1 << 14;

    private final boolean many;
    private final int mask;
    private final long pairs;
    private final ConfinedHeap heap = Heaps.open();
    private final long[] objects = new long[OBJECTS];

    public Counts(boolean many, long pairs) {
        this.many = many;
        this.mask = many ? OBJECTS - 1 : 0;
        this.pairs = pairs;
        heap.register(LEAF);
        for (int i = 0; i < OBJECTS; i++) {
            objects[i] = heap.allocateUninitialized(LEAF);
        }
    }

    @Override
    public long run() {
        for (long done = 0; done < pairs; done += STRETCH) {
            count(heap, objects, mask, (int) Math.min(STRETCH, pairs - done));
        }
        return 0;
    }

    /** A loop over an int, as programs have them: the JIT needs no poll in each round. */
    private static void count(ConfinedHeap heap, long[] all, int mask, int rounds) {
        for (int i = 0; i < rounds; i++) {
            long object = all[i & mask];
            heap.retain(object);
            VarHandle.storeStoreFence(); // no instruction, but the pair must not cancel out
            heap.release(object);
        }
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
