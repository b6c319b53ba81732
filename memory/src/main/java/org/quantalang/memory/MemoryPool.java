package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.LockFreeBlocks;

import java.util.BitSet;
import java.util.Locale;

/**
 * Blocks of one size, at most a fixed number of them, last freed first handed out. Memory that was
 * used once is kept until the pool closes.
 *
 * <p>A pool belongs to one thread, unless it was opened by {@link #openShared}: then any thread may
 * take and give back blocks, without a lock. Nothing here is counted or zeroed.
 */
public final class MemoryPool implements AutoCloseable {
    private static final long GRANULE = 65536;

    private final PageSource source;
    private final long blockBytes;
    private final int capacity;
    private final long base;
    private final long reservedBytes;
    private final BitSet out = new BitSet();

    /** What a shared pool has instead of the fields below. */
    private final @Nullable LockFreeBlocks shared;

    private int carved;
    private int allocated;
    private long free;
    private volatile boolean closed;

    private MemoryPool(PageSource source, long blockBytes, int capacity, boolean anyThread) {
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
        shared = anyThread ? new LockFreeBlocks(base, this.blockBytes, capacity) : null;
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
        return new MemoryPool(source, blockBytes, capacity, false);
    }

    /**
     * Makes a pool for any number of threads. Close it when none uses it any more.
     *
     * @param blockBytes size of a block; rounded up to a multiple of 16
     * @param capacity most blocks that are out at once
     * @return the pool; close it
     * @throws OutOfMemoryError if the system refuses the address space
     */
    public static MemoryPool openShared(long blockBytes, int capacity) {
        return new MemoryPool(PageSource.forThisSystem(), blockBytes, capacity, true);
    }

    /**
     * Hands out a block.
     *
     * @return its address, a multiple of 16
     * @throws HeapOutOfMemoryError if all blocks are out
     */
    public long allocate() {
        checkOpen();
        if (shared != null) {
            int taken = shared.take();
            if (taken == LockFreeBlocks.NONE) {
                throw usedUp();
            }
            return base + taken * blockBytes;
        }
        long block = free;
        if (block != 0) {
            free = Memory.getLong(block);
        } else if (carved < capacity) {
            block = base + carved++ * blockBytes;
        } else {
            throw usedUp();
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
        long end = (shared == null ? carved : shared.carved()) * blockBytes;
        if (offset < 0 || offset >= end || offset % blockBytes != 0) {
            throw notOut(block);
        }
        if (shared != null) {
            if (!shared.giveBack(index(block))) {
                throw notOut(block);
            }
            return;
        }
        if (!out.get(index(block))) {
            throw notOut(block);
        }
        out.clear(index(block));
        Memory.putLong(block, free);
        free = block;
        allocated--;
    }

    private HeapOutOfMemoryError usedUp() {
        return new HeapOutOfMemoryError(
                String.format(
                        Locale.ROOT,
                        "pool is used up: blockBytes=%d capacity=%d",
                        blockBytes,
                        capacity));
    }

    private IllegalStateException notOut(long block) {
        return new IllegalStateException(
                "pool did not hand out this block: address=0x%x pool=0x%x blockBytes=%d"
                        .formatted(block, base, blockBytes));
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
        return shared == null ? allocated : shared.out();
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
