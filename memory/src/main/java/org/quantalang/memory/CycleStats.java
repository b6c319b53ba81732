package org.quantalang.memory;

/**
 * What the cycle collector of a heap has done so far, and what waits for it.
 *
 * @param collections collections, whatever made them due
 * @param candidates possible roots looked at
 * @param traced objects visited
 * @param freedObjects objects freed as garbage cycles
 * @param freedBytes bytes of their blocks
 * @param cycles garbage structures freed, counted by the candidate that led to each
 * @param localFreed candidates whose structure a local trace freed
 * @param localHeld candidates that a local trace found live
 * @param localOpen candidates that a local trace could not decide
 * @param full traces over all candidates that left out nothing
 * @param sliced traces that were cut into slices
 * @param slices slices they were cut into
 * @param longestSliceNanos the longest of them
 * @param nanos time in all
 * @param longestPauseNanos longest time without returning to the program
 * @param longestStep most objects that a slice or a local trace looked at between two looks at the
 *     clock
 * @param waitingYoung candidates that wait for the next collection
 * @param waitingOld candidates that wait for a full trace
 */
public record CycleStats(
        long collections,
        long candidates,
        long traced,
        long freedObjects,
        long freedBytes,
        long cycles,
        long localFreed,
        long localHeld,
        long localOpen,
        long full,
        long sliced,
        long slices,
        long longestSliceNanos,
        long nanos,
        long longestPauseNanos,
        long longestStep,
        long waitingYoung,
        long waitingOld) {}
