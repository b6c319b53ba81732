package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.Memory;

import java.util.BitSet;
import java.util.Locale;

/**
 * Blocks of one size, at most a fixed number of them, last freed first handed out. Memory that was
 * used once is kept until the pool closes.
 *
 * <p>Owner thread only. Nothing here is counted or zeroed.
 */
public final class MemoryPool implements AutoCloseable {
    private static final long GRANULE = 65536;

    private final PageSource source;
    private final long blockBytes;
    private final int capacity;
    private final long base;
    private final long reservedBytes;
    private final BitSet out = new BitSet();
    private int carved;
    private int allocated;
    private long free;
    private boolean closed;

    private MemoryPool(PageSource source, long blockBytes, int capacity) {
        if (blockBytes <= 0 || capacity <= 0 || blockBytes > Memory.ADDRESS_LIMIT / capacity) {
            throw new IllegalArgumentException(
                    "pool cannot be that: blockBytes=%d capacity=%d"
                            .formatted(blockBytes, capacity));
        }
        this.source = source;
        this.blockBytes = TypeInfo.roundUp(blockBytes, 16);
        this.capacity = capacity;
        this.reservedBytes = TypeInfo.roundUp(this.blockBytes * capacity, GRANULE);
        this.base = source.reserve(reservedBytes);
        if (base == PageSource.REFUSED) {
            throw new OutOfMemoryError(
                    "no address space for a pool: bytes=%d".formatted(reservedBytes));
        }
        if (!source.commit(base, reservedBytes)) {
            source.release(base, reservedBytes);
            throw new OutOfMemoryError("no memory for a pool: bytes=%d".formatted(reservedBytes));
        }
    }

    /**
     * Makes a pool.
     *
     * @param blockBytes size of a block; rounded up to a multiple of 16
     * @param capacity most blocks that are out at once
     * @return the pool; close it
     * @throws OutOfMemoryError if the system refuses the address space
     */
    public static MemoryPool open(long blockBytes, int capacity) {
        return open(PageSource.forThisSystem(), blockBytes, capacity);
    }

    static MemoryPool open(PageSource source, long blockBytes, int capacity) {
        return new MemoryPool(source, blockBytes, capacity);
    }

    /**
     * Hands out a block.
     *
     * @return its address, a multiple of 16
     * @throws HeapOutOfMemoryError if all blocks are out
     */
    public long allocate() {
        checkOpen();
        long block = free;
        if (block != 0) {
            free = Memory.getLong(block);
        } else if (carved < capacity) {
            block = base + carved++ * blockBytes;
        } else {
            throw new HeapOutOfMemoryError(
                    String.format(
                            Locale.ROOT,
                            "pool is used up: blockBytes=%d capacity=%d",
                            blockBytes,
                            capacity));
        }
        allocated++;
        out.set(index(block));
        return block;
    }

    /**
     * Takes a block back.
     *
     * @param block what {@link #allocate} handed out
     * @throws IllegalStateException if it is not out
     */
    public void free(long block) {
        checkOpen();
        long offset = block - base;
        if (offset < 0
                || offset >= carved * blockBytes
                || offset % blockBytes != 0
                || !out.get(index(block))) {
            throw new IllegalStateException(
                    "pool did not hand out this block: address=0x%x pool=0x%x blockBytes=%d"
                            .formatted(block, base, blockBytes));
        }
        out.clear(index(block));
        Memory.putLong(block, free);
        free = block;
        allocated--;
    }

    private int index(long block) {
        return (int) ((block - base) / blockBytes);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("pool is closed");
        }
    }

    /** {@return blocks that are out} */
    public int allocatedCount() {
        return allocated;
    }

    /** {@return most blocks that may be out at once} */
    public int capacity() {
        return capacity;
    }

    /** {@return size of a block} */
    public long blockBytes() {
        return blockBytes;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            source.release(base, reservedBytes);
        }
    }
}
