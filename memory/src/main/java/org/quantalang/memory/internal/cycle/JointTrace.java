package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.cycle.SideCount.ENTERED;
import static org.quantalang.memory.internal.cycle.SideCount.LIVE;
import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.OLD_BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.STRONG_SHIFT;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;

/**
 * Traces many candidates together, without a pause in between.
 *
 * <ol>
 *   <li>Enter what the candidates reach, the closure of one after that of another (neighbours stay
 *       near each other), counting references on the side, with the sum of those that are
 *       unexplained, and marking as old.
 *   <li>Sum 0: all of it is garbage.
 *   <li>Otherwise the members with no unexplained reference are suspects. If they are few, count
 *       references anew among themselves only; if they are many, leave the counts as they are.
 *       Liveness spreads from each one with an unexplained reference. The rest is garbage.
 * </ol>
 *
 * <p>A young trace does not enter objects marked as old, unless their only reference is the one it
 * follows, and may be given a time after which it enters no more. A full trace leaves out nothing.
 *
 * <p>Owner thread only.
 */
final class JointTrace {
    private static final long NOT_ENTERED = LocalTrace.NOT_ENTERED;

    private static final long NO_EPOCH = -1;

    private final Edges edges;
    private final ReferenceBatch batch;
    private final Epochs epochs;
    private final long clockObjects;

    /** Everything entered. */
    final LongStack set;

    private final LongStack list;
    private final LongStack work;

    /** What {@link #run} found to be garbage; {@link #set} itself or a part of it. */
    LongStack garbage;

    /** Whether a root's closure is not complete because of old objects. */
    boolean leftOut;

    /**
     * Whether something was left out for want of time or memory, or because a sliced trace has it.
     */
    boolean cut;

    /** Index of the first root whose closure is not complete, or the number of roots. */
    long reached;

    int flagsSeen;

    private boolean stopped;
    private long nextClock;
    private long unexplained;

    /** Members all of whose references were counted. */
    private long suspects;

    private long epoch;
    private long garbageEpoch;

    JointTrace(
            Edges edges,
            ReferenceBatch batch,
            Epochs epochs,
            PageSource source,
            long clockObjects) {
        this.clockObjects = clockObjects;
        this.edges = edges;
        this.batch = batch;
        this.epochs = epochs;
        this.set = new LongStack(source);
        this.list = new LongStack(source);
        this.work = new LongStack(source);
        this.garbage = list;
    }

    java.util.List<LongStack> buffers() {
        return java.util.List.of(set, list, work);
    }

    /**
     * Finds the garbage among what the roots reach. Entries of roots that are dead become 0.
     *
     * @param full whether to leave out nothing
     * @param deadline when to stop entering, by {@link System#nanoTime}; 0 for never
     * @param most objects to enter, about
     */
    void run(LongStack roots, boolean full, long deadline, long most, Reclaimer reclaimer) {
        epochs.reserve(2);
        epoch = epochs.next();
        garbageEpoch = NO_EPOCH;
        list.clear();
        garbage = list;
        batch.begin();
        enterClosures(roots, full, deadline, most, reclaimer);
        flagsSeen = batch.flags;
        if (set.isEmpty()) {
            return;
        }
        if (!batch.complete) {
            cut = true; // nothing is decided, all candidates stay
            return;
        }
        if (unexplained == 0) {
            garbage = set;
            garbageEpoch = epoch;
            return;
        }
        if (!list.reserve(set.size()) || !work.reserve(set.size())) {
            cut = true;
            return;
        }
        separate();
    }

