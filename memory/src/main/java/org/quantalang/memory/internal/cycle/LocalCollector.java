package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.OLD_BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.PURPLE;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;
import static org.quantalang.memory.internal.type.TypeDescriptor.DESTRUCTOR;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.CycleOptions;
import org.quantalang.memory.CycleStats;
import org.quantalang.memory.PauseStats;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.alloc.PageTable;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.tuning.TuningProperty;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The cycle collector that looks near before it looks far.
 *
 * <p>It rests on one lemma. Take any set S of objects, and let in(s) be the number of slots of
 * members of S that refer to s. The largest part W of S in which every member's references all come
 * from W is garbage. What is outside S merely counts as a holder. So a trace may be given any part
 * of the heap, leave out anything and stop anywhere: it can never free a live object, only miss
 * garbage. And since references are counted beside the real counts (see {@link SideCount}), an
 * abandoned trace needs no undoing, and what is live no restoring.
 *
 * <p>A collection is due after few candidates. Each gets a {@link LocalTrace}. What those leave
 * open gets one {@link JointTrace}, which marks what it finds live as old; young traces do not
 * enter old objects, and candidates that they therefore cannot decide move to the old buffer. A
 * full trace over all buffers leaves out nothing; it runs when the others' work has earned it or
 * the heap has grown, so that all garbage is found in the end. See {@link Candidates} for the rule
 * that makes this complete.
 *
 * <p>Owner thread only.
 */
public final class LocalCollector implements CycleCollector {
    /** Candidates that make a collection due, unless the heap was configured otherwise. */
    private static final int DEFAULT_THRESHOLD = 32;

    /** Pages taken since the last collection that make one due: few candidates may hold much. */
    private static final long GROWTH_BYTES = 16 * PageTable.PAGE_BYTES;

    /** The same for what went into pages that the heap has: garbage may fill them. */
    private static final long REFILLED_BYTES = 256 * PageTable.PAGE_BYTES;

    private static final long SWEPT_AT_ONCE = 128;

    /** Between two looks at the clock of a call with a budget. */
    private static final long SLICE_AT_MOST = 1_000_000;

    /** Candidates between two looks at the clock, if what they lead to is small. */
    private static final long CLOCK_CANDIDATES = 64;

    /**
     * A collection that did not get round to all is followed by the next after this part of the
     * candidates that it did: each may leave one more behind, and still fewer and fewer wait.
     */
    private static final long CATCH_UP = 4;

    /**
     * Objects that a local trace may enter, by those between two looks at the clock: about a slice
     * of them if each waits for memory. A joint trace reads ahead, and is cut.
     */
    private static final long LOCAL_FACTOR = 16;

    /** Time for all of a trace in slices, because the program outruns it. */
    private static final long ALL_OF_IT = Long.MAX_VALUE;

    /** A deadline that never comes. */
    private static final long NEVER = 0;

    /** Collects completely at every operation that makes a candidate: for tests. */
    private static final boolean STRESS = TuningProperty.flag("quanta.heap.stressCycles");

    private final CycleOptions options;
    private final TypeTable types;
    private final BlockAllocator blocks;
    private final Destructors destructors;
    private final Candidates candidates;
    private final Epochs epochs;
    private final Edges edges;
    private final ReferenceBatch batch;
    private final LocalTrace local;
    private final LocalCredit credit = new LocalCredit();
    private final JointTrace joint;
    private final SlicedTrace sliced;
    private final RootTrace fromRoots;
    private final LongStack open;
    private final CycleCounters counters;
    private final FullTracePace pace;
    private final int firstThreshold;
    private final long sliceNanos;
    private final long restNanos;
    private @Nullable Disposal disposal;
    private @Nullable Reclaimer reclaimer;

    private long threshold;
    private boolean collecting;

    /** A trace is under way; for good, if it ended by an error. See {@link CycleCollector#off}. */
    private boolean tracing;

    private boolean destroyed;
    private boolean outOfMemory;
    private long bytesAfterCollection;
    private long offeredBefore;
    private long bytesAfterSlice;
    private long lastSliceEnd;
    private boolean notReached;
    private long reached;

    /**
     * In a call with a budget: what local traces leave open waits, so that one trace in slices
     * looks at all of it, not one of limited time at each few.
     */
    private boolean byBudget;

    private long deadline = NEVER;
    private long objectsLeft = Long.MAX_VALUE;

