package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.HeaderWord.ACYCLIC;
import static org.quantalang.memory.internal.object.HeaderWord.BLACK;
import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.DYING;
import static org.quantalang.memory.internal.object.HeaderWord.FINALIZED;
import static org.quantalang.memory.internal.object.HeaderWord.GRAY;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;
import static org.quantalang.memory.internal.object.HeaderWord.PINNED;
import static org.quantalang.memory.internal.object.HeaderWord.PURPLE;
import static org.quantalang.memory.internal.object.HeaderWord.WHITE;
import static org.quantalang.memory.internal.object.HeaderWord.withColour;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.CycleOptions;
import org.quantalang.memory.CycleStats;
import org.quantalang.memory.PauseStats;
import org.quantalang.memory.Tracer.SlotVisitor;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The synchronous cycle collector of Bacon and Rajan ("Concurrent Cycle Collection in Reference
 * Counted Systems", ECOOP 2001, section 3), kept close to the paper: the reference that other
 * collectors are compared with.
 *
 * <p>Where it differs: explicit stacks instead of recursion; objects of types that cannot be part
 * of a cycle (the paper's green) are not entered, and released when their holder is freed; pinned
 * objects count as held from outside; whites are gathered first and freed when all are known, so
 * that no freed header is read; destructors run while all whites are whole, and then the whites are
 * looked at anew.
 *
 * <p>Owner thread only.
 */
public final class BaconRajanCollector implements CycleCollector {
    /** Candidates that make a collection due at first, unless the heap was configured otherwise. */
    private static final int DEFAULT_THRESHOLD = 512;

    /** The paper's green, and what is held from outside for ever: neither is traced. */
    private static final long NOT_TRACED = ACYCLIC | PINNED;

    /** The smallest block: bounds how many objects, and so how deep a stack, there can be. */
    private static final long SMALLEST_BLOCK = 32;

    private final TypeTable types;
    private final BlockAllocator blocks;
    private final Destructors destructors;
    private final long firstThreshold;

    private LongStack roots;
    private LongStack candidates;
    private final LongStack stack;
    private final LongStack whites;
    private @Nullable Reclaimer reclaimer;

    private long threshold;
    private boolean rootsLost;
    private boolean collecting;

    /** A trace is under way; for good, if it ended by an error, since counts are wrong then. */
    private boolean tracing;

    private boolean outOfMemory;
    private final CycleCounters counters;
    private final RootTrace fromRoots;

    /**
     * Makes the collector of one heap.
     *
     * @param options of these only the threshold, with which it starts; it adapts to the yield
     * @param listener is told of every collection, if there is one
     */
    public BaconRajanCollector(
            PageSource source,
            TypeTable types,
            BlockAllocator blocks,
            Destructors destructors,
            CycleOptions options,
            @Nullable Consumer<CollectionResult> listener) {
        this.types = types;
        this.blocks = blocks;
        this.destructors = destructors;
        this.counters = new CycleCounters(blocks, listener);
        this.firstThreshold = options.threshold() == 0 ? DEFAULT_THRESHOLD : options.threshold();
        this.threshold = firstThreshold;
        this.roots = new LongStack(source);
        this.candidates = new LongStack(source);
        this.stack = new LongStack(source);
        this.whites = new LongStack(source);
        this.fromRoots =
                new RootTrace(
                        types,
                        blocks,
                        destructors,
                        new Epochs(blocks, Epochs.LAST),
                        counters,
                        source);
    }

    @Override
    public void reclaimer(Reclaimer heapReclaimer) {
        reclaimer = heapReclaimer;
        fromRoots.reclaimer(heapReclaimer);
    }

    /**
     *
     *
     * <pre>
     * PossibleRoot(S)
     *   if (color(S) != purple)
     *     color(S) = purple
     *     if (! buffered(S))
     *       buffered(S) = true
     *       append S to Roots
     * </pre>
     */
    @Override
    public boolean possibleRoot(long header, long word) {
        if (HeaderWord.has(word, BUFFERED) || roots.tryPush(header)) {
            putLong(header, withColour(word, PURPLE) | BUFFERED);
        } else {
            // No memory for the buffer: the next collection looks at every object instead.
            rootsLost = true;
        }
        return due();
    }

    @Override
    public boolean due() {
        return !collecting && !tracing && (roots.size() >= threshold || rootsLost);
    }

    @Override
    public CollectionResult collectFor(long nanos, long objects) {
        return collect(true, CollectionResult.Reason.BUDGET, null);
    }

    @Override
    public void headerKept(long word) {
        // The next collection looks at every candidate.
    }

    @Override
    public boolean mayUpgrade(long header) {
        return true;
    }

    @Override
    public boolean grown() {
        return false;
    }

    @Override
    public void finishTrace() {
        // No trace is ever interrupted.
    }

    @Override
    public void collectDue(CollectionResult.Reason reason) {
        collect(false, reason, null);
    }

    @Override
    public CollectionResult collectAll(CollectionResult.Reason reason) {
        return collect(true, reason, null);
    }

    @Override
    public CollectionResult collectFrom(long[] from) {
        return collect(true, CollectionResult.Reason.TRACING, from);
    }

    private CollectionResult collect(
            boolean all, CollectionResult.Reason reason, long @Nullable [] from) {
        if (collecting) {
            return CollectionResult.NOTHING;
        }
        if (tracing) {
            return CycleCollector.off(reason);
        }
        collecting = true;
        long tracedBefore = counters.traced;
        long freedBefore = counters.freed;
        boolean traced = true;
        long start;
        try {
            start = counters.begin(reason);
            var rounds = new Rounds(blocks);
            if (from != null) {
                tracing = true;
                traced = fromRoots.run(from);
                tracing = false;
                releaser().drainAll();
            }
            boolean again;
            do {
                tracing = true;
                boolean destroyed = collectCycles();
                tracing = false;
                releaser().drainAll();
                // What only garbage held may be a candidate now; destructors ask for a second look.
                again = destroyed || (all && (roots.size() > 0 || rootsLost));
            } while (again && !outOfMemory && rounds.another());
        } finally {
            collecting = false;
            outOfMemory = false;
        }
        adapt(counters.freed - freedBefore, counters.traced - tracedBefore);
        counters.jointNanos += System.nanoTime() - start;
        boolean complete = all && traced && candidates() == 0;
        CollectionResult result = counters.end(complete);
        return all ? result : CollectionResult.NOTHING;
    }

    /** Fewer objects freed than half of those traced: look less often; otherwise more often. */
    private void adapt(long freedNow, long tracedNow) {
        if (freedNow * 2 < tracedNow) {
            threshold = Math.min(threshold * 3 / 2, 1L << 24);
        } else {
            threshold = Math.max(threshold * 2 / 3, firstThreshold);
        }
    }

    /**
     *
     *
     * <pre>
     * CollectCycles()
     *   MarkRoots()
     *   ScanRoots()
     *   CollectRoots()
     * </pre>
     *
     * @return whether destructors ran, so that their objects must be looked at again
     */
    private boolean collectCycles() {
        // Scan and ScanBlack share the stack; each pushes an object once.
        long objects = blocks.heldBytes() / SMALLEST_BLOCK;
        if (!stack.reserve(2 * objects + 1) || !whites.reserve(objects)) {
            outOfMemory = true;
            threshold *= 2;
            return false;
        }
        if (rootsLost) {
            bufferEveryObject();
        }
        LongStack taken = roots;
        roots = candidates;
        candidates = taken;
        counters.candidates += candidates.size();
        markRoots();
        scanRoots();
        collectRoots();
        candidates.clear();
        return freeWhites();
    }

    /** Candidates were lost for want of memory: every object that can be in a cycle is one. */
    private void bufferEveryObject() {
        rootsLost = false;
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            long word = getLong(header);
                            if (HeaderWord.alive(word) && (word & (NOT_TRACED | BUFFERED)) == 0) {
                                possibleRoot(header, word);
                            }
                        });
    }

    /**
     *
     *
     * <pre>
     * MarkRoots()
     *   for S in Roots
     *     if (color(S) == purple) MarkGray(S)
     *     else
     *       Roots = Roots - {S}
     *       buffered(S) = false
     *       if (color(S) == black and RC(S) == 0) Free(S)
     * </pre>
     *
     * A candidate that an earlier one's MarkGray reached is gray, perhaps with trial count 0: it
     * leaves the roots too, but is not free.
     */
    private void markRoots() {
        long kept = 0;
        long count = candidates.size();
        for (long i = 0; i < count; i++) {
            long header = candidates.get(i);
            long word = getLong(header);
            long colour = word & COLOUR_MASK;
            if (colour == PURPLE && HeaderWord.alive(word)) {
                candidates.set(kept++, header);
                markGray(header);
            } else if (colour == GRAY) {
                putLong(header, word & ~BUFFERED);
            } else {
                Candidates.letGo(header, BUFFERED, releaser());
            }
        }
        candidates.truncate(kept);
    }

    /**
     *
     *
     * <pre>
     * MarkGray(S)
     *   if (color(S) != gray)
     *     color(S) = gray
     *     for T in children(S)
     *       RC(T) = RC(T) - 1
     *       MarkGray(T)
     * </pre>
     */
    private void markGray(long root) {
        putLong(root, withColour(getLong(root), GRAY));
        stack.push(root);
        while (!stack.isEmpty()) {
            long header = stack.pop();
            counters.traced++;
            long word = getLong(header);
            long type = types.descriptor(word);
            int flags = TypeDescriptor.flags(type);
            if ((flags & TypeDescriptor.TRACED) != 0) {
                traceSlots(header, slot -> grayChildren(slot, slot + Long.BYTES));
            } else {
                int runs = TypeDescriptor.runCount(type);
                for (int i = 0; i < runs; i++) {
                    long run = TypeDescriptor.run(type, flags, header, i);
                    grayChildren(
                            TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
                }
            }
        }
    }

    private void grayChildren(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & NOT_TRACED) == 0) {
                    long less = word - ONE_STRONG;
                    if ((less & COLOUR_MASK) != GRAY) {
                        less = withColour(less, GRAY);
                        stack.push(child);
                    }
                    putLong(child, less);
                }
            }
        }
    }

    /**
     *
     *
     * <pre>
     * ScanRoots()
     *   for S in Roots
     *     Scan(S)
     *
     * Scan(S)
     *   if (color(S) == gray)
     *     if (RC(S) &gt; 0) ScanBlack(S)
     *     else
     *       color(S) = white
     *       for T in children(S)
     *         Scan(T)
     * </pre>
     *
     * The member bit marks what is on the stack, so that nothing is on it twice and the room
     * reserved for it is enough.
     */
    private void scanRoots() {
        long count = candidates.size();
        for (long i = 0; i < count; i++) {
            stack.push(candidates.get(i));
            while (!stack.isEmpty()) {
                long header = stack.pop();
                long word = getLong(header) & ~MEMBER;
                putLong(header, word);
                if ((word & COLOUR_MASK) == GRAY) {
                    if (HeaderWord.alive(word)) {
                        scanBlack(header);
                    } else {
                        putLong(header, withColour(word, WHITE));
                        scanChildren(header, word);
                    }
                }
            }
        }
    }

    private void scanChildren(long header, long word) {
        long type = types.descriptor(word);
        int flags = TypeDescriptor.flags(type);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            traceSlots(header, slot -> pushGray(slot, slot + Long.BYTES));
            return;
        }
        int runs = TypeDescriptor.runCount(type);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type, flags, header, i);
            pushGray(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private void pushGray(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & (COLOUR_MASK | MEMBER)) == GRAY) {
                    putLong(child, word | MEMBER);
                    stack.push(child);
                }
            }
        }
    }

    /**
     *
     *
     * <pre>
     * ScanBlack(S)
     *   color(S) = black
     *   for T in children(S)
     *     RC(T) = RC(T) + 1
     *     if (color(T) != black)
     *       ScanBlack(T)
     * </pre>
     *
     * Uses the stack above what {@link #scanRoots} has on it.
     */
    private void scanBlack(long root) {
        long bottom = stack.size();
        putLong(root, withColour(getLong(root), BLACK));
        stack.push(root);
        while (stack.size() != bottom) {
            long header = stack.pop();
            long type = types.descriptor(getLong(header));
            int flags = TypeDescriptor.flags(type);
            if ((flags & TypeDescriptor.TRACED) != 0) {
                traceSlots(header, slot -> blackenChildren(slot, slot + Long.BYTES));
            } else {
                int runs = TypeDescriptor.runCount(type);
                for (int i = 0; i < runs; i++) {
                    long run = TypeDescriptor.run(type, flags, header, i);
                    blackenChildren(
                            TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
                }
            }
        }
    }

    private void blackenChildren(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & NOT_TRACED) == 0) {
                    long more = word + ONE_STRONG;
                    if ((more & COLOUR_MASK) != BLACK) {
                        more = withColour(more, BLACK);
                        stack.push(child);
                    }
                    putLong(child, more);
                }
            }
        }
    }

    /**
     *
     *
     * <pre>
     * CollectRoots()
     *   for S in Roots
     *     remove S from Roots
     *     buffered(S) = false
     *     CollectWhite(S)
     *
     * CollectWhite(S)
     *   if (color(S) == white and ! buffered(S))
     *     color(S) = black
     *     for T in children(S)
     *       CollectWhite(T)
     *     Free(S)
     * </pre>
     *
     * Free is put off until all are gathered.
     */
    private void collectRoots() {
        long count = candidates.size();
        for (long i = 0; i < count; i++) {
            long root = candidates.get(i);
            long word = getLong(root) & ~BUFFERED;
            putLong(root, word);
            if ((word & COLOUR_MASK) == WHITE) {
                counters.cycles++;
                putLong(root, withColour(word, BLACK));
                stack.push(root);
                while (!stack.isEmpty()) {
                    long header = stack.pop();
                    whites.push(header);
                    gatherChildren(header, getLong(header));
                }
            }
        }
    }

    private void gatherChildren(long header, long word) {
        long type = types.descriptor(word);
        int flags = TypeDescriptor.flags(type);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            traceSlots(header, slot -> pushWhite(slot, slot + Long.BYTES));
            return;
        }
        int runs = TypeDescriptor.runCount(type);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type, flags, header, i);
            pushWhite(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private void pushWhite(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & (COLOUR_MASK | BUFFERED)) == WHITE) {
                    putLong(child, withColour(word, BLACK));
                    stack.push(child);
                }
            }
        }
    }

    // ---- the end of the whites: their counts are 0, their edges into live objects gone

    private boolean freeWhites() {
        long count = whites.size();
        boolean destroy = false;
        for (long i = 0; i < count; i++) {
            destroy |= mustDestroy(whites.get(i));
        }
        if (destroy) {
            runDestructors(count);
        } else {
            // First all children outside the trace, then the blocks: a freed header is never read.
            // Dying objects are not freed with their last weak reference, which another may hold.
            for (long i = 0; i < count; i++) {
                long header = whites.get(i);
                putLong(header, getLong(header) | DYING);
                releaseUntraced(header);
            }
            for (long i = 0; i < count; i++) {
                long header = whites.get(i);
                long type = types.descriptor(getLong(header));
                blocks.countCollected(header);
                releaser().buryBlock(header, type, TypeDescriptor.flags(type));
            }
            counters.freed += count;
        }
        whites.clear();
        return destroy;
    }

    private boolean mustDestroy(long header) {
        long word = getLong(header);
        return !HeaderWord.has(word, FINALIZED)
                && (TypeDescriptor.flags(types.descriptor(word)) & TypeDescriptor.DESTRUCTOR) != 0;
    }

    private void releaseUntraced(long header) {
        long type = types.descriptor(getLong(header));
        int flags = TypeDescriptor.flags(type);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            traceSlots(header, slot -> dropAcyclic(slot, slot + Long.BYTES));
            return;
        }
        int runs = TypeDescriptor.runCount(type);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type, flags, header, i);
            dropAcyclic(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private void dropAcyclic(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0 && HeaderWord.has(getLong(object - HeaderWord.BYTES), ACYCLIC)) {
                releaser().drop(object - HeaderWord.BYTES);
            }
        }
    }

    /**
     * Restores all counts, holds every white, makes its weak references dead, runs the destructors
     * in the order in which the objects were gathered, and lets go: what is still garbage is found
     * again as candidates, without a destructor this time.
     */
    private void runDestructors(long count) {
        for (long i = 0; i < count; i++) {
            restoreChildren(whites.get(i));
        }
        long pending = 0;
        for (long i = 0; i < count; i++) {
            long header = whites.get(i);
            if (mustDestroy(header)) {
                stack.push(header);
                pending++;
            }
            putLong(header, (getLong(header) | FINALIZED) + ONE_STRONG);
        }
        for (long i = 0; i < pending; i++) {
            destructors.run(stack.get(i));
        }
        stack.clear();
        for (long i = 0; i < count; i++) {
            releaser().drop(whites.get(i));
        }
    }

    private void restoreChildren(long header) {
        long type = types.descriptor(getLong(header));
        int flags = TypeDescriptor.flags(type);
        if ((flags & TypeDescriptor.TRACED) != 0) {
            traceSlots(header, slot -> countAgain(slot, slot + Long.BYTES));
            return;
        }
        int runs = TypeDescriptor.runCount(type);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(type, flags, header, i);
            countAgain(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private static void countAgain(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & NOT_TRACED) == 0) {
                    putLong(child, word + ONE_STRONG);
                }
            }
        }
    }

    private void traceSlots(long header, SlotVisitor visitor) {
        types.at(HeaderWord.type(getLong(header))).traceInto(header, visitor);
    }

    private Reclaimer releaser() {
        Reclaimer result = reclaimer;
        if (result == null) {
            throw new IllegalStateException("collector has no reclaimer yet");
        }
        return result;
    }

    @Override
    public void forEachCandidate(LongConsumer visitor) {
        for (long i = 0; i < roots.size(); i++) {
            visitor.accept(roots.get(i));
        }
    }

    @Override
    public boolean collecting() {
        return collecting || counters.telling();
    }

    @Override
    public long candidates() {
        return roots.size();
    }

    @Override
    public CycleStats stats() {
        return counters.stats(roots.size(), 0);
    }

    @Override
    public PauseStats pauses() {
        return counters.pauses();
    }

    @Override
    public List<LongStack> buffers() {
        List<LongStack> all = new ArrayList<>(List.of(roots, candidates, stack, whites));
        all.addAll(fromRoots.buffers());
        return all;
    }
}