    private void enterClosures(
            LongStack roots, boolean full, long deadline, long most, Reclaimer reclaimer) {
        set.clear();
        work.clear();
        unexplained = 0;
        suspects = 0;
        leftOut = false;
        cut = false;
        stopped = false;
        long count = roots.size();
        reached = count;
        nextClock = deadline == 0 ? most : Math.min(most, clockObjects);
        for (long i = 0; i < count; i++) {
            long root = roots.get(i);
            if (root == 0) {
                continue;
            }
            long word = getLong(root);
            if (!HeaderWord.alive(word)) {
                roots.set(i, 0);
                Candidates.letGo(root, full ? BUFFERED | OLD_BUFFERED : BUFFERED, reclaimer);
                continue;
            }
            if (stopped
                    || SideCount.epoch(getLong(root + SideCount.WORD)) == epoch
                    || (word & NOT_ENTERED) != 0) {
                continue;
            }
            if (!set.reserve(1) || !work.reserve(1)) {
                stopped = true;
                cut = true;
                reached = i;
                continue;
            }
            set.push(root);
            work.push(root);
            putLong(root, word | OLD);
            putLong(root + SideCount.WORD, SideCount.inEpoch(epoch) | ENTERED);
            unexplained += HeaderWord.strong(word);
            enterClosure(full, deadline, most);
            if (stopped && reached == count) {
                cut = true;
                reached = i;
            }
        }
    }

