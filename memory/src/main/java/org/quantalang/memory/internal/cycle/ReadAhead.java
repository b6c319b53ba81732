package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * Brings into the cache what the next objects of a trace refer to.
 *
 * <p>A trace over more objects than the caches hold waits for memory at one reference after
 * another, since what it does with each object depends on what it read. A loop that only reads the
 * headers which a group of objects leads to lets the processor wait for dozens at once. Java has no
 * instruction to prefetch; these are loads, whose values are kept so that the JIT keeps the loads.
 *
 * <p>Owner thread only.
 */
final class ReadAhead {
    /** Objects to read ahead of at once: what they lead to fills a part of the nearest cache. */
    static final long GROUP = 32;

    /** From so many objects on, the caches do not hold them all. */
    static final long WORTHWHILE = 4096;

    static final long GROUP_BYTES = GROUP * Long.BYTES;
    static final long WORTHWHILE_BYTES = WORTHWHILE * Long.BYTES;

    private static final long NO_TYPE = -1;

    private final TypeTable types;

    @SuppressWarnings("UnusedVariable") // written so that the loads are not left out
    private long read;

    ReadAhead(TypeTable types) {
        this.types = types;
    }

    /** Reads the headers that the live objects of a part of a list refer to. */
    void children(long from, long to) {
        long sum = 0;
        long spanType = NO_TYPE;
        long firstSlot = 0;
        long endSlot = 0;
        for (long at = from; at != to; at += Long.BYTES) {
            long header = getLong(at);
            long word = getLong(header);
            if ((word & HeaderWord.TYPE_MASK) != spanType) {
                spanType = word & HeaderWord.TYPE_MASK;
                long type = types.descriptor(word);
                boolean usual = (TypeDescriptor.flags(type) & TypeDescriptor.UNUSUAL_RUNS) == 0;
                long run = usual ? TypeDescriptor.onlyRun(type) : 0;
                firstSlot = TypeDescriptor.start(0, run);
                endSlot = TypeDescriptor.end(0, run);
            }
            if (!HeaderWord.alive(word)) {
                continue; // what it refers to may be gone
            }
            long end = header + endSlot;
            for (long slot = header + firstSlot; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0) {
                    sum += getLong(object - HeaderWord.BYTES);
                }
            }
        }
        read = sum;
    }
}
