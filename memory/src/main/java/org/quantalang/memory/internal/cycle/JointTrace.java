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
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * Traces many candidates together, without a pause in between.
 *
 * <ol>
 *   <li>Enter what the candidates reach, the closure of one after that of another (neighbours stay
 *       near each other), counting references on the side, with the sum of those that are
 *       unexplained.
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

    private final TypeTable types;
    private final Edges edges;
    private final ReadAhead readAhead;
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
    private boolean incomplete;
    private long nextClock;
    private long unexplained;
    private long epoch;
    private long garbageEpoch;

    JointTrace(
            TypeTable types,
            Edges edges,
            ReadAhead readAhead,
            Epochs epochs,
            PageSource source,
            long clockObjects) {
        this.clockObjects = clockObjects;
        this.types = types;
        this.edges = edges;
        this.readAhead = readAhead;
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
        enterClosures(roots, full, deadline, most, reclaimer);
        if (set.isEmpty()) {
            return;
        }
        if (incomplete) {
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
        unexplained = 0;
        flagsSeen = 0;
        leftOut = false;
        cut = false;
        stopped = false;
        incomplete = false;
        long count = roots.size();
        reached = count;
        nextClock = deadline == 0 ? most : Math.min(most, clockObjects);
        long entered = 0;
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
            if (!set.tryPush(root)) {
                stopped = true;
                cut = true;
                reached = i;
                continue;
            }
            putLong(root + SideCount.WORD, SideCount.inEpoch(epoch) | ENTERED);
            unexplained += HeaderWord.strong(word);
            entered = enterClosure(entered, full, deadline, most);
            if (stopped && reached == count) {
                cut = true;
                reached = i;
            }
        }
    }

    /** Enters what the objects of the set from {@code entered} on reach; returns the new size. */
    private long enterClosure(long entered, boolean full, long deadline, long most) {
        long tag = SideCount.inEpoch(epoch);
        long thisEpoch = epoch;
        long notAlone = full ? 0 : OLD;
        long head = set.bottom() + (entered << 3);
        long tail = set.top();
        long limit = set.limit();
        long ahead = Math.max(head, set.bottom() + ReadAhead.WORTHWHILE_BYTES);
        long open = 0;
        int flags = flagsSeen;
        boolean stop = false;
        boolean partial = false;
        long clock = nextClock;
        while (head != tail) {
            if (head >= ahead) {
                ahead = head + ReadAhead.GROUP_BYTES;
                if (ahead <= tail) {
                    readAhead.children(head, ahead);
                }
            }
            long header = getLong(head);
            head += Long.BYTES;
            long type = types.descriptor(getLong(header));
            int typeFlags = TypeDescriptor.flags(type);
            flags |= typeFlags;
            long slot;
            long end;
            if ((typeFlags & TypeDescriptor.UNUSUAL_RUNS) == 0) {
                long run = TypeDescriptor.onlyRun(type);
                slot = TypeDescriptor.start(header, run);
                end = TypeDescriptor.end(header, run);
            } else {
                edges.unusual(header, type, typeFlags);
                slot = edges.start;
                end = edges.end;
                incomplete |= !edges.complete;
            }
            if (limit - tail < end - slot) {
                long headAt = head - set.bottom();
                ahead -= set.bottom();
                set.top(tail);
                stop |= !set.reserve((end - slot) >>> 3);
                head = set.bottom() + headAt;
                ahead += set.bottom();
                tail = set.top();
                limit = set.limit();
            }
            for (; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object == 0) {
                    continue;
                }
                long child = object - HeaderWord.BYTES;
                long note = getLong(child + SideCount.WORD);
                if (note >>> SideCount.EPOCH_SHIFT == thisEpoch) {
                    putLong(child + SideCount.WORD, note + 1);
                    open--;
                    continue;
                }
                long word = getLong(child);
                if (LocalTrace.neverEntered(word)) {
                    partial |= (word & MEMBER) != 0;
                } else if ((word & notAlone) != 0 && word >>> STRONG_SHIFT != 1) {
                    leftOut = true;
                } else if (stop) {
                    partial = true;
                } else {
                    putLong(child + SideCount.WORD, tag | 1);
                    putLong(tail, child);
                    tail += Long.BYTES;
                    open += (word >>> STRONG_SHIFT) - 1;
                }
            }
            if ((head - set.bottom()) >>> 3 >= clock) {
                stop |= clock == most || (deadline != 0 && System.nanoTime() - deadline > 0);
                clock = stop ? Long.MAX_VALUE : Math.min(most, clock + clockObjects);
            }
        }
        set.top(tail);
        nextClock = clock;
        unexplained += open;
        flagsSeen = flags;
        stopped = stop;
        cut |= partial;
        return set.size();
    }

    /** Moves the garbage among the set's members into {@link #garbage}. */
    private void separate() {
        long suspects = countSuspects();
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

    private long countSuspects() {
        long suspects = 0;
        long end = set.top();
        for (long at = set.bottom(); at != end; at += Long.BYTES) {
            suspects += suspect(getLong(at)) ? 1 : 0;
        }
        return suspects;
    }

    private void countAmongThemselves(LongStack members, long newEpoch) {
        long end = members.top();
        for (long at = members.bottom(); at != end; at += Long.BYTES) {
            long note = getLong(at) + SideCount.WORD;
            putLong(note, SideCount.inEpoch(newEpoch) | (getLong(note) & ENTERED));
        }
        for (long at = members.bottom(); at != end; at += Long.BYTES) {
            edges.of(getLong(at));
            for (long slot = edges.start, last = edges.end; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0) {
                    long word = object - HeaderWord.BYTES + SideCount.WORD;
                    long note = getLong(word);
                    if (SideCount.epoch(note) == newEpoch) {
                        putLong(word, note + 1);
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
        // A queue, although each entry is read once: so it is known what comes next.
        long head = work.bottom();
        long tail = work.top();
        boolean many = end - members.bottom() >= ReadAhead.WORTHWHILE_BYTES;
        long ahead = many ? head : Long.MAX_VALUE;
        while (head != tail) {
            if (head >= ahead) {
                ahead = head + ReadAhead.GROUP_BYTES;
                if (ahead <= tail) {
                    readAhead.children(head, ahead);
                }
            }
            edges.of(getLong(head));
            head += Long.BYTES;
            for (long slot = edges.start, last = edges.end; slot != last; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object == 0) {
                    continue;
                }
                long note = object - HeaderWord.BYTES + SideCount.WORD;
                long before = getLong(note);
                if (SideCount.epoch(before) == memberEpoch && (before & LIVE) == 0) {
                    putLong(note, before | LIVE);
                    putLong(tail, object - HeaderWord.BYTES);
                    tail += Long.BYTES;
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

    /** Marks the members that are not garbage as old: later traces need not enter them. */
    void markOld() {
        long end = set.top();
        for (long at = set.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            if (!isGarbage(header)) {
                putLong(header, getLong(header) | OLD);
            }
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
