package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.CycleOptions;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageTable;

/**
 * When a full trace is due: when the other traces' work has earned one, or the heap has grown; and
 * when the program outruns a trace in slices.
 *
 * <p>Growth is that of the bytes of objects, garbage included. Pages would not tell: garbage may
 * fill what the last trace left free in them. Their sum is a look at all pages, so there is one
 * only when the bytes may have grown by a part of what the heap ever had.
 *
 * <p>Owner thread only.
 */
final class FullTracePace {
    /** A live object costs a full trace about three times what a dead one costs a young trace. */
    private static final long COST_FACTOR = 3;

    private static final long COST_LEAST = 4096;

    /** A full trace that frees less than this part of what it leaves was for nothing. */
    private static final long WORTHWHILE_PART = 16;

    /** So many times the work must earn the next one at most, after some that were for nothing. */
    private static final long MOST_RELUCTANT = 16;

    /** Least bytes that are handed out between two looks. */
    private static final long LOOK_BYTES = PageTable.PAGE_BYTES;

    /** The same as a part of the most bytes that the heap has had. */
    private static final long LOOK_PART = 32;

    private final CycleOptions options;
    private final BlockAllocator blocks;

    private long credit;
    private long cost;
    private long reluctance = 1;
    private long nextLook;

    // What the last look saw: a full trace that is due may have to wait for another to end.
    private boolean grown;
    private boolean outrun;

    /** Bytes of objects that the last full trace left of those it could look at. */
    private long liveAfter;

    // Of the trace in slices: bytes of objects when it began, and of those that it freed.
    private long liveBeforeSlices;
    private long freedInSlices;

    FullTracePace(CycleOptions options, BlockAllocator blocks) {
        this.options = options;
        this.blocks = blocks;
    }

    /** Other traces have entered so many objects. */
    void earned(long traced) {
        credit += traced * options.fullSharePercent() / 100;
    }

    /** Whether a full trace is due, if there is anything for it. */
    boolean due() {
        look();
        return credit > reluctance * (COST_FACTOR * cost + COST_LEAST) || grown;
    }

    /** Whether too much was made since a trace in slices began: half as much as lived then. */
    boolean outrun() {
        look();
        return outrun;
    }

    private void look() {
        long offered = blocks.offeredBytes();
        if (offered < nextLook) {
            return;
        }
        nextLook = offered + Math.max(LOOK_BYTES, blocks.peakBytes() / LOOK_PART);
        long live = live();
        long allowed = liveAfter * options.growthPercent() / 100 + options.growthBytes();
        grown = live - liveAfter > allowed;
        outrun = live + freedInSlices - liveBeforeSlices > liveBeforeSlices / 2;
    }

    private long live() {
        return blocks.walk().liveBytes();
    }

    /** A full trace begins. */
    void begins() {
        credit = 0;
    }

    /** A full trace entered so many objects, as the next one will about. */
    void entered(long objects) {
        cost = objects;
    }

    /** A full trace has ended, during which the program did not run. */
    void ended() {
        liveAfter = live();
        grown = false;
    }

    /** What a full trace freed that nobody asked for; it has ended. */
    void yielded(long bytes) {
        reluctance =
                bytes >= liveAfter / WORTHWHILE_PART ? 1 : Math.min(2 * reluctance, MOST_RELUCTANT);
    }

    /** A trace in slices begins, full or not. */
    void slicesBegin() {
        liveBeforeSlices = live();
        freedInSlices = 0;
        outrun = false;
    }

    /** A slice freed so many bytes. */
    void freed(long bytes) {
        freedInSlices += bytes;
    }

    /**
     * A full trace in slices has ended. What was made meanwhile counts as growth, but there is no
     * more than now lives: what only garbage held was released, and is not in what slices freed.
     */
    void slicesEnded() {
        liveAfter = Math.clamp(liveBeforeSlices - freedInSlices, 0, live());
        grown = false;
        yielded(liveBeforeSlices - liveAfter);
    }
}