    /**
     * Makes the collector of one heap.
     *
     * @param listener is told of every collection, if there is one
     * @param lastEpoch where the numbering of traces starts anew; {@link #LAST_EPOCH} but for tests
     */
    public LocalCollector(
            PageSource source,
            TypeTable types,
            BlockAllocator blocks,
            Destructors destructors,
            CycleOptions options,
            @Nullable Consumer<CollectionResult> listener,
            long lastEpoch) {
        this.options = options;
        this.types = types;
        this.blocks = blocks;
        this.destructors = destructors;
        this.counters = new CycleCounters(blocks, listener);
        this.pace = new FullTracePace(options, blocks);
        this.candidates = new Candidates(blocks, source);
        this.epochs = new Epochs(blocks, lastEpoch);
        this.edges = new Edges(types, source);
        long localMost = Math.max(options.localObjects(), LOCAL_FACTOR * options.clockObjects());
        this.local = new LocalTrace(types, edges, source, localMost);
        this.batch = new ReferenceBatch(types, edges, source);
        this.joint = new JointTrace(edges, batch, epochs, source, options.clockObjects());
        this.sliced = new SlicedTrace(edges, batch, epochs, candidates, counters, source);
        this.fromRoots = new RootTrace(types, blocks, destructors, epochs, counters, source);
        this.open = new LongStack(source);
        this.sliceNanos = options.slice().toNanos();
        this.restNanos =
                sliceNanos * (100 - options.sliceSharePercent()) / options.sliceSharePercent();
        int wanted = options.threshold() == 0 ? DEFAULT_THRESHOLD : options.threshold();
        this.firstThreshold = STRESS ? 1 : wanted;
        this.threshold = firstThreshold;
    }

    /** The largest epoch that the side counts can hold. */
    public static final long LAST_EPOCH = Epochs.LAST;

    @Override
    public void reclaimer(Reclaimer heapReclaimer) {
        reclaimer = heapReclaimer;
        fromRoots.reclaimer(heapReclaimer);
        disposal = new Disposal(types, blocks, destructors, candidates, heapReclaimer);
    }

    // ---- when

    @Override
    public boolean possibleRoot(long header, long word) {
        candidates.touched(header, word);
        return due();
    }

    @Override
    public boolean due() {
        return (candidates.young.size() >= threshold && !collecting) || lostDue();
    }

    private boolean lostDue() {
        return candidates.lost() && !collecting && !outOfMemory && !tracing;
    }

    @Override
    public boolean grown() {
        if (collecting || tracing) {
            return false;
        }
        long bytes = blocks.usedBytes();
        return (sliced.active() && bytes - bytesAfterSlice >= PageTable.PAGE_BYTES)
                || (candidates.size() > 0
                        && (bytes - bytesAfterCollection
                                        >= (notReached ? PageTable.PAGE_BYTES : GROWTH_BYTES)
                                || blocks.offeredBytes() - offeredBefore >= REFILLED_BYTES));
    }

    private boolean fullDue() {
        return !candidates.old.isEmpty() && pace.due();
    }

    @Override
    public void collectDue(CollectionResult.Reason reason) {
        if (collecting || tracing) {
            return;
        }
        if (STRESS) {
            collectAll(reason);
            return;
        }
        collecting = true;
        try {
            long start = counters.begin(reason);
            long tracedBefore = counters.traced;
            collectYoungUntil(sliceNanos == 0 ? NEVER : start + sliceNanos);
            pace.earned(counters.traced - tracedBefore);
            if (sliceNanos == 0 && !sliced.active()) {
                if (fullDue()) {
                    startOfFull();
                    long before = blocks.collectedBytes();
                    fullTrace();
                    pace.ended();
                    pace.yielded(blocks.collectedBytes() - before);
                }
            } else {
                startSliced();
                workInSlices(start);
            }
            candidates.sweepOld(SWEPT_AT_ONCE, releaser());
            releaser().drainSome();
        } finally {
            ended();
            counters.endUnasked();
        }
    }

    private void collectYoungUntil(long end) {
        notReached = false;
        deadline = end;
        collectYoung();
        if (destroyed) {
            // What only destructors kept is found again now; more of them can wait.
            collectYoung();
            destroyed = false;
        }
    }

    private void startSliced() {
        if (sliced.active()) {
            return;
        }
        if (fullDue()) {
            startSliced(false);
        } else if (!candidates.waiting.isEmpty()) {
            startSliced(true);
        }
    }

