package org.quantalang.memory;

import java.time.Duration;

/**
 * How a heap looks for garbage cycles. Immutable; start from {@link #DEFAULT} and change what
 * differs. docs/benchmarks.md has figures with the defaults.
 *
 * @param algorithm which collector
 * @param threshold candidates that make a collection due; 0 for the algorithm's own default: 32 for
 *     {@link Algorithm#LOCAL}, so that what died is still in the cache, and 512 for {@link
 *     Algorithm#PLAIN}, where every collection may trace the live graph
 * @param localObjects objects that a local trace enters at most without their being dominated;
 *     larger structures are left to joint traces
 * @param fullSharePercent work that full traces may do, as a share of that of the others
 * @param growthPercent growth of the bytes of objects, garbage included, since the last full trace
 *     that makes one due
 * @param growthBytes growth that makes none due yet, for small heaps; with many heaps in a process
 *     choose less
 * @param slice longest time that a long trace works at once; zero never interrupts one
 * @param sliceSharePercent share of the time that slices may take while the heap does not grow
 * @param clockObjects objects that a long trace looks at between two looks at the clock
 */
public record CycleOptions(
        Algorithm algorithm,
        int threshold,
        int localObjects,
        int fullSharePercent,
        int growthPercent,
        long growthBytes,
        Duration slice,
        int sliceSharePercent,
        int clockObjects) {
    /** No program waits longer for a slice. */
    private static final Duration LONGEST_SLICE = Duration.ofDays(1);

    /** Local traces first, slices of 200 microseconds. */
    public static final CycleOptions DEFAULT =
            new CycleOptions(
                    Algorithm.LOCAL, 0, 48, 25, 100, 32L << 20, Duration.ofNanos(200_000), 50, 128);

    /** The collectors to choose from. */
    public enum Algorithm {
        /** Local traces, objects found live remembered, long traces in slices. */
        LOCAL,
        /** The three phases of Bacon and Rajan's paper: the reference. */
        PLAIN
    }

    /** Checks the values. */
    public CycleOptions {
        slice = slice.compareTo(LONGEST_SLICE) > 0 ? LONGEST_SLICE : slice;
        if (threshold < 0
                || localObjects < 1
                || fullSharePercent < 1
                || growthPercent < 1
                || growthBytes < 0
                || slice.isNegative()
                || sliceSharePercent < 1
                || sliceSharePercent > 100
                || clockObjects < 1) {
            throw new IllegalArgumentException(
                    ("cycle option out of range: threshold=%d localObjects=%d fullSharePercent=%d"
                         + " growthPercent=%d growthBytes=%d slice=%s sliceSharePercent=%d"
                         + " clockObjects=%d")
                            .formatted(
                                    threshold,
                                    localObjects,
                                    fullSharePercent,
                                    growthPercent,
                                    growthBytes,
                                    slice,
                                    sliceSharePercent,
                                    clockObjects));
        }
    }

    /**
     * Chooses the collector.
     *
     * @param value which one
     * @return the changed copy
     */
    public CycleOptions withAlgorithm(Algorithm value) {
        return new CycleOptions(
                value,
                threshold,
                localObjects,
                fullSharePercent,
                growthPercent,
                growthBytes,
                slice,
                sliceSharePercent,
                clockObjects);
    }

    /**
     * Sets how many candidates make a collection due.
     *
     * @param value number of candidates; 0 for the algorithm's default
     * @return the changed copy
     */
    public CycleOptions withThreshold(int value) {
        return new CycleOptions(
                algorithm,
                value,
                localObjects,
                fullSharePercent,
                growthPercent,
                growthBytes,
                slice,
                sliceSharePercent,
                clockObjects);
    }

    /**
     * Sets how far a local trace looks.
     *
     * @param value number of objects
     * @return the changed copy
     */
    public CycleOptions withLocalObjects(int value) {
        return new CycleOptions(
                algorithm,
                threshold,
                value,
                fullSharePercent,
                growthPercent,
                growthBytes,
                slice,
                sliceSharePercent,
                clockObjects);
    }

    /**
     * Sets when full traces are due.
     *
     * @param sharePercent work they may do, in percent of that of other traces
     * @param growth growth of the bytes of objects that makes one due, in percent
     * @param bytes growth that makes none due yet
     * @return the changed copy
     */
    public CycleOptions withFullTraces(int sharePercent, int growth, long bytes) {
        return new CycleOptions(
                algorithm,
                threshold,
                localObjects,
                sharePercent,
                growth,
                bytes,
                slice,
                sliceSharePercent,
                clockObjects);
    }

    /**
     * Sets how long a trace works at once.
     *
     * @param value time of a slice; zero never interrupts a trace
     * @return the changed copy
     */
    public CycleOptions withSlice(Duration value) {
        return new CycleOptions(
                algorithm,
                threshold,
                localObjects,
                fullSharePercent,
                growthPercent,
                growthBytes,
                value,
                sliceSharePercent,
                clockObjects);
    }

    /**
     * Sets how closely long traces watch the clock.
     *
     * @param sharePercent share of the time that slices may take while the heap does not grow
     * @param objects objects looked at between two looks at the clock
     * @return the changed copy
     */
    public CycleOptions withPacing(int sharePercent, int objects) {
        return new CycleOptions(
                algorithm,
                threshold,
                localObjects,
                fullSharePercent,
                growthPercent,
                growthBytes,
                slice,
                sharePercent,
                objects);
    }
}
