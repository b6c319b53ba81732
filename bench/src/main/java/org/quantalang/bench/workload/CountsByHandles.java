package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;
import org.quantalang.memory.Ref;
import org.quantalang.memory.RefType;
import org.quantalang.memory.TypeInfo;

import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * W3 in the handle tier: a handle is pointed at one object, or at many in turn, and lets go of it.
 */
public final class CountsByHandles implements Workload {
    /** A name for the compiler; nothing implements it. */
    private interface Leaf {}

    private static final RefType<Leaf> LEAF = RefType.of(Leaf.class, TypeInfo.leaf("Leaf", 32, 8));
    private static final int OBJECTS = 1024;
    private static final int STRETCH = 1 << 14;

    private final Counts.Pattern pattern;
    private final long pairs;
    private final Heap heap;
    private final Ref<Leaf> handle;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of handles
    private final Ref<Leaf>[] all = new Ref[OBJECTS];

    /** Owns the heap. */
    public CountsByHandles(Heap heap, Counts.Pattern pattern, long pairs) {
        this.heap = heap;
        this.pattern = pattern;
        this.pairs = pairs;
        handle = LEAF.empty(heap);
        for (int i = 0; i < OBJECTS; i++) {
            all[i] = LEAF.allocate(heap);
        }
    }

    @Override
    public long run() {
        int mask = pattern == Counts.Pattern.MANY ? OBJECTS - 1 : 0;
        for (long done = 0; done < pairs; done += STRETCH) {
            count(handle, all, mask, (int) Math.min(STRETCH, pairs - done));
        }
        return 0;
    }

    private static void count(Ref<Leaf> handle, Ref<Leaf>[] all, int mask, int rounds) {
        for (int i = 0; i < rounds; i++) {
            handle.set(all[i & mask]);
            VarHandle.storeStoreFence(); // no instruction, but the pair must not cancel out
            handle.clear();
        }
    }

    @Override
    public String name() {
        return "counts";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("tier", "handle");
        parameters.put("pattern", pattern.toString());
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
    public Heap heap() {
        return heap;
    }

    @Override
    public void close() {
        for (Ref<Leaf> each : all) {
            each.close();
        }
        handle.close();
        heap.close();
    }
}
