package org.quantalang.memory.internal.cycle;

import jdk.jfr.FlightRecorder;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.CycleStats;
import org.quantalang.memory.PauseStats;
import org.quantalang.memory.internal.alloc.BlockAllocator;

import java.util.function.Consumer;

/**
 * What a collector has done so far, and in the collection that runs. Owner thread only.
 *
 * <p>A result is made only if somebody wants it, so that collections allocate nothing.
 */
final class CycleCounters {
    private final BlockAllocator blocks;
    private final @Nullable Consumer<CollectionResult> listener;
    private boolean telling;
    private final Pauses pauses = new Pauses();

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
    long jointNanos;
    long sliceNanos;

    private long collections;
    private long nanos;
    private long longestSliceNanos;
    private long longestPauseNanos;
    private long longestStep;

    private CollectionResult.Reason reason = CollectionResult.Reason.REQUEST;
    private @Nullable CycleCollectionEvent event;
    private long startedAt;
    private long candidatesBefore;
    private long tracedBefore;
    private long freedBefore;
    private long bytesBefore;
    private long cyclesBefore;
    private long jointBefore;
    private long sliceBefore;
    private long longestSliceNow;
    private long nanosNow;

    /**
     * Makes the counters of one heap.
     *
     * @param listener is told of every collection
     */
    CycleCounters(BlockAllocator blocks, @Nullable Consumer<CollectionResult> listener) {
        this.blocks = blocks;
        this.listener = listener;
    }

    /** A collection begins; returns the time. */
    long begin(CollectionResult.Reason why) {
        startedAt = System.nanoTime();
        reason = why;
        candidatesBefore = candidates;
        tracedBefore = traced;
        freedBefore = freed;
        bytesBefore = blocks.collectedBytes();
        cyclesBefore = cycles;
        jointBefore = jointNanos;
        sliceBefore = sliceNanos;
        longestSliceNow = 0;
        // Loading the event's class takes 200 ms: not before somebody may want it.
        event = FlightRecorder.isInitialized() ? CycleCollectionEvent.begun() : null;
        return startedAt;
    }

    /** A slice of a long trace is over. */
    void slice(long took) {
        slices++;
        sliceNanos += took;
        longestSliceNow = Math.max(longestSliceNow, took);
        longestSliceNanos = Math.max(longestSliceNanos, took);
    }

    /** So many objects were looked at between two looks at the clock. */
    void step(long objects) {
        longestStep = Math.max(longestStep, objects);
    }

    /** The collection is over; returns what it did. */
    CollectionResult end(boolean complete) {
        count();
        CollectionResult ended = now(complete);
        tell(ended);
        return ended;
    }

    /**
     * A collection that nobody asked for is over, and may not be complete. What it did is put
     * together only for who listens: it would be garbage of every collection.
     */
    void endUnasked() {
        count();
        if (event != null || listener != null) {
            tell(now(false));
        }
    }

    private void count() {
        nanosNow = System.nanoTime() - startedAt;
        nanos += nanosNow;
        collections++;
        if (reason == CollectionResult.Reason.CANDIDATES
                || reason == CollectionResult.Reason.GROWTH) {
            pauses.add(nanosNow);
        }
        longestPauseNanos = Math.max(longestPauseNanos, nanosNow);
    }

    private void tell(CollectionResult ended) {
        CycleCollectionEvent recorded = event;
        event = null;
        if (recorded != null) {
            recorded.commit(ended);
        }
        if (listener != null && !telling) {
            telling = true;
            try {
                listener.accept(ended); // may make collections of its own
            } finally {
                telling = false;
            }
        }
    }

    /** Whether the listener is being told. */
    boolean telling() {
        return telling;
    }

    private CollectionResult now(boolean complete) {
        return new CollectionResult(
                reason,
                candidates - candidatesBefore,
                traced - tracedBefore,
                freed - freedBefore,
                blocks.collectedBytes() - bytesBefore,
                cycles - cyclesBefore,
                nanosNow,
                jointNanos - jointBefore,
                sliceNanos - sliceBefore,
                longestSliceNow,
                complete);
    }

    PauseStats pauses() {
        return pauses.stats();
    }

    CycleStats stats(long waitingYoung, long waitingOld) {
        return new CycleStats(
                collections,
                candidates,
                traced,
                freed,
                blocks.collectedBytes(),
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
                longestStep,
                waitingYoung,
                waitingOld);
    }
}
