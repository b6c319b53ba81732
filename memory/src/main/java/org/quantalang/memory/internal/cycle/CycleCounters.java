package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.CycleStats;

/** What a collector has done so far. Owner thread only. */
final class CycleCounters {
    long collections;
    long full;
    long candidates;
    long traced;
    long freed;
    long cycles;
    long localFreed;
    long localHeld;
    long localOpen;
    long sliced;
    long slices;
    long longestSliceNanos;
    long nanos;
    long longestPauseNanos;

    private long candidatesBefore;
    private long tracedBefore;
    private long freedBefore;
    private long cyclesBefore;

    CycleCounters() {}

    /** A collection that will be told of begins. */
    void start() {
        candidatesBefore = candidates;
        tracedBefore = traced;
        freedBefore = freed;
        cyclesBefore = cycles;
    }

    /** What happened since {@link #start}. */
    CollectionResult since(long tookNanos, boolean complete) {
        return new CollectionResult(
                candidates - candidatesBefore,
                traced - tracedBefore,
                freed - freedBefore,
                cycles - cyclesBefore,
                tookNanos,
                tookNanos,
                complete);
    }

    CycleStats stats(long waitingYoung, long waitingOld) {
        return new CycleStats(
                collections,
                candidates,
                traced,
                freed,
                cycles,
                localFreed,
                localHeld,
                localOpen,
                full,
                sliced,
                slices,
                longestSliceNanos,
                nanos,
                longestPauseNanos,
                waitingYoung,
                waitingOld);
    }

    /** The program waited for this long. */
    void took(long pauseNanos) {
        nanos += pauseNanos;
        longestPauseNanos = Math.max(longestPauseNanos, pauseNanos);
    }
}
