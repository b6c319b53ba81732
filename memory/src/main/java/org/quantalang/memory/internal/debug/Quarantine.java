package org.quantalang.memory.internal.debug;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.LongConsumer;

/**
 * Freed blocks that wait before they are used again, oldest first out, so that whoever still uses
 * one meets a pattern instead of another object. Bounded by bytes: {@value #PROPERTY}, 16 MiB if
 * not given; larger blocks do not wait.
 *
 * <p>A block that waits has zero in word A of its header and {@link Pattern#FREED} in every other
 * byte. When it leaves, and when the heap is verified, that is checked.
 *
 * <p>Owner thread only.
 */
final class Quarantine {
    static final String PROPERTY = "quanta.heap.quarantine";

    private static final long LIMIT_BYTES = Long.getLong(PROPERTY, 16L << 20);

    private final BlockAllocator blocks;

    /** Told of a block that was written to; it still holds what was written. */
    private final LongConsumer written;

    private final Queue<Long> waiting = new ArrayDeque<>();
    private final long[] perClass = new long[HeapSpace.MAX_SIZE_CLASSES];
    private long bytes;

    Quarantine(BlockAllocator blocks, LongConsumer written) {
        this.blocks = blocks;
        this.written = written;
    }

    /** Takes a block in; false if it is too large. */
    boolean take(long block) {
        long size = blocks.blockBytesAt(block);
        if (size > LIMIT_BYTES) {
            return false;
        }
        while (bytes + size > LIMIT_BYTES) {
            letGo(waiting.remove());
        }
        clear(block, size);
        waiting.add(block);
        bytes += size;
        perClass[blocks.sizeClassAt(block)]++;
        return true;
    }

    private static void clear(long block, long size) {
        Memory.putLong(block, 0);
        Memory.fill(block + HeaderWord.WORD_B, size - HeaderWord.WORD_B, Pattern.FREED);
        if (AddressSanitizer.PRESENT) {
            AddressSanitizer.poison(block, block + size);
        }
    }

    /** Checks every block that waits; one that was written to is told, and made whole again. */
    void check() {
        for (long block : waiting) {
            if (isWritten(block)) {
                written.accept(block);
                long size = blocks.blockBytesAt(block);
                AddressSanitizer.unpoison(block, block + size);
                clear(block, size);
            }
        }
    }

    void letGoAll() {
        while (!waiting.isEmpty()) {
            letGo(waiting.remove());
        }
    }

    private void letGo(long block) {
        if (isWritten(block)) {
            written.accept(block);
        }
        long size = blocks.blockBytesAt(block);
        AddressSanitizer.unpoison(block, block + size);
        bytes -= size;
        perClass[blocks.sizeClassAt(block)]--;
        blocks.giveBack(block);
    }

    private boolean isWritten(long block) {
        return firstWritten(block) != end(block);
    }

    /** Address of the first byte of a waiting block that was written to, or its end. */
    long firstWritten(long block) {
        return Memory.getLong(block) != 0
                ? block
                : Pattern.firstOther(block + HeaderWord.WORD_B, end(block), Pattern.FREED);
    }

    private long end(long block) {
        return block + blocks.blockBytesAt(block);
    }

    long blocks(int sizeClass) {
        return perClass[sizeClass];
    }

    long bytes() {
        return bytes;
    }
}
