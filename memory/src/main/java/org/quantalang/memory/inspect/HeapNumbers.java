package org.quantalang.memory.inspect;

import java.util.List;

/**
 * What a heap did and holds, at one moment. Bytes are bytes of blocks, headers and rounding
 * included, unless they are said to be of pages.
 *
 * @param heap name of the heap
 * @param kind {@code confined} or {@code shared}
 * @param allocated objects allocated so far
 * @param freed objects whose memory was given back so far
 * @param liveBytes bytes of the others
 * @param usedBytes bytes of pages that hold objects
 * @param peakBytes most of them at any time
 * @param heldBytes bytes of pages held from the system, empty ones included
 * @param limitBytes most that {@code usedBytes} may become; {@link Long#MAX_VALUE} if there is no
 *     limit, which then is not in the JSON
 * @param reservedBytes address space
 * @param waiting dead objects that wait because of the release budget; of a shared heap, releases
 *     them
 * @param javaObjects Java objects held from off heap
 * @param openViews views whose arenas are open
 * @param cycles what the collector of cycles did
 * @param accounts the heap's account, with those below it
 * @param types live objects by type
 * @param sizeClasses size classes that were ever used
 */
public record HeapNumbers(
        String heap,
        String kind,
        long allocated,
        long freed,
        long liveBytes,
        long usedBytes,
        long peakBytes,
        long heldBytes,
        long limitBytes,
        long reservedBytes,
        long waiting,
        long javaObjects,
        long openViews,
        Cycles cycles,
        AccountStats accounts,
        Histogram types,
        List<SizeClassStats> sizeClasses) {
    /**
     * What the collector of cycles did so far.
     *
     * @param collections collections run
     * @param structures garbage structures freed
     * @param candidates possible roots that wait to be looked at
     * @param freedObjects objects freed
     * @param freedBytes bytes freed
     * @param nanos time spent
     * @param longestPauseNanos longest time without returning to the program
     */
    public record Cycles(
            long collections,
            long structures,
            long candidates,
            long freedObjects,
            long freedBytes,
            long nanos,
            long longestPauseNanos) {}

    /** Makes the record; the list is copied. */
    public HeapNumbers {
        sizeClasses = List.copyOf(sizeClasses);
    }

    /** {@return objects that hold a block} */
    public long liveObjects() {
        return allocated - freed;
    }

    /** {@return all of it as one JSON object on one line} */
    public String toJson() {
        JsonText json = new JsonText();
        json.beginObject()
                .member("heap", heap)
                .member("kind", kind)
                .member("allocated", allocated)
                .member("freed", freed)
                .member("liveObjects", liveObjects())
                .member("liveBytes", liveBytes)
                .member("usedBytes", usedBytes)
                .member("peakBytes", peakBytes)
                .member("heldBytes", heldBytes)
                .member("reservedBytes", reservedBytes)
                .member("waiting", waiting)
                .member("javaObjects", javaObjects)
                .member("openViews", openViews)
                .beginObject("cycles")
                .member("collections", cycles.collections)
                .member("structures", cycles.structures)
                .member("candidates", cycles.candidates)
                .member("freedObjects", cycles.freedObjects)
                .member("freedBytes", cycles.freedBytes)
                .member("nanos", cycles.nanos)
                .member("longestPauseNanos", cycles.longestPauseNanos)
                .endObject()
                .beginObject("accounts");
        accounts.writeMembers(json);
        json.endObject().beginArray("types");
        types.writeRows(json).endArray().beginArray("sizeClasses");
        for (SizeClassStats each : sizeClasses) {
            json.beginObject()
                    .member("blockBytes", each.blockBytes())
                    .member("allocated", each.allocated())
                    .member("freed", each.freed())
                    .member("peakObjects", each.peakObjects())
                    .member("liveBytes", each.liveBytes())
                    .member("peakBytes", each.peakBytes())
                    .member("pages", each.pages())
                    .endObject();
        }
        json.endArray();
        if (limitBytes != Long.MAX_VALUE) {
            json.member("limitBytes", limitBytes);
        }
        return json.endObject().toString();
    }
}
