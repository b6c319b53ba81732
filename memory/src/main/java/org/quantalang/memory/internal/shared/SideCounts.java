package org.quantalang.memory.internal.shared;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.Memory;

/**
 * A number and a mark for each block of a heap, beside it: 32 bits for each 16 bytes of address
 * space in use, of which only what is written takes memory.
 */
final class SideCounts implements AutoCloseable {
    private static final int MARK = 1 << 31;

    private final PageSource source;
    private final long from;
    private final long bytes;
    private final long table;

    /** For blocks in {@code [from, to)}. */
    SideCounts(PageSource source, long from, long to) {
        this.source = source;
        this.from = from;
        this.bytes = Math.max(1 << 16, (((to - from) >>> 2) + 0xffff) & -0x10000L);
        this.table = source.reserve(bytes);
        if (table == PageSource.REFUSED || !source.commit(table, bytes)) {
            throw new OutOfMemoryError("no memory to look for cycles: bytes=" + bytes);
        }
    }

    private long at(long header) {
        return table + ((header - from) >>> 4 << 2);
    }

    void increment(long header) {
        Memory.putInt(at(header), Memory.getInt(at(header)) + 1);
    }

    long count(long header) {
        return Memory.getInt(at(header)) & ~MARK;
    }

    boolean marked(long header) {
        return Memory.getInt(at(header)) < 0;
    }

    /** Marks a block; returns whether it was not marked. */
    boolean mark(long header) {
        int before = Memory.getInt(at(header));
        Memory.putInt(at(header), before | MARK);
        return before >= 0;
    }

    @Override
    public void close() {
        source.release(table, bytes);
    }
}
