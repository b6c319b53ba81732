package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;

import jdk.jfr.FlightRecorder;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.cycle.CycleCollectionEvent;
import org.quantalang.memory.internal.cycle.LongStack;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeDescriptor;

import java.util.function.Consumer;

/**
 * Finds and frees garbage cycles while the heap is quiet.
 *
 * <p>Counts the references between objects beside the heap; what is counted more often in its
 * header is held from outside; what those reach lives; the rest is garbage. All of the heap is
 * looked at, twice: there are no candidates in shared heaps yet.
 *
 * <p>Destructors run before anything is freed, with weak references to garbage dead already. If any
 * ran, the heap is looked at anew, since they may have brought objects back.
 *
 * <p>By who paused the heap, which may act for every owner.
 */
public final class QuietCycles {
    /** Less is not worth a look at the whole heap. */
    private static final long LEAST_BYTES = 4L << 20;

    private final SharedSpace space;
    private final PageSource source;
    private final Owners owners;
    private final SharedTypes types;
    private final SharedReclaimer reclaimer;
    private final @Nullable Consumer<CollectionResult> listener;

    /** Collections that run, one in the destructors of the other. */
    private int running;

    private boolean telling;

    /** Bytes of live blocks at which the next collection is due. */
    private long dueBytes = LEAST_BYTES;

    private long collections;
    private long structures;
    private long freedObjects;
    private long freedBytes;
    private long nanos;
    private long longestNanos;

    public QuietCycles(
            SharedSpace space,
            PageSource source,
            Owners owners,
            SharedTypes types,
            SharedReclaimer reclaimer,
            @Nullable Consumer<CollectionResult> listener) {
        this.space = space;
        this.source = source;
        this.owners = owners;
        this.types = types;
        this.reclaimer = reclaimer;
        this.listener = listener;
    }

    /** Collections so far. */
    public long collections() {
        return collections;
    }

    /** Garbage structures freed so far. */
    public long structures() {
        return structures;
    }

    /** What was done so far; there are no candidates, since every collection looks at all. */
    public HeapNumbers.Cycles numbers() {
        return new HeapNumbers.Cycles(
                collections, structures, 0, freedObjects, freedBytes, nanos, longestNanos);
    }

    /** Whether twice as much lives as after the last collection, so that another may pay. */
    public boolean due() {
        return space.walk().liveBytes() >= dueBytes;
    }

    /** Frees all garbage cycles, and tells of it. */
    public CollectionResult collect(CollectionResult.Reason reason) {
        // Loading the event's class takes 200 ms: not before somebody may want it.
        CycleCollectionEvent event =
                FlightRecorder.isInitialized() ? CycleCollectionEvent.begun() : null;
        running++;
        CollectionResult result;
        try {
            result = collectQuietly(reason);
        } finally {
            running--;
        }
        if (event != null) {
            event.commit(result);
        }
        if (listener != null && !telling) {
            telling = true;
            try {
                listener.accept(result); // may make collections of its own
            } finally {
                telling = false;
            }
        }
        return result;
    }

    private CollectionResult collectQuietly(CollectionResult.Reason reason) {
        long start = System.nanoTime();
        long freedBefore = space.walk().totalFreed();
        long bytesBefore = space.walk().liveBytes();
        long traced = 0;
        long found = 0;
        LongStack garbage = new LongStack(source);
        try {
            boolean again = true;
            while (again) {
                reclaimer.settle();
                garbage.clear();
                try (SideCounts counts = new SideCounts(source, space.first(), space.top())) {
                    traced += look(counts, garbage);
                    again = runDestructors(garbage);
                    if (!again) {
                        found = countStructures(counts, garbage);
                        free(counts, garbage);
                    }
                }
            }
            reclaimer.settle();
        } finally {
            garbage.close();
        }
        collections++;
        structures += found;
        long objects = space.walk().totalFreed() - freedBefore;
        long bytesLeft = space.walk().liveBytes();
        dueBytes = Math.max(LEAST_BYTES, 2 * bytesLeft);
        long bytes = bytesBefore - bytesLeft;
        long took = System.nanoTime() - start;
        if (running == 1) { // else the one around it counts it
            freedObjects += objects;
            freedBytes += bytes;
            nanos += took;
        }
        longestNanos = Math.max(longestNanos, took);
        return new CollectionResult(reason, 0, traced, objects, bytes, found, took, 0, 0, 0, true);
    }

    private static boolean alive(long header) {
        return SharedHeader.strongOf(header) > 0;
    }

    /**
     * Fills {@code garbage}, and marks all other live objects; returns how many there are in all.
     */
    private long look(SideCounts counts, LongStack garbage) {
        long[] objects = new long[1];
        space.walk()
                .forEach(
                        (header, _) -> {
                            if (alive(header)) {
                                objects[0]++;
                                References.strongSlots(
                                        types.of(header), header, slot -> count(counts, slot));
                            }
                        });
        LongStack open = new LongStack(source);
        try {
            space.walk().forEach((header, _) -> markFrom(counts, open, header));
        } finally {
            open.close();
        }
        space.walk()
                .forEach(
                        (header, _) -> {
                            if (alive(header)) {
                                sort(counts, garbage, header);
                            }
                        });
        return objects[0];
    }

