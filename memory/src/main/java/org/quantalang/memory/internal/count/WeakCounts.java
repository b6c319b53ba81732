package org.quantalang.memory.internal.count;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.object.HeaderWord;

import java.util.HashMap;
import java.util.Map;

/**
 * Weak counts: ten bits in the header, what does not fit in a side table.
 *
 * <p>When the header's field is full, half of it moves to the table and the overflow flag is set;
 * when it runs empty, half comes back. So only one in 512 changes of a very popular object touches
 * the table.
 *
 * <p>Owner thread only.
 */
public final class WeakCounts {
    private static final long HALF = 1L << (HeaderWord.WEAK_BITS - 1);

    private final Map<Long, Long> overflow = new HashMap<>();

    /** What became of an object whose weak count fell. */
    public enum Left {
        /** Someone still holds a weak reference. */
        SOME,
        /** That was the last weak reference. */
        NONE
    }

    public WeakCounts() {}

    /** Adds one weak reference. */
    public void retain(long header) {
        long word = getLong(header);
        if (HeaderWord.free(word)) {
            throw notCounted("weak retain of a freed object", header, word);
        }
        if ((word & HeaderWord.WEAK_MASK) == HeaderWord.WEAK_MASK) {
            overflow.merge(header, HALF, Long::sum);
            word = (word - (HALF << HeaderWord.WEAK_SHIFT)) | HeaderWord.WEAK_OVERFLOW;
        }
        putLong(header, word + HeaderWord.ONE_WEAK);
    }

    /** Takes one weak reference away; the caller frees the block if nothing else holds it. */
    public Left release(long header) {
        long word = getLong(header);
        if ((word & HeaderWord.WEAK_MASK) == 0) {
            throw notCounted("weak release without a weak reference", header, word);
        }
        word -= HeaderWord.ONE_WEAK;
        if ((word & HeaderWord.WEAK_MASK) == 0 && HeaderWord.has(word, HeaderWord.WEAK_OVERFLOW)) {
            word |= HALF << HeaderWord.WEAK_SHIFT;
            long rest = overflow.merge(header, -HALF, Long::sum);
            if (rest == 0) {
                overflow.remove(header);
                word &= ~HeaderWord.WEAK_OVERFLOW;
            }
        }
        putLong(header, word);
        return (word & HeaderWord.WEAK_MASK) == 0 ? Left.NONE : Left.SOME;
    }

    /** All weak references to an object. */
    public long count(long header) {
        long word = getLong(header);
        long more =
                HeaderWord.has(word, HeaderWord.WEAK_OVERFLOW)
                        ? overflow.getOrDefault(header, 0L)
                        : 0;
        return HeaderWord.weak(word) + more;
    }

    private static IllegalStateException notCounted(String what, long header, long word) {
        return new IllegalStateException(
                "%s: address=0x%x header=0x%x".formatted(what, header + HeaderWord.BYTES, word));
    }
}
