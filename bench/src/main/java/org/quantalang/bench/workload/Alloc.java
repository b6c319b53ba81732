package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** W6: allocates and frees leaves of 32 to 256 bytes, in a fixed random order of sizes. */
public final class Alloc implements Workload {
    /** In which order objects are freed. */
    public enum Pattern {
        /** Each at once. */
        LIFO1,
        /** A hundred, then those in reverse order. */
        LIFO100,
        /** The oldest of ten thousand for each new one. */
        FIFO,
        /** By another thread, in batches of a thousand. */
        CROSS;

        /** As on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final long SIZE_SEED = 7;
    private static final int SIZES = 4096;
    private static final int SMALLEST_BYTES = 32;
    private static final int STEP_BYTES = 16;
    private static final int STEPS = 15;
    private static final int LIFO_WINDOW = 100;
    private static final int FIFO_WINDOW = 10_000;
    private static final int BATCH = 1000;
    private static final int BATCHES = 16;

    private final Pattern pattern;
    private final long count;
    private final boolean zero;
    private final Heap heap;
    private final TypeInfo[] types = new TypeInfo[SIZES];
    private final long[] window = new long[FIFO_WINDOW];
    private final Batch[] ring = new Batch[BATCHES];

    /** Owns the heap. */
    public Alloc(Heap heap, Pattern pattern, long count, boolean zero) {
        this.heap = heap;
        this.pattern = pattern;
        this.count = count;
        this.zero = zero;
        for (int i = 0; i < BATCHES; i++) {
            ring[i] = new Batch();
        }
        TypeInfo[] bySize = new TypeInfo[STEPS];
        for (int step = 0; step < STEPS; step++) {
            int bytes = SMALLEST_BYTES + STEP_BYTES * step;
            bySize[step] = TypeInfo.leaf("Bytes" + bytes, bytes, 8);
        }
        heap.register(bySize);
        var random = new MinimalStandard(SIZE_SEED);
        for (int i = 0; i < SIZES; i++) {
            types[i] = bySize[(int) random.next(STEPS)];
        }
    }

    @Override
    public long run() {
        switch (pattern) {
            case LIFO1 -> freeAtOnce();
            case LIFO100 -> freeHundred();
            case FIFO -> freeOldest();
            case CROSS -> freeElsewhere();
        }
        return 0;
    }

    private long create(long i) {
        TypeInfo type = types[(int) i & (SIZES - 1)];
        long object = zero ? heap.allocate(type) : heap.allocateUninitialized(type);
        RawMemory.putLong(object, i);
        return object;
    }

    private void freeAtOnce() {
        for (long i = 0; i < count; i++) {
            heap.release(create(i));
        }
    }

    private void freeHundred() {
        for (long i = 0; i < count; i += LIFO_WINDOW) {
            for (int j = 0; j < LIFO_WINDOW; j++) {
                window[j] = create(i + j);
            }
            for (int j = LIFO_WINDOW - 1; j >= 0; j--) {
                heap.release(window[j]);
            }
        }
    }

    private void freeOldest() {
        int at = 0;
        for (int i = 0; i < FIFO_WINDOW; i++) {
            window[i] = 0;
        }
        for (long i = 0; i < count; i++) {
            long object = create(i);
            if (window[at] != 0) {
                heap.release(window[at]);
            }
            window[at] = object;
            at = at + 1 == FIFO_WINDOW ? 0 : at + 1;
        }
        for (int i = 0; i < FIFO_WINDOW; i++) {
            if (window[i] != 0) {
                heap.release(window[i]);
            }
        }
    }

    private void freeElsewhere() {
        long batches = count / BATCH;
        for (Batch batch : ring) {
            batch.full = false;
        }
        TwoThreads.run(() -> release(batches), () -> fill(batches));
    }

    private void fill(long batches) {
        for (long i = 0; i < batches; i++) {
            Batch batch = ring[(int) (i % BATCHES)];
            batch.await(false);
            for (int j = 0; j < BATCH; j++) {
                batch.objects[j] = create(i * BATCH + j);
            }
            batch.full = true;
        }
    }

    private void release(long batches) {
        for (long i = 0; i < batches; i++) {
            Batch batch = ring[(int) (i % BATCHES)];
            batch.await(true);
            for (int j = 0; j < BATCH; j++) {
                heap.release(batch.objects[j]);
            }
            batch.full = false;
        }
    }

    /** Objects on their way from one thread to the other. */
    private static final class Batch {
        private static final int SPINS = 64;

        private final long[] objects = new long[BATCH];
        private volatile boolean full;

        // Two threads in turn on two processors: who waits gives way if there is but one.
        @SuppressWarnings("ThreadPriorityCheck")
        private void await(boolean wanted) {
            for (int spins = 1; full != wanted; spins++) {
                Thread.onSpinWait();
                if (spins % SPINS == 0) {
                    Thread.yield();
                }
            }
        }
    }

    @Override
    public String name() {
        return "alloc";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("pattern", pattern.toString());
        parameters.put("count", count);
        parameters.put("zero", zero);
        return parameters;
    }

    @Override
    public String unit() {
        return "object";
    }

    @Override
    public long units(long checksum) {
        return count;
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