    /**
     * At most its share of the time, unless the heap grows: then half a slice more for each page,
     * and all that is left once the program outruns it.
     */
    private void workInSlices(long start) {
        if (!sliced.active()) {
            return;
        }
        long now = System.nanoTime();
        if (pace.outrun()) {
            slice(now, ALL_OF_IT);
        } else if (blocks.usedBytes() - bytesAfterSlice >= PageTable.PAGE_BYTES) {
            slice(now, rest(sliceNanos * 3 / 2, now - start));
        } else if (now - lastSliceEnd >= restNanos) {
            slice(now, rest(sliceNanos, now - start));
        }
    }

    /** What the young candidates have left of a slice's time, and at least half of it. */
    private static long rest(long nanos, long used) {
        return Math.max(nanos - used, nanos / 2);
    }

    private void slice(long start, long nanos) {
        long now;
        boolean more;
        do {
            long objects = Math.min(options.clockObjects(), objectsLeft);
            more = step(objects);
            counters.step(sliced.looked());
            objectsLeft -= objects;
            now = System.nanoTime();
        } while (more && objectsLeft > 0 && now - start < nanos / 10 * 9);
        if (!sliced.young()) {
            pace.entered(sliced.marked());
        }
        counters.slice(now - start);
        lastSliceEnd = now;
        bytesAfterSlice = blocks.usedBytes();
    }

    /** Goes on with the trace in slices; returns whether there is more to do. */
    private boolean step(long objects) {
        boolean ofYoung = sliced.young();
        boolean full = sliced.active() && !ofYoung;
        long before = blocks.collectedBytes();
        long freedBefore = counters.freed;
        tracing = true;
        boolean more = sliced.step(objects, ender());
        tracing = false;
        if (ofYoung && counters.freed > freedBefore) {
            credit.young.succeeded();
        }
        pace.freed(blocks.collectedBytes() - before);
        if (full && !more) {
            pace.slicesEnded();
        }
        return more;
    }

    @Override
    public CollectionResult collectFor(long nanos, long objects) {
        if (collecting || releaser().draining()) {
            return CollectionResult.NOTHING;
        }
        if (tracing) {
            return CycleCollector.off(CollectionResult.Reason.BUDGET);
        }
        collecting = true;
        byBudget = true;
        objectsLeft = objects;
        boolean complete = false;
        CollectionResult result;
        try {
            long start = counters.begin(CollectionResult.Reason.BUDGET);
            long now = start;
            do {
                // Looks at the clock at least as often as slices do, for what comes in between.
                long part = Math.min(nanos - (now - start), SLICE_AT_MOST);
                if (sliced.active()) {
                    slice(now, part);
                } else if (candidates.youngSize() > 0 || candidates.lost()) {
                    collectYoungUntil(now + part);
                } else {
                    startAnySliced();
                }
                releaser().drainSome();
                complete = !sliced.active() && candidates.isEmpty() && !releaser().pending();
                now = System.nanoTime();
            } while (!complete && !outOfMemory && objectsLeft > 0 && now - start < nanos);
        } finally {
            byBudget = false;
            outOfMemory = false;
            objectsLeft = Long.MAX_VALUE;
            ended();
            result = counters.end(complete);
        }
        return result;
    }

    private void startSliced(boolean fromYoung) {
        if (!fromYoung) {
            startOfFull();
        }
        counters.sliced++;
        pace.slicesBegin();
        sliced.start(fromYoung);
    }

    private void startAnySliced() {
        if (!candidates.waiting.isEmpty()) {
            startSliced(true);
        } else if (!candidates.old.isEmpty()) {
            startSliced(false);
        }
    }

    private void startOfFull() {
        pace.begins();
        counters.full++;
    }

    private void ended() {
        collecting = false;
        bytesAfterCollection = blocks.usedBytes();
        offeredBefore = blocks.offeredBytes();
        // What waits again after a collection does not count.
        long more = notReached ? Math.clamp(reached / CATCH_UP, 1, firstThreshold) : firstThreshold;
        threshold = tracing ? Long.MAX_VALUE : candidates.young.size() + more;
    }

    @Override
    public CollectionResult collectAll(CollectionResult.Reason reason) {
        return collectAll(reason, null);
    }

    @Override
    public CollectionResult collectFrom(long[] roots) {
        return collectAll(CollectionResult.Reason.TRACING, roots);
    }

