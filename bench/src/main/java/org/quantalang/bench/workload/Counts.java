package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * W3: a retain and a release, again and again, of one object or of many in turn, by the thread that
 * made them or by two threads at once.
 */
public final class Counts implements Workload {
    /** Which objects are counted, and by whom. */
    public enum Pattern {
        /** One object. */
        ONE,
        /** 1024 objects in turn. */
        MANY,
        /** Two threads, one object. */
        SHARED,
        /** Two threads, an object each. */
        DISJOINT;

        /** As on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether it takes two threads. */
        public boolean twoThreads() {
            return this == SHARED || this == DISJOINT;
        }
    }

    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final int OBJECTS = 1024;
    private static final int STRETCH = 1 << 14;

    private final Pattern pattern;
    private final long pairs;
    private final Heap heap;
    private final long[] objects = new long[OBJECTS];

    /** Owns the heap. */
    public Counts(Heap heap, Pattern pattern, long pairs) {
        this.heap = heap;
        this.pattern = pattern;
        this.pairs = pairs;
        heap.register(LEAF);
        for (int i = 0; i < OBJECTS; i++) {
            objects[i] = heap.allocateUninitialized(LEAF);
        }
    }

    @Override
    public long run() {
        if (pattern.twoThreads()) {
            // Disjoint: far from the first, as in the C programs.
            int other = pattern == Pattern.SHARED ? 0 : OBJECTS / 2;
            TwoThreads.run(() -> count(other, 0), () -> count(0, 0));
        } else {
            count(0, pattern == Pattern.MANY ? OBJECTS - 1 : 0);
        }
        return 0;
    }

    private void count(int first, int mask) {
        long[] all = first == 0 ? objects : new long[] {objects[first]};
        for (long done = 0; done < pairs; done += STRETCH) {
            count(heap, all, mask, (int) Math.min(STRETCH, pairs - done));
        }
    }

    /** A loop over an int, as programs have them: the JIT needs no poll in each round. */
    private static void count(Heap heap, long[] all, int mask, int rounds) {
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
        for (long object : objects) {
            heap.release(object);
        }
        heap.close();
    }
}
