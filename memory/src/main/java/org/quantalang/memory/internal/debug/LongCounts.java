package org.quantalang.memory.internal.debug;

/** Counts for addresses. */
public final class LongCounts {
    private final LongMap map = new LongMap();

    /** Adds one; returns the new count. {@code key} is not 0. */
    public int add(long key) {
        return (int) map.add(key, 1);
    }

    public int get(long key) {
        return (int) map.get(key);
    }
}
