package org.quantalang.memory;

/**
 * Tells the heap where an object's strong references are, for types whose layout fields cannot
 * describe. It must not change the heap nor throw, and must tell the same slots until the object
 * changes. Of one that throws while its object dies, {@link FailureHandler#tracerFailed} hears; one
 * that throws within a collection ends it, and on a confined heap all further ones.
 */
@FunctionalInterface
public interface Tracer {
    /**
     * Visits each slot of {@code object} that may hold a strong reference.
     *
     * @param object the object; borrowed
     * @param visitor told of each slot
     */
    void trace(long object, SlotVisitor visitor);

    /** Told of the address of one 8-byte slot that holds a strong reference or 0. */
    @FunctionalInterface
    interface SlotVisitor {
        /**
         * Takes one slot.
         *
         * @param slot address of the slot, a multiple of 8
         */
        void slot(long slot);
    }
}