    private CollectionResult collectAll(CollectionResult.Reason reason, long @Nullable [] roots) {
        if (collecting) {
            return CollectionResult.NOTHING;
        }
        if (tracing) {
            return CycleCollector.off(reason);
        }
        collecting = true;
        boolean traced = true;
        CollectionResult result;
        try {
            counters.begin(reason);
            var rounds = new Rounds(blocks);
            finishSliced();
            if (roots != null) {
                tracing = true;
                traced = fromRoots.run(roots);
                tracing = false;
                releaser().drainAll();
            }
            do {
                outOfMemory = false;
                destroyed = false;
                do {
                    deadline = NEVER;
                    collectYoung();
                    releaser().drainAll();
                } while (candidates.lost() && !outOfMemory);
                // Then local traces again: they free what had a destructor apart from what has.
                if (!candidates.isEmpty() && !outOfMemory) {
                    fullTrace();
                    releaser().drainAll();
                }
            } while ((destroyed || !candidates.isEmpty()) && !outOfMemory && rounds.another());
            startOfFull();
            pace.ended();
        } finally {
            outOfMemory = false;
            ended();
            result = counters.end(traced && candidates.isEmpty());
        }
        return result;
    }

    @Override
    public void finishTrace() {
        if (tracing) {
            return;
        }
        collecting = true;
        try {
            finishSliced();
        } finally {
            collecting = false;
        }
    }

    private void finishSliced() {
        boolean more = step(Long.MAX_VALUE);
        assert !more;
    }

    // ---- young candidates

    private void collectYoung() {
        tracing = true;
        traceYoung();
        tracing = false;
    }

    private void traceYoung() {
        if (candidates.lost()) {
            candidates.findLost();
        }
        long count = candidates.youngSize();
        open.clear();
        if (!open.reserve(count) || (count == 0 && candidates.lost())) {
            outOfMemory = true;
            return;
        }
        long before = counters.traced;
        long looked = before;
        long decided = 0;
        boolean over = false;
        while (decided < count && !over) {
            decide(candidates.next());
            decided++;
            if (decided % CLOCK_CANDIDATES == 0
                    || counters.traced - looked >= options.clockObjects()) {
                over = over(before);
                counters.step(counters.traced - looked);
                looked = counters.traced;
            }
        }
        counters.candidates += decided;
        reached = decided;
        notReached |= decided < count;
        if (byBudget || (sliced.active() && sliced.young())) {
            // What a trace in slices may decide waits for the next one.
            for (long i = 0; i < open.size(); i++) {
                candidates.defer(open.get(i), candidates.waiting);
            }
            open.clear();
        }
        if (!open.isEmpty()) {
            trace(open, false);
        }
        objectsLeft -= counters.traced - before;
    }

    /** Whether this call has done its share. */
    private boolean over(long tracedBefore) {
        return counters.traced - tracedBefore >= objectsLeft
                || (deadline != NEVER && System.nanoTime() - deadline > 0);
    }

    /**
     * Looks near one candidate; what it leaves open goes to {@link #open} or the old buffer.
     * Candidates are tried while that pays, by sampling when it does not; in a call with a budget,
     * which is to find all, the young ones always.
     *
     * <p>One method for the JIT's sake: too large to be inlined, it is compiled by itself, and has
     * room for all accesses to memory of {@link Disposal#freeLocal}.
     */
    private void decide(long header) {
        long word = getLong(header);
        if (!HeaderWord.alive(word)) {
            Candidates.letGo(header, BUFFERED, releaser());
            return;
        }
        if ((word & MEMBER) != 0) {
            candidates.defer(header, candidates.waiting);
            return;
        }
        if ((word & COLOUR_MASK) != PURPLE || HeaderWord.pinned(word)) {
            // Found live by a full trace since, and not touched again; or live for ever.
            Candidates.drop(header, BUFFERED);
            return;
        }
        boolean old = (word & OLD) != 0;
        Trials trials = old ? credit.old : credit.young;
        if (!trials.tries() && (old || !byBudget)) {
            // Purple: not a candidate again until a full trace has looked at it.
            candidates.moveToOld(header, PURPLE);
            return;
        }
        long most = options.localObjects();
        long budget = old ? most : credit.budget(most);
        LocalTrace.Verdict verdict = local.run(header, budget, !old);
        long entered = local.set.size();
        counters.traced += entered;
        if (verdict == LocalTrace.Verdict.GARBAGE) {
            if (ender().freeLocal(local)) {
                counters.localFreed++;
                counters.cycles++;
                counters.freed += entered;
                credit.freed(entered);
            } else {
                destroyed = true;
            }
            trials.succeeded();
            return;
        }
        trials.failed();
        credit.failed(budget, entered);
        if (verdict == LocalTrace.Verdict.HELD) {
            counters.localHeld++;
            Candidates.drop(header, BUFFERED);
        } else {
            counters.localOpen++;
            if (old) {
                candidates.moveToOld(header, HeaderWord.BLACK);
            } else {
                open.push(header);
            }
        }
    }