    /** Enters what the pending objects reach. */
    private void enterClosure(boolean full, long deadline, long most) {
        long tag = SideCount.inEpoch(epoch);
        long thisEpoch = epoch;
        long notAlone = full ? 0 : OLD;
        long tail = set.top();
        long limit = set.limit();
        long pending = work.top();
        long open = 0;
        long explained = 0;
        boolean stop = stopped;
        boolean partial = false;
        long clock = nextClock;
        while (pending != work.bottom() || batch.more()) {
            boolean ahead = ReferenceBatch.worthReadingAhead(set.bottom(), tail);
            pending = batch.gather(work.bottom(), pending, ahead);
            long last = batch.end;
            long slot = batch.start;
            if (limit - tail < last - slot || work.limit() - pending < last - slot) {
                set.top(tail);
                work.top(pending);
                stop |= !set.reserve((last - slot) >>> 3) || !work.reserve((last - slot) >>> 3);
                tail = set.top();
                limit = set.limit();
                pending = work.top();
            }
            for (; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object == 0) {
                    continue;
                }
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                long note = getLong(child, SideCount.WORD);
                if (note >>> SideCount.EPOCH_SHIFT == thisEpoch) {
                    putLong(child, SideCount.WORD, note + 1);
                    open--;
                    explained += SideCount.explained(note + 1, word) ? 1 : 0;
                } else if (LocalTrace.neverEntered(word)) {
                    partial |= (word & MEMBER) != 0;
                } else if ((word & notAlone) != 0 && word >>> STRONG_SHIFT != 1) {
                    leftOut = true;
                } else if (stop) {
                    partial = true;
                } else {
                    putLong(child, word | OLD);
                    putLong(child, SideCount.WORD, tag | 1);
                    putLong(tail, child);
                    tail += Long.BYTES;
                    putLong(pending, child);
                    pending += Long.BYTES;
                    open += (word >>> STRONG_SHIFT) - 1;
                    explained += word >>> STRONG_SHIFT == 1 ? 1 : 0;
                }
            }
            long looked = (tail - set.bottom() - (pending - work.bottom())) >>> 3;
            if (looked >= clock) {
                stop |= clock == most || (deadline != 0 && System.nanoTime() - deadline > 0);
                clock = stop ? Long.MAX_VALUE : Math.min(most, clock + clockObjects);
            }
        }
        set.top(tail);
        work.top(pending);
        nextClock = clock;
        unexplained += open;
        suspects += explained;
        stopped = stop;
        cut |= partial;
    }

    /** Moves the garbage among the set's members into {@link #garbage}. */
    private void separate() {
        if (suspects == 0) {
            return;
        }
        if (suspects >= set.size() - suspects) {
            spreadLive(set, epoch);
            keepNotLive(set);
            garbageEpoch = epoch;
            return;
        }
        // Few suspects: their references among themselves, instead of liveness along all others.
        long end = set.top();
        for (long at = set.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            if (suspect(header)) {
                list.push(header);
            }
        }
        garbageEpoch = epochs.next();
        countAmongThemselves(list, garbageEpoch);
        spreadLive(list, garbageEpoch);
        keepNotLive(list);
    }

    private static boolean suspect(long header) {
        return SideCount.explained(getLong(header + SideCount.WORD), getLong(header));
    }

    private void countAmongThemselves(LongStack members, long newEpoch) {
        long end = members.top();
        for (long at = members.bottom(); at != end; at += Long.BYTES) {
            long note = getLong(at) + SideCount.WORD;
            putLong(note, SideCount.inEpoch(newEpoch) | (getLong(note) & ENTERED));
        }
        boolean ahead = ReferenceBatch.worthReadingAhead(members);
        batch.begin();
        for (long left = end; left != members.bottom() || batch.more(); ) {
            left = batch.gather(members.bottom(), left, ahead);
            for (long slot = batch.start, last = batch.end; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0) {
                    long child = object - HeaderWord.BYTES;
                    long note = getLong(child, SideCount.WORD);
                    if (SideCount.epoch(note) == newEpoch) {
                        putLong(child, SideCount.WORD, note + 1);
                    }
                }
            }
        }
    }

    /** From each member with an unexplained reference to all that it reaches. */
    private void spreadLive(LongStack members, long memberEpoch) {
        work.clear();
        long end = members.top();
        for (long at = members.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            if (!suspect(header)) {
                putLong(header + SideCount.WORD, getLong(header + SideCount.WORD) | LIVE);
                work.push(header);
            }
        }
        long pending = work.top();
        boolean ahead = ReferenceBatch.worthReadingAhead(members);
        batch.begin();
        while (pending != work.bottom() || batch.more()) {
            pending = batch.gather(work.bottom(), pending, ahead);
            for (long slot = batch.start, last = batch.end; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object == 0) {
                    continue;
                }
                long child = object - HeaderWord.BYTES;
                long note = getLong(child, SideCount.WORD);
                if (SideCount.epoch(note) == memberEpoch && (note & LIVE) == 0) {
                    putLong(child, SideCount.WORD, note | LIVE);
                    putLong(pending, child);
                    pending += Long.BYTES;
                }
            }
        }
        work.clear();
    }

    private void keepNotLive(LongStack members) {
        long kept = list.bottom();
        long end = members.top();
        for (long at = members.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            if ((getLong(header + SideCount.WORD) & LIVE) == 0) {
                putLong(kept, header);
                kept += Long.BYTES;
            }
        }
        list.top(kept);
    }

    /** Whether a member turned out to be garbage. */
    boolean isGarbage(long header) {
        long note = getLong(header + SideCount.WORD);
        return SideCount.epoch(note) == garbageEpoch && (note & LIVE) == 0;
    }

    /** Whether it is the first of what is counted as one structure: its closure was a root's. */
    static boolean isFirst(long header) {
        return (getLong(header + SideCount.WORD) & ENTERED) != 0;
    }

    /** After a trace that was cut, which knows nothing about its members. */
    void forgetOld() {
        long end = set.top();
        for (long at = set.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            putLong(header, getLong(header) & ~OLD);
        }
    }

    /**
     * Releases every reference from garbage to what is not garbage. After a trace that left out
     * nothing that is live for certain; otherwise it may have become garbage.
     */
    void releaseBoundary(Disposal disposal) {
        boolean candidates = leftOut || cut;
        long end = garbage.top();
        for (long at = garbage.bottom(); at != end; at += Long.BYTES) {
            edges.of(getLong(at));
            for (long slot = edges.start, last = edges.end; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0 && !isGarbage(object - HeaderWord.BYTES)) {
                    disposal.releaseFromGarbage(object - HeaderWord.BYTES, candidates);
                }
            }
        }
    }
}
