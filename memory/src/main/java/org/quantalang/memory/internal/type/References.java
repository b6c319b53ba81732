package org.quantalang.memory.internal.type;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.Tracer.SlotVisitor;

/**
 * Where the references of an object are, whatever its type: for walks that are not in a hurry.
 * Traces have forms of their own. By who may read the heap now.
 */
public final class References {
    private References() {}

    /** Tells the slots that hold strong references or 0. */
    public static void strongSlots(HeapType type, long header, SlotVisitor visitor) {
        int flags = TypeDescriptor.flags(type.descriptor);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            type.traceInto(header, visitor);
        } else {
            fieldSlots(type, header, flags, visitor);
        }
    }

    /** The same of an object whose references are released; see {@link HeapType#releaseInto}. */
    public static void releaseSlots(HeapType type, long header, SlotVisitor visitor) {
        int flags = TypeDescriptor.flags(type.descriptor);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            type.releaseInto(header, visitor);
        } else {
            fieldSlots(type, header, flags, visitor);
        }
    }

    private static void fieldSlots(HeapType type, long header, int flags, SlotVisitor visitor) {
        int runs = TypeDescriptor.runCount(type.descriptor);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type.descriptor, flags, header, i);
            long end = TypeDescriptor.end(header, run);
            for (long slot = TypeDescriptor.start(header, run); slot != end; slot += Long.BYTES) {
                visitor.slot(slot);
            }
        }
    }

    /** Tells the slots that hold weak references, numbers of Java objects, or 0. */
    public static void weakSlots(HeapType type, long header, SlotVisitor visitor) {
        if ((TypeDescriptor.flags(type.descriptor) & TypeDescriptor.WEAK_FIELDS) == 0) {
            return;
        }
        long list = TypeDescriptor.weakSlots(type.descriptor);
        for (long i = 1; i <= getLong(list); i++) {
            visitor.slot(header + getLong(list + i * Long.BYTES));
        }
    }
}
