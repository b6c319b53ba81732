package org.quantalang.memory.internal.type;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.Tracer.SlotVisitor;
import org.quantalang.memory.internal.object.HeaderWord;

/**
 * Where the strong references of an object are, whatever its type: for walks that are not in a
 * hurry. Traces have forms of their own. Owner thread only.
 */
public final class References {
    private References() {}

    /** Tells the address of every strong reference slot of an object. */
    public static void forEachSlot(TypeTable types, long header, SlotVisitor visitor) {
        HeapType type = types.at(HeaderWord.type(getLong(header)));
        int flags = TypeDescriptor.flags(type.descriptor);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            type.traceInto(header, visitor);
            return;
        }
        int runs = TypeDescriptor.runCount(type.descriptor);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type.descriptor, flags, header, i);
            long end = TypeDescriptor.end(header, run);
            for (long slot = TypeDescriptor.start(header, run); slot != end; slot += Long.BYTES) {
                visitor.slot(slot);
            }
        }
    }
}
