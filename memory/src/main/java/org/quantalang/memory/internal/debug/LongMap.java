package org.quantalang.memory.internal.debug;

/** Numbers for addresses: a hash table without objects, for walks over millions of blocks. */
final class LongMap {
    private static final long SCATTER = 0x9e37_79b9_7f4a_7c15L;

    private long[] keys = new long[1 << 10];
    private long[] values = new long[1 << 10];
    private int used;

    /** The number of {@code key}; 0 if it has none. */
    long get(long key) {
        return values[find(keys, key)];
    }

    /** Sets the number of {@code key}, which is not 0. */
    void put(long key, long value) {
        int at = place(key); // may replace the arrays
        values[at] = value;
    }

    /** Adds to the number of {@code key}, which is not 0; returns the sum. */
    long add(long key, long more) {
        int at = place(key);
        values[at] += more;
        return values[at];
    }

    /** Keys that have a number. */
    int size() {
        return used;
    }

    private int place(long key) {
        if (2 * used >= keys.length) {
            grow();
        }
        int at = find(keys, key);
        if (keys[at] == 0) {
            keys[at] = key;
            used++;
        }
        return at;
    }

    private static int find(long[] keys, long key) {
        int at = (int) ((key * SCATTER) >>> 32) & (keys.length - 1);
        while (keys[at] != 0 && keys[at] != key) {
            at = (at + 1) & (keys.length - 1);
        }
        return at;
    }

    private void grow() {
        long[] oldKeys = keys;
        long[] oldValues = values;
        keys = new long[2 * oldKeys.length];
        values = new long[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = find(keys, oldKeys[i]);
                keys[at] = oldKeys[i];
                values[at] = oldValues[i];
            }
        }
    }
}
