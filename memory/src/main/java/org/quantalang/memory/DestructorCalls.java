package org.quantalang.memory;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.object.NativeCalls;
import org.quantalang.memory.internal.type.Failures;
import org.quantalang.memory.internal.type.HeapType;

import java.util.function.IntFunction;

/**
 * Runs the destructor of a dying object, Java function or C function pointer, and reports its
 * failure: whatever a destructor throws, the release or collection that ran it goes on.
 */
final class DestructorCalls {
    private final Heap heap;
    private final IntFunction<HeapType> types;
    private final Failures failures;
    private long started;

    /**
     * Makes those of one heap.
     *
     * @param types tells a type by its index
     */
    DestructorCalls(Heap heap, IntFunction<HeapType> types, Failures failures) {
        this.heap = heap;
        this.types = types;
        this.failures = failures;
    }

    /** Destructors run so far. */
    long started() {
        return started;
    }

    void run(long header) {
        started++;
        HeapType type = types.apply(HeaderWord.type(Memory.getLong(header)));
        long object = header + HeaderWord.BYTES;
        try {
            Destructor drop = type.info.drop();
            if (drop != null) {
                drop.destroy(heap, object);
            } else {
                NativeCalls.drop(type.info.nativeDrop(), object);
            }
        } catch (Throwable failure) {
            failures.ofDestructor(type.info, object, failure);
        }
    }
}
