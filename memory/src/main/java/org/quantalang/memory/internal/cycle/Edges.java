package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.Tracer.SlotVisitor;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * The references of one object as one run of slots, whatever its type: a trace then has a single
 * loop, from {@link #start} to {@link #end}.
 *
 * <p>Objects with one run of slots and reference arrays are read where they are. The references of
 * other types are copied together first, which needs memory; without it {@link #complete} is false.
 * An object that was complete once is so again until it changes.
 *
 * <p>Traces test for the usual case themselves ({@code flags & UNUSUAL_RUNS} is 0) and come here
 * with the rest. Owner thread only.
 */
final class Edges {
    /** What no header word has as its type. */
    private static final long NO_TYPE = -1;

    private final TypeTable types;
    private final LongStack copied;
    private final SlotVisitor copy = this::copySlot;
    private static final SlotVisitor CLEAR = slot -> Memory.putLong(slot, 0);

    // The type seen last, mostly that of the next: so its slots do not wait for the descriptor.
    private long spanType = NO_TYPE;
    private long firstSlot;
    private long endSlot;

    /** Address of the first slot. */
    long start;

    /** Address behind the last slot. */
    long end;

    /** Whether that is all of them. */
    boolean complete;

    Edges(TypeTable types, PageSource source) {
        this.types = types;
        this.copied = new LongStack(source);
    }

    LongStack buffer() {
        return copied;
    }

    /** Finds the slots of an object of any type. */
    void of(long header) {
        long word = getLong(header);
        if ((word & HeaderWord.TYPE_MASK) != spanType) {
            long type = types.descriptor(word);
            int flags = TypeDescriptor.flags(type);
            if ((flags & TypeDescriptor.UNUSUAL_RUNS) != 0) {
                unusual(header, type, flags);
                return;
            }
            long run = TypeDescriptor.onlyRun(type);
            spanType = word & HeaderWord.TYPE_MASK;
            firstSlot = TypeDescriptor.start(0, run);
            endSlot = TypeDescriptor.end(0, run);
        }
        start = header + firstSlot;
        end = header + endSlot;
        complete = true;
    }

    /** Finds the slots of an object whose type has no single run. */
    void unusual(long header, long type, int flags) {
        complete = true;
        if ((flags & TypeDescriptor.REFERENCE_ARRAY) != 0) {
            long run = TypeDescriptor.run(type, flags, header, 0);
            start = TypeDescriptor.start(header, run);
            end = TypeDescriptor.end(header, run);
            return;
        }
        copied.clear();
        if ((flags & TypeDescriptor.TRACED) != 0) {
            types.at(HeaderWord.type(getLong(header))).traceInto(header, copy);
        } else {
            int runs = TypeDescriptor.runCount(type);
            for (int i = 0; i < runs; i++) {
                long run = TypeDescriptor.run(type, flags, header, i);
                long last = TypeDescriptor.end(header, run);
                for (long slot = TypeDescriptor.start(header, run);
                        slot != last;
                        slot += Long.BYTES) {
                    copySlot(slot);
                }
            }
        }
        start = copied.bottom();
        end = copied.top();
    }

    /** Sets every reference of an object to null, without counting. */
    void clear(long header) {
        long type = types.descriptor(getLong(header));
        int flags = TypeDescriptor.flags(type);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            types.at(HeaderWord.type(getLong(header))).traceInto(header, CLEAR);
            return;
        }
        int runs = TypeDescriptor.runCount(type);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type, flags, header, i);
            Memory.zeroWords(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private void copySlot(long slot) {
        complete &= copied.tryPush(getLong(slot));
    }
}
