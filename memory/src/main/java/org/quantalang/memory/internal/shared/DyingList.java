package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.object.Memory;

/** Objects that one thread has to destroy, linked through their first words. One thread only. */
final class DyingList {
    /** No object. */
    static final long END = 0;

    /** The next to be destroyed, by its header's distance from the heap's base. */
    long first = END;

    /** Whether a loop takes objects from it, so that others only add to it. */
    boolean draining;

    private @Nullable Throwable fault;

    DyingList() {}

    /** What the end of an object threw, while others are to end too: mostly that it is none. */
    void found(Throwable told) {
        if (fault == null) {
            fault = told;
        }
    }

    /** Adds what was found to what is thrown instead. */
    void tellFaultWith(Throwable other) {
        if (fault != null) {
            other.addSuppressed(fault);
            fault = null;
        }
    }

    /** Throws the first that was found. */
    void tellFault() {
        Throwable told = fault;
        fault = null;
        if (told instanceof Error error) {
            throw error;
        }
        if (told instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /** How many there are, in a heap that begins at {@code base}; while nothing runs. */
    long size(long base) {
        long size = 0;
        for (long at = first; at != END; at = SharedHeader.next(Memory.getLong(base + at))) {
            size++;
        }
        return size;
    }
}
