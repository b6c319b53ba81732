package org.quantalang.memory.internal.debug;

import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.tuning.TuningProperty;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.LongConsumer;

/**
 * Freed blocks that wait before they are used again, oldest first out, so that whoever still uses
 * one meets a pattern instead of another object. Bounded by bytes: {@value #PROPERTY}, 16 MiB if
 * not given; larger blocks do not wait. Those of a sample are bounded by number too, since each
 * keeps its page from being given back.
 *
 * <p>A block that waits has zero in word A of its header and {@link Pattern#FREED} in every other
 * byte, or if it is one of a sample in word B. When it leaves, and when the heap is verified, that
 * is checked.
 *
 * <p>Any thread.
 */
final class Quarantine {
    static final String PROPERTY = "quanta.heap.quarantine";

    private static final long LIMIT_BYTES =
            TuningProperty.number(PROPERTY, 0, Memory.ADDRESS_LIMIT, 16L << 20);
    private static final int MOST_BLOCKS = CheckedLevel.KEEPS_ALL ? Integer.MAX_VALUE : 256;

    private final BlockWalk walk;

    /** Told of a block that was written to; it still holds what was written. */
    private final LongConsumer written;

    /** Takes a block that has left. */
    private final LongConsumer leaving;

    private final Queue<Long> waiting = new ArrayDeque<>();
    private final long[] perClass = new long[HeapSpace.MAX_SIZE_CLASSES];
    private long bytes;

    Quarantine(BlockWalk walk, LongConsumer written, LongConsumer leaving) {
        this.walk = walk;
        this.written = written;
        this.leaving = leaving;
    }

    /** Takes a block in; false if it is too large. */
    boolean take(long block) {
        long size = walk.blockBytesAt(block);
        if (size > LIMIT_BYTES) {
            return false;
        }
        List<Long> out = new ArrayList<>();
        synchronized (this) {
            while (bytes + size > LIMIT_BYTES || waiting.size() == MOST_BLOCKS) {
                out.add(oldest());
            }
            clear(block, size);
            waiting.add(block);
            bytes += size;
            perClass[walk.sizeClassAt(block)]++;
        }
        out.forEach(leaving::accept); // without the lock: who takes it may need others
        return true;
    }

    private static void clear(long block, long size) {
        Memory.putLong(block, 0);
        // Who walks the pages of a shared heap must not take the pattern for an object's word.
        VarHandle.releaseFence();
        Memory.putLong(block, HeaderWord.WORD_B, HeaderWord.KEPT);
        if (CheckedLevel.ALL) {
            Memory.fill(block + HeaderWord.BYTES, size - HeaderWord.BYTES, Pattern.FREED);
        }
        if (AddressSanitizer.PRESENT) {
            AddressSanitizer.poison(block, block + size);
        }
    }

    /** Checks every block that waits; one that was written to is told, and made whole again. */
    synchronized void check() {
        for (long block : waiting) {
            if (isWritten(block)) {
                written.accept(block);
                long size = walk.blockBytesAt(block);
                AddressSanitizer.unpoison(block, block + size);
                clear(block, size);
            }
        }
    }

    void letGoAll() {
        List<Long> out = new ArrayList<>();
        synchronized (this) {
            while (!waiting.isEmpty()) {
                out.add(oldest());
            }
        }
        out.forEach(leaving::accept);
    }

    private long oldest() {
        long block = waiting.remove();
        if (isWritten(block)) {
            written.accept(block);
        }
        long size = walk.blockBytesAt(block);
        bytes -= size;
        perClass[walk.sizeClassAt(block)]--;
        return block;
    }

    private boolean isWritten(long block) {
        return firstWritten(block) != patternEnd(block);
    }

    /** Address of the first byte of a waiting block that was written to, or its end. */
    long firstWritten(long block) {
        return Memory.getLong(block) != 0
                ? block
                : Pattern.firstOther(block + HeaderWord.WORD_B, patternEnd(block), Pattern.FREED);
    }

    /** Up to where a waiting block holds the pattern. */
    long patternEnd(long block) {
        return block + (CheckedLevel.ALL ? walk.blockBytesAt(block) : HeaderWord.BYTES);
    }

    synchronized long blocks(int sizeClass) {
        return perClass[sizeClass];
    }

    synchronized long bytes() {
        return bytes;
    }
}
