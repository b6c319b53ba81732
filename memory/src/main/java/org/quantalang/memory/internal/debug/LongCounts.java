package org.quantalang.memory.internal.debug;

/** Counts for addresses. */
final class LongCounts {
    private final LongMap map = new LongMap();

    /** Adds one; returns the new count. {@code key} is not 0. */
    int add(long key) {
        return (int) map.add(key, 1);
    }

    int get(long key) {
        return (int) map.get(key);
    }
}
