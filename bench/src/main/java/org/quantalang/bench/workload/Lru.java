package org.quantalang.bench.workload;

import static org.quantalang.bench.workload.RawMemory.getByte;
import static org.quantalang.bench.workload.RawMemory.getLong;
import static org.quantalang.bench.workload.RawMemory.putLong;

import org.quantalang.memory.Heap;
import org.quantalang.memory.TypeInfo;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * W5: a cache of strings. A hash table of entries, which are linked in the order of their last use;
 * each access looks a key up (few keys are asked for often), moves its entry to the front, or makes
 * one and evicts the last. All links are counted, in both directions, so entries form cycles.
 */
public final class Lru implements Workload {
    private static final TypeInfo ENTRY =
            TypeInfo.builder("Entry")
                    .reference("chain", "Entry")
                    .reference("previous", "Entry")
                    .reference("next", "Entry")
                    .reference("string", TypeInfo.byteArray())
                    .int64("key")
                    .int64("unused")
                    .build();
    private static final long CHAIN = 0;
    private static final long PREVIOUS = 8;
    private static final long NEXT = 16;
    private static final long STRING = 24;
    private static final long KEY = 32;

    static final int BUCKETS = 131_072;
    private static final int LARGE_PRIME = 7919;

    /** An entry of 80 bytes; strings have 16 to 512 bytes and 24 before them. */
    private static final int BYTES_PER_ENTRY = 80 + 288;

    private final int capacity;
    private final int keys;
    private final long accesses;
    private final Zipf zipf;
    private final Heap heap;

    private final MinimalStandard random = new MinimalStandard(SEED);
    private long[] buckets = {};
    private long head;
    private long tail;

    /** Owns the heap. */
    public Lru(Heap heap, int capacity, int keys, long accesses) {
        this.heap = heap;
        this.capacity = capacity;
        this.keys = keys;
        this.accesses = accesses;
        zipf = new Zipf(keys, random);
        heap.register(ENTRY);
    }

    /** What so many entries and their strings take. */
    public static double heapBytes(long entries) {
        return (double) entries * BYTES_PER_ENTRY;
    }

    @Override
    public void prepare() {
        random.seed(SEED);
    }

    @Override
    public long run() {
        buckets = new long[BUCKETS];
        head = heap.allocateUninitialized(ENTRY);
        tail = heap.allocateUninitialized(ENTRY);
        heap.setReference(head, NEXT, tail);
        heap.setReference(tail, PREVIOUS, head);
        long sum = 0;
        int entries = 0;
        for (long i = 0; i < accesses; i++) {
            long key = key(zipf.next(), keys);
            long entry = find(key);
            if (entry != 0) {
                sum += use(entry);
                continue;
            }
            sum += insert(key);
            if (++entries > capacity) {
                entries--;
                evictLast();
            }
        }
        for (long entry : buckets) {
            if (entry != 0) {
                heap.release(entry);
            }
        }
        heap.release(head);
        heap.release(tail);
        heap.collectCycles();
        return sum;
    }

    /** Spreads the keys that are asked for often. */
    static long key(int number, int keys) {
        return number * (long) LARGE_PRIME % keys;
    }

    private long find(long key) {
        long entry = buckets[(int) key & (BUCKETS - 1)];
        while (entry != 0 && getLong(entry + KEY) != key) {
            entry = getLong(entry + CHAIN);
        }
        return entry;
    }

    private long use(long entry) {
        long before = getLong(entry + PREVIOUS);
        long after = getLong(entry + NEXT);
        heap.retain(entry);
        heap.setReference(before, NEXT, after);
        heap.setReference(after, PREVIOUS, before);
        linkBehindHead(entry);
        heap.release(entry);
        long string = getLong(entry + STRING);
        long length = getLong(string);
        long bytes = string + TypeInfo.ARRAY_ELEMENTS;
        return length + getByte(bytes) + getByte(bytes + length - 1);
    }

    private long insert(long key) {
        long length = 16 + random.next(497);
        long string = heap.allocateArrayUninitialized(TypeInfo.byteArray(), length);
        RawMemory.fill(string + TypeInfo.ARRAY_ELEMENTS, length, (byte) (key & 127));
        long entry = heap.allocateUninitialized(ENTRY);
        putLong(entry + KEY, key);
        putLong(entry + STRING, string);
        int bucket = (int) key & (BUCKETS - 1);
        putLong(entry + CHAIN, buckets[bucket]); // the bucket's reference moves to the entry
        buckets[bucket] = entry;
        linkBehindHead(entry);
        return length;
    }

    private void linkBehindHead(long entry) {
        long first = getLong(head + NEXT);
        heap.setReference(entry, PREVIOUS, head);
        heap.setReference(entry, NEXT, first);
        heap.setReference(first, PREVIOUS, entry);
        heap.setReference(head, NEXT, entry);
    }

    private void evictLast() {
        long victim = getLong(tail + PREVIOUS);
        heap.retain(victim);
        long before = getLong(victim + PREVIOUS);
        heap.setReference(before, NEXT, tail);
        heap.setReference(tail, PREVIOUS, before);
        int bucket = (int) getLong(victim + KEY) & (BUCKETS - 1);
        long rest = getLong(victim + CHAIN);
        if (buckets[bucket] == victim) {
            if (rest != 0) {
                heap.retain(rest);
            }
            buckets[bucket] = rest;
            heap.release(victim);
        } else {
            long entry = buckets[bucket];
            while (getLong(entry + CHAIN) != victim) {
                entry = getLong(entry + CHAIN);
            }
            heap.setReference(entry, CHAIN, rest);
        }
        heap.setReference(victim, PREVIOUS, 0);
        heap.setReference(victim, NEXT, 0);
        heap.setReference(victim, CHAIN, 0);
        heap.release(victim);
    }

    @Override
    public String name() {
        return "lru";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("capacity", capacity);
        parameters.put("keys", keys);
        parameters.put("accesses", accesses);
        return parameters;
    }

    @Override
    public String unit() {
        return "access";
    }

    @Override
    public long units(long checksum) {
        return accesses;
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
