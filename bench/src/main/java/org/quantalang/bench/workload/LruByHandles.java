package org.quantalang.bench.workload;

import static org.quantalang.bench.workload.Lru.BUCKETS;

import org.quantalang.memory.ByteField;
import org.quantalang.memory.Heap;
import org.quantalang.memory.LongField;
import org.quantalang.memory.Ref;
import org.quantalang.memory.RefField;
import org.quantalang.memory.RefType;
import org.quantalang.memory.TypeInfo;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * W5 in the handle tier: the program of {@link Lru}, with a dozen handles that are pointed at one
 * object after the other. The table is an array in the heap.
 */
public final class LruByHandles implements Workload {
    /** Names for the compiler; nothing implements them. */
    private interface Entry {}

    private interface Bytes {}

    private interface Entries {}

    private static final RefType<Entry> ENTRY =
            RefType.of(
                    Entry.class,
                    TypeInfo.builder("Entry")
                            .reference("chain", "Entry")
                            .reference("previous", "Entry")
                            .reference("next", "Entry")
                            .reference("string", TypeInfo.byteArray())
                            .int64("key")
                            .int64("unused")
                            .build());
    private static final RefType<Bytes> BYTES = RefType.of(Bytes.class, TypeInfo.byteArray());
    private static final RefType<Entries> ENTRIES =
            RefType.of(Entries.class, TypeInfo.referenceArray("Entry[]", ENTRY.info()));
    private static final RefField<Entry> CHAIN = ENTRY.refField("chain", ENTRY);
    private static final RefField<Entry> PREVIOUS = ENTRY.refField("previous", ENTRY);
    private static final RefField<Entry> NEXT = ENTRY.refField("next", ENTRY);
    private static final RefField<Bytes> STRING = ENTRY.refField("string", BYTES);
    private static final LongField KEY = ENTRY.longField("key");
    private static final RefField<Entry> BUCKET = ENTRIES.refElements(ENTRY);
    private static final ByteField BYTE = BYTES.byteElements();

    private final int capacity;
    private final int keys;
    private final long accesses;
    private final Heap heap;
    private final MinimalStandard random = new MinimalStandard(SEED);
    private final Zipf zipf;

    private final Ref<Entries> buckets;
    private final Ref<Entry> head;
    private final Ref<Entry> tail;
    private final Ref<Entry> entry;
    private final Ref<Entry> before;
    private final Ref<Entry> after;
    private final Ref<Bytes> string;

    /** Owns the heap. */
    public LruByHandles(Heap heap, int capacity, int keys, long accesses) {
        this.heap = heap;
        this.capacity = capacity;
        this.keys = keys;
        this.accesses = accesses;
        zipf = new Zipf(keys, random);
        buckets = ENTRIES.empty(heap);
        head = ENTRY.empty(heap);
        tail = ENTRY.empty(heap);
        entry = ENTRY.empty(heap);
        before = ENTRY.empty(heap);
        after = ENTRY.empty(heap);
        string = BYTES.empty(heap);
    }

    @Override
    public void prepare() {
        random.seed(SEED);
    }

    @Override
    public long run() {
        buckets.allocateArray(BUCKETS);
        head.allocate();
        tail.allocate();
        NEXT.set(head, tail);
        PREVIOUS.set(tail, head);
        long sum = 0;
        int entries = 0;
        for (long i = 0; i < accesses; i++) {
            long key = Lru.key(zipf.next(), keys);
            find(key);
            if (!entry.isEmpty()) {
                sum += use();
                continue;
            }
            sum += insert(key);
            if (++entries > capacity) {
                entries--;
                evictLast();
            }
        }
        letGo();
        heap.collectCycles();
        return sum;
    }

    private void find(long key) {
        BUCKET.get(buckets, bucket(key), entry);
        while (!entry.isEmpty() && KEY.get(entry) != key) {
            CHAIN.get(entry, entry);
        }
    }

    private static int bucket(long key) {
        return (int) key & (BUCKETS - 1);
    }

    private long use() {
        PREVIOUS.get(entry, before);
        NEXT.get(entry, after);
        NEXT.set(before, after);
        PREVIOUS.set(after, before);
        linkBehindHead();
        STRING.get(entry, string);
        long length = string.length();
        return length + (BYTE.get(string, 0) & 0xff) + (BYTE.get(string, length - 1) & 0xff);
    }

    private long insert(long key) {
        long length = 16 + random.next(497);
        string.allocateArray(length);
        BYTE.fill(string, 0, length, (byte) (key & 127));
        entry.allocate();
        KEY.set(entry, key);
        STRING.move(entry, string);
        BUCKET.get(buckets, bucket(key), after);
        CHAIN.move(entry, after);
        BUCKET.set(buckets, bucket(key), entry);
        linkBehindHead();
        return length;
    }

    private void linkBehindHead() {
        NEXT.get(head, after);
        PREVIOUS.set(entry, head);
        NEXT.set(entry, after);
        PREVIOUS.set(after, entry);
        NEXT.set(head, entry);
    }

    private void evictLast() {
        PREVIOUS.get(tail, entry);
        PREVIOUS.get(entry, before);
        NEXT.set(before, tail);
        PREVIOUS.set(tail, before);
        int bucket = bucket(KEY.get(entry));
        CHAIN.get(entry, after);
        if (BUCKET.refersTo(buckets, bucket, entry)) {
            BUCKET.set(buckets, bucket, after);
        } else {
            BUCKET.get(buckets, bucket, before);
            while (!CHAIN.refersTo(before, entry)) {
                CHAIN.get(before, before);
            }
            CHAIN.set(before, after);
        }
        PREVIOUS.clear(entry);
        NEXT.clear(entry);
        CHAIN.clear(entry);
        entry.clear();
    }

    private void letGo() {
        for (Ref<?> each : handles()) {
            each.clear();
        }
    }

    private Ref<?>[] handles() {
        return new Ref<?>[] {buckets, head, tail, entry, before, after, string};
    }

    @Override
    public String name() {
        return "lru";
    }

    @Override
    public Map<String, Object> parameters() {
        var parameters = new LinkedHashMap<String, Object>();
        parameters.put("tier", "handle");
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
        for (Ref<?> each : handles()) {
            each.close();
        }
        heap.close();
    }
}
