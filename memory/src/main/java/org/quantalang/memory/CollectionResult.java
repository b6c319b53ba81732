package org.quantalang.memory;

/**
 * What a cycle collection did.
 *
 * @param candidates possible roots looked at
 * @param traced objects visited
 * @param freedObjects objects freed
 * @param cycles garbage structures freed, counted by the candidate that led to each
 * @param nanos time in all
 * @param longestPauseNanos longest time without returning to the program
 * @param complete whether no garbage cycle is left
 */
public record CollectionResult(
        long candidates,
        long traced,
        long freedObjects,
        long cycles,
        long nanos,
        long longestPauseNanos,
        boolean complete) {
    /** A collection that found nothing to do. */
    public static final CollectionResult NOTHING = new CollectionResult(0, 0, 0, 0, 0, 0, false);
}
