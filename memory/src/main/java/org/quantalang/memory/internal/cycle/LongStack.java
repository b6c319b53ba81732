package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.Memory;

/**
 * An off-heap stack or list of addresses that grows by doubling.
 *
 * <p>Where unused address space costs nothing, a list that outgrows a few pages moves once, into a
 * range so large that it grows in place from there on. Growth by copying cannot be cut into slices:
 * for ten million entries it took 200 milliseconds, most of them page faults.
 *
 * <pre>
 *   base            top        limit                                   base + bytes
 *    | values        | room      | not committed                         |
 * </pre>
 *
 * <p>Owner thread only.
 */
public final class LongStack {
    /** Where lists begin; so little that moving it takes less than a slice. */
    private static final long FIRST_BYTES = 1L << 14;

    /** An entry for each of 134 million objects; what has more is copied to grow. */
    private static final long LARGE_BYTES = 1L << 30;

    private final PageSource source;
    private long base;
    private long bytes;
    private long top;
    private long limit;

    /** Takes no memory before the first {@link #reserve} or {@link #tryPush}. */
    public LongStack(PageSource source) {
        this.source = source;
    }

    /** Makes room for {@code more} pushes; returns false if the system has no memory. */
    public boolean reserve(long more) {
        if (top + more * Long.BYTES <= limit) {
            return true;
        }
        long wanted = Math.max(FIRST_BYTES, limit - base);
        while (wanted < top - base + more * Long.BYTES) {
            wanted *= 2;
        }
        if (wanted > bytes) {
            return move(wanted);
        }
        if (!source.commit(limit, base + wanted - limit)) {
            return false;
        }
        limit = base + wanted;
        return true;
    }

    /** Moves the values to where there is room for {@code wanted} bytes of them. */
    private boolean move(long wanted) {
        long reserved = wanted;
        long fresh = PageSource.REFUSED;
        if (wanted > FIRST_BYTES && wanted < LARGE_BYTES && source.reservesWithoutMemory()) {
            reserved = LARGE_BYTES;
            fresh = source.reserve(reserved);
        }
        if (fresh == PageSource.REFUSED) {
            reserved = wanted;
            fresh = source.reserve(reserved);
        }
        if (fresh == PageSource.REFUSED) {
            return false;
        }
        if (!source.commit(fresh, wanted)) {
            source.release(fresh, reserved);
            return false;
        }
        long used = top - base;
        Memory.copy(base, fresh, used);
        close();
        base = fresh;
        bytes = reserved;
        top = fresh + used;
        limit = fresh + wanted;
        return true;
    }

    /** Pushes one value; the caller has reserved room for it. */
    public void push(long value) {
        long at = top;
        putLong(at, value);
        top = at + Long.BYTES;
    }

    /** Pushes one value; returns false if there is no memory for it. */
    public boolean tryPush(long value) {
        if (top == limit && !reserve(1)) {
            return false;
        }
        push(value);
        return true;
    }

    /** Pops one value; the stack is not empty. */
    public long pop() {
        long at = top - Long.BYTES;
        top = at;
        return getLong(at);
    }

    public boolean isEmpty() {
        return top == base;
    }

    public long size() {
        return (top - base) >>> 3;
    }

    public long get(long index) {
        return getLong(base + (index << 3));
    }

    public void set(long index, long value) {
        putLong(base + (index << 3), value);
    }

    /** Address of the first value; like the other two, valid until the stack grows. */
    public long bottom() {
        return base;
    }

    /** Address behind the last value. */
    public long top() {
        return top;
    }

    /** Address behind the last value that there is room for. */
    public long limit() {
        return limit;
    }

    /** Says where the last value ends, for loops that push on their own. */
    public void top(long end) {
        top = end;
    }

    /** Keeps the first {@code size} values. */
    public void truncate(long size) {
        top = base + (size << 3);
    }

    public void clear() {
        top = base;
    }

    /** Gives the memory back; the stack is empty and may be used again. */
    public void close() {
        if (base != 0) {
            source.release(base, bytes);
        }
        base = 0;
        bytes = 0;
        top = 0;
        limit = 0;
    }
}
