package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;

import java.util.function.LongConsumer;

/** Where an object's references are: for who walks the heap while it is quiet. */
final class References {
    private References() {}

    /** Tells the slots that hold strong references or 0. */
    static void strongSlots(SharedTypes types, long header, LongConsumer visitor) {
        long a = getLong(header);
        long descriptor = types.descriptor(a);
        int flags = TypeDescriptor.flags(descriptor);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            types.at(HeaderWord.type(a)).traceInto(header, visitor::accept);
            return;
        }
        int runs = TypeDescriptor.runCount(descriptor);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(descriptor, flags, header, i);
            long end = TypeDescriptor.end(header, run);
            for (long slot = TypeDescriptor.start(header, run); slot != end; slot += Long.BYTES) {
                visitor.accept(slot);
            }
        }
    }

    /** Tells the slots that hold weak references, numbers of Java objects, or 0. */
    static void weakSlots(SharedTypes types, long header, LongConsumer visitor) {
        long descriptor = types.descriptor(getLong(header));
        if ((TypeDescriptor.flags(descriptor) & TypeDescriptor.WEAK_FIELDS) == 0) {
            return;
        }
        long list = TypeDescriptor.weakSlots(descriptor);
        for (long i = 1; i <= getLong(list); i++) {
            visitor.accept(header + getLong(list + i * Long.BYTES));
        }
    }
}
