package org.quantalang.memory.internal.debug;

/** Counts for addresses: a hash table without objects, for walks over millions of blocks. */
final class LongCounts {
    private static final long SCATTER = 0x9e37_79b9_7f4a_7c15L;

    private long[] keys = new long[1 << 10];
    private int[] counts = new int[1 << 10];
    private int used;

    /** Adds one; returns the new count. {@code key} is not 0. */
    int add(long key) {
        if (2 * used >= keys.length) {
            grow();
        }
        int at = find(keys, key);
        if (keys[at] == 0) {
            keys[at] = key;
            used++;
        }
        return ++counts[at];
    }

    int get(long key) {
        return counts[find(keys, key)];
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
        int[] oldCounts = counts;
        keys = new long[2 * oldKeys.length];
        counts = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = find(keys, oldKeys[i]);
                keys[at] = oldKeys[i];
                counts[at] = oldCounts[i];
            }
        }
    }
}