    private static void count(SideCounts counts, long slot) {
        long object = getLong(slot);
        if (object != 0) {
            counts.increment(object - HeaderWord.BYTES);
        }
    }

    private void markFrom(SideCounts counts, LongStack open, long root) {
        if (!alive(root) || !isHeld(counts, root) || !counts.mark(root)) {
            return;
        }
        push(open, root);
        while (!open.isEmpty()) {
            long next = open.pop();
            References.strongSlots(
                    types.of(next),
                    next,
                    slot -> {
                        long object = getLong(slot);
                        if (object != 0 && counts.mark(object - HeaderWord.BYTES)) {
                            push(open, object - HeaderWord.BYTES);
                        }
                    });
        }
    }

    /** By what is no object; a count that is full does not tell any more. */
    private static boolean isHeld(SideCounts counts, long header) {
        return SharedHeader.pinned(getLongAcquire(header + SharedHeader.WORD_B))
                || SharedHeader.strongOf(header) > counts.count(header);
    }

    private static void push(LongStack stack, long header) {
        if (!stack.tryPush(header)) {
            throw new OutOfMemoryError("no memory to look for cycles: entries=" + stack.size());
        }
    }

    /** Garbage is claimed, so that no upgrade brings it back; what came back is let go. */
    private static void sort(SideCounts counts, LongStack garbage, long header) {
        long at = header + SharedHeader.WORD_B;
        long b = getLongAcquire(at);
        if (counts.marked(header)) {
            if (SharedHeader.has(b, SharedHeader.CLAIMED)) {
                putLong(at, b & ~SharedHeader.CLAIMED);
            }
            return;
        }
        long a = getLong(header);
        if (!SharedHeader.has(b, SharedHeader.MERGED)) {
            // For its owner, which is quiet. Its queue is empty.
            putLong(header, SharedHeader.withoutOwner(a));
            b = SharedHeader.merged(b, SharedHeader.own(a));
        }
        putLong(at, b | SharedHeader.CLAIMED);
        push(garbage, header);
    }

    /** Returns whether any ran. */
    private boolean runDestructors(LongStack garbage) {
        LongStack finalizing = new LongStack(source);
        try {
            for (long i = 0; i < garbage.size(); i++) {
                long header = garbage.get(i);
                long descriptor = types.descriptor(getLong(header));
                if ((TypeDescriptor.flags(descriptor) & TypeDescriptor.DESTRUCTOR) != 0
                        && reclaimer.disposal.beginFinalizing(header)) {
                    push(finalizing, header);
                }
            }
            // Each keeps its reference until all have run: none of them is freed by another.
            for (long i = 0; i < finalizing.size(); i++) {
                reclaimer.runDestructor(finalizing.get(i));
            }
            for (long i = 0; i < finalizing.size(); i++) {
                long header = finalizing.get(i);
                reclaimer.releaseShared(header, getLong(header));
            }
            return !finalizing.isEmpty();
        } finally {
            finalizing.close();
        }
    }

    /** How many separate structures the garbage is, by the first member of each that is met. */
    private long countStructures(SideCounts counts, LongStack garbage) {
        long[] found = new long[1];
        LongStack open = new LongStack(source);
        SideCounts visited = new SideCounts(source, space.first(), space.top());
        try {
            for (long i = 0; i < garbage.size(); i++) {
                if (visited.mark(garbage.get(i))) {
                    found[0]++;
                    push(open, garbage.get(i));
                }
                while (!open.isEmpty()) {
                    long next = open.pop();
                    References.strongSlots(
                            types.of(next),
                            next,
                            slot -> {
                                long object = getLong(slot);
                                if (object != 0
                                        && !counts.marked(object - HeaderWord.BYTES)
                                        && visited.mark(object - HeaderWord.BYTES)) {
                                    push(open, object - HeaderWord.BYTES);
                                }
                            });
                }
            }
        } finally {
            visited.close();
            open.close();
        }
        return found[0];
    }

    private void free(SideCounts counts, LongStack garbage) {
        Owner self = owners.current();
        for (long i = 0; i < garbage.size(); i++) {
            long each = garbage.get(i);
            References.releaseSlots(
                    types.of(each),
                    each,
                    slot -> {
                        long object = getLong(slot);
                        if (object != 0 && counts.marked(object - HeaderWord.BYTES)) {
                            reclaimer.releaseLive(object - HeaderWord.BYTES);
                        }
                    });
        }
        for (long i = 0; i < garbage.size(); i++) {
            reclaimer.disposal.releaseWeakFieldsOf(garbage.get(i));
        }
        for (long i = 0; i < garbage.size(); i++) {
            reclaimer.disposal.freeGarbage(self, garbage.get(i));
        }
    }
}
