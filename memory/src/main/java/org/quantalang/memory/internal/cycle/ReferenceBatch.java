package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.alloc.PageTable;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * What the next objects of a trace refer to, gathered so that memory is waited for once a batch.
 *
 * <p>A trace over more objects than the caches hold waits for memory at one reference after
 * another, since what it does with each object depends on what it read. So the references of some
 * objects are gathered in a row first, which looks at these objects alone. Before and after that a
 * loop that does nothing else reads both ends of each object, and the header behind each reference:
 * the processor waits for dozens of them at once. Java has no instruction to prefetch; these are
 * loads, whose values are kept so that the JIT keeps the loads.
 *
 * <pre>
 *   bottom                       top              start                     end
 *    | ...           | c | b | a |   --gather--&gt;  | a's references | b's ... |
 * </pre>
 *
 * <p>An object with many references, or with a type that tells them one by one, is a batch or
 * several of its own, read where they are.
 *
 * <p>Owner thread only.
 */
final class ReferenceBatch {
    /** Objects of a batch at most: what they lead to fills a part of the nearest cache. */
    static final long OBJECTS = 64;

    /** References of an object that shares a batch, at most. */
    private static final long SHARED_MOST = 8;

    /** So many objects are worth reading first. */
    private static final long FEW_BYTES = 16 * Long.BYTES;

    /** References of a part of an object that does not. */
    private static final long PART_BYTES = 128 * Long.BYTES;

    /** A list of so many objects is worth reading ahead: the caches do not hold them all. */
    private static final long WORTHWHILE_BYTES = 4096 * Long.BYTES;

    private static final long NO_TYPE = -1;

    private final TypeTable types;
    private final Edges edges;
    private final LongStack row;

    /** Address of the first reference of the batch; those that are null may be left out. */
    long start;

    /** Address behind the last. */
    long end;

    /** The descriptors' flags of all objects since {@link #begin}. */
    int flags;

    /** Whether all references of all objects since {@link #begin} were told. */
    boolean complete;

    // What is left of an object in parts; equal if there is none.
    private long rest;
    private long restEnd;

    /** Whether the last batch was not just a few objects between others that do not share. */
    private boolean many;

    // Where the references of the type seen last are: mostly that of the next.
    private long spanType = NO_TYPE;
    private long firstSlot;
    private long endSlot;

    @SuppressWarnings("UnusedVariable") // written so that the loads are not left out
    private long read;

    ReferenceBatch(TypeTable types, Edges edges, PageSource source) {
        this.types = types;
        this.edges = edges;
        this.row = new LongStack(source);
    }

    LongStack buffer() {
        return row;
    }

    /** Whether a list between two addresses is so long that reading ahead pays. */
    static boolean worthReadingAhead(long bottom, long top) {
        return top - bottom >= WORTHWHILE_BYTES;
    }

    static boolean worthReadingAhead(LongStack list) {
        return worthReadingAhead(list.bottom(), list.top());
    }

    /** Begins a loop over a list of objects. Without memory a batch is one object. */
    void begin() {
        flags = 0;
        complete = true;
        rest = 0;
        restEnd = 0;
        spanType = NO_TYPE;
        many = true;
        boolean _ = row.reserve(OBJECTS * SHARED_MOST);
    }

    /**
     * Gathers the references of the last objects of a list, which the caller then takes off it;
     * those that are dead have none.
     *
     * @param bottom address of the list's first entry
     * @param top address behind its last; there is one, or {@link #more}
     * @param ahead whether to read ahead; see {@link #worthReadingAhead}
     * @return address behind the last entry that is left
     */
    long gather(long bottom, long top, boolean ahead) {
        long left = top;
        if (rest == restEnd) {
            if (ahead && many) {
                readObjects(bottom, top);
            }
            left = row(bottom, top);
            many = top - left >= FEW_BYTES;
            if (left == top) {
                left = top - Long.BYTES;
                whole(getLong(left));
            }
        }
        if (rest != restEnd) {
            start = rest;
            end = Math.min(rest + PART_BYTES, restEnd);
            rest = end;
        }
        if (ahead) {
            readHeaders();
        }
        return left;
    }

    /** Whether references of an object that comes in parts are left. */
    boolean more() {
        return rest != restEnd;
    }

    /** Puts references in a row; none if the last object does not share a batch. */
    private long row(long bottom, long top) {
        long least = Math.max(bottom, top - OBJECTS * Long.BYTES);
        long filled = row.bottom();
        long at = top;
        start = filled;
        while (at != least) {
            long header = getLong(at - Long.BYTES);
            long word = getLong(header);
            if ((word & HeaderWord.TYPE_MASK) != spanType && !shares(word)) {
                break;
            }
            at -= Long.BYTES;
            if (!HeaderWord.alive(word)) {
                continue; // what it refers to may be gone
            }
            long last = header + endSlot;
            for (long slot = header + firstSlot; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                putLong(filled, object);
                filled += object == 0 ? 0 : Long.BYTES;
            }
        }
        end = filled;
        return at;
    }

    /** Whether objects of a type share a batch. */
    private boolean shares(long word) {
        long type = types.descriptor(word);
        int typeFlags = TypeDescriptor.flags(type);
        long run = TypeDescriptor.onlyRun(type);
        firstSlot = TypeDescriptor.start(0, run);
        endSlot = TypeDescriptor.end(0, run);
        flags |= typeFlags;
        boolean shares =
                (typeFlags & TypeDescriptor.UNUSUAL_RUNS) == 0
                        && endSlot - firstSlot <= SHARED_MOST * Long.BYTES
                        && row.limit() != row.bottom();
        spanType = shares ? word & HeaderWord.TYPE_MASK : NO_TYPE;
        return shares;
    }

    /** Takes the references of one object where they are. */
    private void whole(long header) {
        rest = 0;
        restEnd = 0;
        if (HeaderWord.alive(getLong(header))) {
            edges.of(header);
            complete &= edges.complete;
            rest = edges.start;
            restEnd = edges.end;
        }
    }

    /** Reads both ends of the next objects, if they are of the type seen last. */
    private void readObjects(long bottom, long top) {
        long sum = 0;
        long least = Math.max(bottom, top - OBJECTS * Long.BYTES);
        long last = Math.max(endSlot - Long.BYTES, 0);
        for (long at = top; at != least; at -= Long.BYTES) {
            long header = getLong(at - Long.BYTES);
            // Of another type it may be shorter; its page it does not leave.
            long slot = Math.min(header + last, header | (PageTable.PAGE_BYTES - Long.BYTES));
            sum += getLong(header) + getLong(slot);
        }
        read = sum;
    }

    private void readHeaders() {
        long sum = 0;
        long last = end;
        for (long at = start; at != last; at += Long.BYTES) {
            long object = getLong(at);
            if (object != 0) {
                sum += getLong(object - HeaderWord.BYTES);
            }
        }
        read = sum;
    }
}
