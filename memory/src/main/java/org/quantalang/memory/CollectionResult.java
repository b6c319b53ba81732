package org.quantalang.memory;

/**
 * What a cycle collection did.
 *
 * @param reason why it ran
 * @param candidates possible roots looked at
 * @param traced objects visited
 * @param freedObjects objects freed
 * @param freedBytes bytes of their blocks
 * @param cycles garbage structures freed, counted by the candidate that led to each
 * @param nanos time in all; what is not in the next two went to looking near single candidates and
 *     to freeing what that found
 * @param jointNanos of that, traces of many candidates together, with freeing what they found
 * @param sliceNanos of that, slices of long traces
 * @param longestSliceNanos the longest slice
 * @param complete whether no garbage cycle is left
 */
public record CollectionResult(
        Reason reason,
        long candidates,
        long traced,
        long freedObjects,
        long freedBytes,
        long cycles,
        long nanos,
        long jointNanos,
        long sliceNanos,
        long longestSliceNanos,
        boolean complete) {
    /** Why a collection ran. */
    public enum Reason {
        /** Enough candidates waited. */
        CANDIDATES,
        /** The heap had grown since the last collection. */
        GROWTH,
        /** The program asked for a complete one. */
        REQUEST,
        /** The program gave a budget. */
        BUDGET,
        /** There was no memory for an allocation. */
        OUT_OF_MEMORY,
        /** The program gave the roots. */
        TRACING
    }

    /** A collection that found nothing to do, since another one runs. */
    public static final CollectionResult NOTHING =
            new CollectionResult(Reason.REQUEST, 0, 0, 0, 0, 0, 0, 0, 0, 0, false);
}