    // ---- joint traces

    private void trace(LongStack roots, boolean full) {
        long start = System.nanoTime();
        // Half of what is left, since telling what is garbage takes as long as entering does.
        long enough = Math.max((deadline - start) / 2, sliceNanos / 4);
        traceAndFree(roots, full, deadline == NEVER ? NEVER : start + enough);
        counters.jointNanos += System.nanoTime() - start;
    }

    private void traceAndFree(LongStack roots, boolean full, long enterUntil) {
        joint.run(roots, full, enterUntil, objectsLeft, releaser());
        counters.traced += joint.set.size();
        if (full) {
            pace.entered(joint.set.size());
        }
        if (joint.cut) {
            joint.forgetOld();
        }
        long flags = full ? BUFFERED | OLD_BUFFERED : BUFFERED;
        for (long i = 0; i < roots.size(); i++) {
            long root = roots.get(i);
            if (root == 0) {
                continue;
            }
            if (joint.isGarbage(root)) {
                if (JointTrace.isFirst(root)) {
                    counters.cycles++;
                }
                if (!full) {
                    credit.young.succeeded();
                }
                putLong(root, getLong(root) & ~flags);
            } else if (joint.cut) {
                putBack(root, full, i);
            } else if (joint.leftOut) {
                candidates.moveToOld(root, HeaderWord.BLACK);
            } else {
                Candidates.drop(root, flags);
            }
        }
        roots.clear();
        outOfMemory |= joint.cut && deadline == NEVER && objectsLeft == Long.MAX_VALUE;
        if (!joint.garbage.isEmpty()) {
            free(joint);
        }
    }

    /** What a trace that was cut short had no time for. */
    private void putBack(long root, boolean full, long index) {
        if (full) {
            putLong(root, getLong(root) & ~BUFFERED);
            candidates.moveToOld(root, HeaderWord.BLACK);
        } else if (index > 0 && index >= joint.reached) {
            candidates.defer(root, candidates.young);
            notReached = true;
        } else if (sliceNanos == 0) {
            candidates.moveToOld(root, HeaderWord.BLACK);
        } else {
            // Its closure alone is too large, or partly in a trace in slices.
            candidates.defer(root, candidates.waiting);
        }
    }

    private void free(JointTrace found) {
        if ((found.flagsSeen & DESTRUCTOR) != 0 && ender().mustDestroyAny(found.garbage)) {
            destroyed = true;
            ender().destroy(found.garbage);
            return;
        }
        counters.freed += found.garbage.size();
        found.releaseBoundary(ender());
        ender().freeBlocks(found.garbage, found.flagsSeen);
    }

    /** Traces all candidates and all that they reach. */
    private void fullTrace() {
        open.clear();
        if (!open.reserve(candidates.size())) {
            outOfMemory = true;
            return;
        }
        candidates.takeAll(open);
        deadline = NEVER;
        tracing = true;
        trace(open, true);
        tracing = false;
    }

    private Disposal ender() {
        Disposal result = disposal;
        if (result == null) {
            throw new IllegalStateException("collector has no reclaimer yet");
        }
        return result;
    }

    private Reclaimer releaser() {
        Reclaimer result = reclaimer;
        if (result == null) {
            throw new IllegalStateException("collector has no reclaimer yet");
        }
        return result;
    }

    // ---- what it tells

    @Override
    public void headerKept(long word) {
        if ((word & OLD_BUFFERED) != 0) {
            candidates.diedInOld();
        }
    }

    @Override
    public boolean mayUpgrade(long header) {
        return sliced.mayUpgrade(header);
    }

    @Override
    public void forEachCandidate(LongConsumer visitor) {
        candidates.forEach(visitor);
        sliced.forEachCandidate(visitor);
    }

    @Override
    public boolean collecting() {
        return collecting || counters.telling();
    }

    @Override
    public long candidates() {
        return candidates.size();
    }

    @Override
    public CycleStats stats() {
        return counters.stats(
                candidates.youngSize() + candidates.waiting.size(), candidates.old.size());
    }

    @Override
    public PauseStats pauses() {
        return counters.pauses();
    }

    @Override
    public List<LongStack> buffers() {
        List<LongStack> all = new ArrayList<>(joint.buffers());
        all.addAll(sliced.buffers());
        all.addAll(fromRoots.buffers());
        all.addAll(candidates.buffers());
        all.addAll(List.of(open, edges.buffer(), batch.buffer(), local.set, local.boundary));
        return all;
    }
}
