package org.quantalang.memory.internal.cycle;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.CollectionResult;

/** One collection of cycles, for JDK Flight Recorder. */
@Name("org.quantalang.CycleCollection")
@Label("Cycle Collection")
@Category({"Quanta", "Memory"})
@Description("One collection of garbage cycles in a heap outside the Java heap")
@StackTrace(false)
public final class CycleCollectionEvent extends Event {
    @Label("Reason")
    String reason = "";

    @Label("Candidates")
    long candidates;

    @Label("Objects Traced")
    long traced;

    @Label("Objects Freed")
    long freedObjects;

    @Label("Bytes Freed")
    @DataAmount
    long freedBytes;

    @Label("Cycles")
    long cycles;

    @Label("Joint Traces")
    @Timespan(Timespan.NANOSECONDS)
    long jointNanos;

    @Label("Slices")
    @Timespan(Timespan.NANOSECONDS)
    long sliceNanos;

    @Label("Longest Slice")
    @Timespan(Timespan.NANOSECONDS)
    long longestSliceNanos;

    @Label("Complete")
    boolean complete;

    CycleCollectionEvent() {}

    /** An event that begins now, or null if nobody records any. */
    public static @Nullable CycleCollectionEvent begun() {
        CycleCollectionEvent event = new CycleCollectionEvent();
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }

    /** It ends. */
    public void commit(CollectionResult result) {
        reason = result.reason().name();
        candidates = result.candidates();
        traced = result.traced();
        freedObjects = result.freedObjects();
        freedBytes = result.freedBytes();
        cycles = result.cycles();
        jointNanos = result.jointNanos();
        sliceNanos = result.sliceNanos();
        longestSliceNanos = result.longestSliceNanos();
        complete = result.complete();
        commit();
    }
}
