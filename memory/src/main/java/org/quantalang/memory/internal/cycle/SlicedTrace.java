package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.cycle.SideCount.LIVE;
import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.GRAY;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.OLD_BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.PURPLE;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.HeaderWord;

import java.util.function.LongConsumer;

/**
 * A joint trace cut into slices, between which the program runs.
 *
 * <pre>
 *   INTAKE  -&gt;  MARK  -&gt;  SCAN  -&gt;  RETAG  -&gt;  RECOUNT  -&gt;  SPREAD  &lt;-&gt;  VERIFY
 *   take the    enter,    only      clear      count        liveness      is each
 *   roots       count     suspects  their      among        from the      one still
 *                         stay      counts     them         touched       untouched?
 *
 *   VERIFY  -&gt;  RELEASE  -&gt;  FREE  -&gt;  ROOTS  -&gt;  IDLE
 *               references   blocks    what becomes of the candidates
 * </pre>
 *
 * <p>Members have the {@code MEMBER} flag and are gray. The barrier is the test that every
 * decrement makes anyway: it colours the object purple, so "not gray" means touched since it was
 * marked, and counts as live for this round. At the end of the spreading each remaining member is
 * gray and explained. Gray says that none of its references went away since it was marked, so every
 * one that was counted is still there; explained says that there is no other; and none of them
 * comes from a live member, or the spreading had reached it. Garbage stays garbage, so even the
 * verification may be interrupted. Increments only make an object unexplained.
 *
 * <p>What that asks of the program: a reference must not leave a field without a decrement or a
 * touch (see {@code exchangeReference}), and an upgrade of a weak reference must ask {@link
 * #mayUpgrade}.
 *
 * <p>Members that die in between keep their block until the trace lets go of them. Without memory a
 * member is left out, which is never wrong.
 *
 * <p>Owner thread only.
 */
final class SlicedTrace {
    /** Where the trace is; see the class comment. */
    enum Phase {
        IDLE,
        INTAKE,
        MARK,
        SCAN,
        RETAG,
        RECOUNT,
        SPREAD,
        VERIFY,
        RELEASE,
        FREE,
        ROOTS
    }

    /** Of {@link #candidatesBefore}: others waited in the buffers. */
    private static final long NOT_ALL = -1;

    private final Edges edges;
    private final ReferenceBatch batch;
    private final Epochs epochs;
    private final Candidates candidates;
    private final CycleCounters counters;

    private LongStack intake;

    /** What a full trace takes in after that: the old candidates. */
    private LongStack intakeOld;

    private final LongStack members;

    /**
     * Members whose references are still to be looked at, while marking and spreading; then those
     * that are not garbage.
     */
    private final LongStack spread;

    private final LongStack roots;

    /** The flag of the candidates in {@link #intake}. */
    private long intakeFlag;

    private Phase phase = Phase.IDLE;
    private boolean young;
    private boolean leftOut;
    private boolean destroyed;

    /** Candidates that had been looked at when a trace of all that there were began. */
    private long candidatesBefore;

    /** Whether the verification has met garbage with a destructor that has not run. */
    private boolean mustDestroy;

    private long looked;
    private long epoch;
    private long next;
    private long kept;

    /** Roots whose references have not been looked at: the first of {@code members}. */
    private long unmarked;

    private long marked;

    SlicedTrace(
            Edges edges,
            ReferenceBatch batch,
            Epochs epochs,
            Candidates candidates,
            CycleCounters counters,
            PageSource source) {
        this.edges = edges;
        this.batch = batch;
        this.epochs = epochs;
        this.candidates = candidates;
        this.counters = counters;
        this.intake = new LongStack(source);
        this.intakeOld = new LongStack(source);
        this.members = new LongStack(source);
        this.spread = new LongStack(source);
        this.roots = new LongStack(source);
    }

    java.util.List<LongStack> buffers() {
        return java.util.List.of(intake, intakeOld, members, spread, roots);
    }

    boolean active() {
        return phase != Phase.IDLE;
    }

    boolean young() {
        return young;
    }

    Phase phase() {
        return phase;
    }

    /** Objects that the last trace marked. */
    long marked() {
        return marked;
    }

    /** Whether destructors ran since the last question. */
    boolean ranDestructors() {
        boolean ran = destroyed;
        destroyed = false;
        return ran;
    }

    /**
     * Begins with the waiting young candidates, and a full trace, which leaves out nothing, with
     * the old ones too.
     */
    void start(boolean fromYoung) {
        young = fromYoung;
        LongStack waiting = candidates.waiting;
        candidates.waiting = intake;
        intake = waiting;
        intakeFlag = BUFFERED;
        if (!young) {
            LongStack old = candidates.old;
            candidates.old = intakeOld;
            intakeOld = old;
            candidates.oldTaken();
        }
        members.clear();
        spread.clear();
        roots.clear();
        leftOut = false;
        candidatesBefore = candidates.isEmpty() ? counters.candidates : NOT_ALL;
        epochs.reserve(1);
        epochs.keep(epochs.next());
        enter(Phase.INTAKE);
    }

    private void enter(Phase following) {
        phase = following;
        next = 0;
        kept = 0;
    }

    /**
     * Works on so many objects at most.
     *
     * @return whether there is more to do
     */
    boolean step(long objects, Disposal disposal) {
        epoch = epochs.kept();
        looked = 0;
        long left = objects;
        while (left > 0 && phase != Phase.IDLE) {
            left =
                    switch (phase) {
                        case INTAKE -> takeIn(left, disposal);
                        case MARK -> mark(left);
                        case SCAN -> scan(left, disposal);
                        case RETAG -> retag(left);
                        case RECOUNT -> recount(left);
                        case SPREAD -> spreadLive(left);
                        case VERIFY -> verify(left, disposal);
                        case RELEASE -> release(left, disposal);
                        case FREE -> free(left, disposal);
                        case ROOTS -> settleRoots(left, disposal);
                        case IDLE -> 0;
                    };
        }
        looked += objects - left;
        return phase != Phase.IDLE;
    }

    /** Objects that the last step looked at. */
    long looked() {
        return looked;
    }

    private long takeIn(long most, Disposal disposal) {
        long left = most;
        for (; left > 0 && next < intake.size(); left--) {
            long header = intake.get(next++);
            long word = getLong(header);
            if (!HeaderWord.alive(word)) {
                disposal.letGo(header, intakeFlag);
            } else if ((word & MEMBER) != 0) {
                putLong(header, word & ~intakeFlag); // it was in both lists
            } else if (HeaderWord.pinned(word)
                    || (intakeFlag == BUFFERED && (word & COLOUR_MASK) != PURPLE)) {
                Candidates.drop(header, intakeFlag);
            } else if (!members.tryPush(header)) {
                giveBack(header);
            } else if (young && !roots.tryPush(header)) {
                members.truncate(members.size() - 1);
                giveBack(header);
            } else {
                // A full trace's roots are held by their membership alone from here on.
                long held = young ? word : word & ~intakeFlag;
                putLong(header, HeaderWord.withColour(held, GRAY) | MEMBER);
                putLong(header + SideCount.WORD, SideCount.inEpoch(epoch));
            }
        }
        if (next == intake.size()) {
            intake.clear();
            if (!intakeOld.isEmpty()) {
                LongStack old = intakeOld;
                intakeOld = intake;
                intake = old;
                intakeFlag = OLD_BUFFERED;
                next = 0;
                return left;
            }
            if (!spread.reserve(ReferenceBatch.OBJECTS)) {
                leftOut = true;
                leaveAll(disposal);
            }
            unmarked = members.size();
            enter(Phase.MARK);
        }
        return left;
    }

    /** No memory to take it in: it waits for the next full trace. */
    private void giveBack(long header) {
        if (intakeFlag == BUFFERED) {
            candidates.moveToOld(header, HeaderWord.BLACK);
        } else {
            candidates.addOld(header, getLong(header) & ~OLD_BUFFERED);
        }
    }

    private void markChild(long child, long word) {
        boolean notAlone = young && (word & OLD) != 0 && HeaderWord.strong(word) != 1;
        if (!notAlone && members.reserve(1) && spread.reserve(1)) {
            members.push(child);
            spread.push(child);
            putLong(child, HeaderWord.withColour(word, GRAY) | MEMBER);
            putLong(child + SideCount.WORD, SideCount.inEpoch(epoch) | 1);
        } else {
            leftOut = true;
        }
    }

    /** A few roots at a time, and all that they reach. */
    private long mark(long most) {
        boolean ahead = ReferenceBatch.worthReadingAhead(members);
        long left = most;
        batch.begin();
        while (batch.more() || (left > 0 && (unmarked > 0 || !spread.isEmpty()))) {
            if (spread.isEmpty() && !batch.more()) {
                takeRoots();
            }
            left -= gatherFrom(spread, left, ahead);
            if (!batch.complete) {
                batch.complete = true;
                leftOut = true;
                long header = getLong(spread.top()); // just taken off
                putLong(header, HeaderWord.withColour(getLong(header), PURPLE)); // so not garbage
            }
            for (long slot = batch.start, end = batch.end; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object == 0) {
                    continue;
                }
                long child = object - HeaderWord.BYTES;
                long word = getLong(child);
                if ((word & MEMBER) != 0) {
                    putLong(child, SideCount.WORD, getLong(child, SideCount.WORD) + 1);
                } else if (!LocalTrace.neverEntered(word)) {
                    markChild(child, word);
                }
            }
        }
        if (unmarked == 0 && spread.isEmpty()) {
            marked = members.size();
            counters.traced += marked;
            enter(Phase.SCAN);
        }
        return left;
    }

    private void takeRoots() {
        for (long i = Math.min(ReferenceBatch.OBJECTS, unmarked); i > 0; i--) {
            spread.push(members.get(--unmarked));
        }
    }

    /** Takes a batch of so many objects at most off a list; returns how many that were. */
    private long gatherFrom(LongStack list, long most, boolean ahead) {
        long top = list.top();
        list.top(batch.gather(top - (Math.min(most, list.size()) << 3), top, ahead));
        return (top - list.top()) >>> 3;
    }

    /** Gray, alive, and every reference that the header counts was counted. */
    private static boolean suspect(long header) {
        long word = getLong(header);
        return (word & COLOUR_MASK) == GRAY
                && HeaderWord.alive(word)
                && SideCount.explained(getLong(header + SideCount.WORD), word);
    }

    private long scan(long most, Disposal disposal) {
        long left = most;
        for (; left > 0 && next < members.size(); left--) {
            long header = members.get(next++);
            if (suspect(header)) {
                members.set(kept++, header);
            } else {
                leave(header, disposal);
            }
        }
        if (next == members.size()) {
            boolean all = kept == members.size();
            members.truncate(kept);
            if (!spread.reserve(kept)) {
                leftOut = true;
                leaveAll(disposal);
                all = true;
            }
            if (!all) {
                epochs.reserve(1);
                epoch = epochs.next();
                epochs.keep(epoch);
            }
            enter(all ? Phase.VERIFY : Phase.RETAG);
        }
        return left;
    }

    private void leaveAll(Disposal disposal) {
        looked += members.size();
        for (long i = 0; i < members.size(); i++) {
            leave(members.get(i), disposal);
        }
        members.clear();
    }

    private long retag(long most) {
        long left = most;
        for (; left > 0 && next < members.size(); left--) {
            long header = members.get(next++);
            // Word B of a dead object is not a note.
            if (HeaderWord.alive(getLong(header))) {
                putLong(header + SideCount.WORD, SideCount.inEpoch(epoch));
            }
        }
        if (next == members.size()) {
            enter(Phase.RECOUNT);
        }
        return left;
    }

    private boolean isMember(long header) {
        return (getLong(header) & MEMBER) != 0
                && SideCount.epoch(getLong(header + SideCount.WORD)) == epoch;
    }

    private long recount(long most) {
        boolean ahead = ReferenceBatch.worthReadingAhead(members);
        long left = most;
        batch.begin();
        while (batch.more() || (left > 0 && next < members.size())) {
            long top = members.top() - (next << 3);
            long bottom = top - (Math.min(left, members.size() - next) << 3);
            long taken = (top - batch.gather(bottom, top, ahead)) >>> 3;
            next += taken;
            left -= taken;
            for (long slot = batch.start, end = batch.end; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0 && isMember(object - HeaderWord.BYTES)) {
                    long word = object - HeaderWord.BYTES + SideCount.WORD;
                    putLong(word, getLong(word) + 1);
                }
            }
        }
        if (next == members.size()) {
            enter(Phase.SPREAD);
        }
        return left;
    }

    private static boolean live(long header) {
        return (getLong(header + SideCount.WORD) & LIVE) != 0;
    }

    private void makeLive(long header) {
        putLong(header + SideCount.WORD, getLong(header + SideCount.WORD) | LIVE);
        spread.push(header);
    }

    /** First all that liveness starts from, then what it spreads to. */
    private long spreadLive(long most) {
        boolean ahead = ReferenceBatch.worthReadingAhead(members);
        long left = most;
        for (; left > 0 && next < members.size(); left--) {
            startFrom(members.get(next++));
        }
        batch.begin();
        while (batch.more() || (left > 0 && !spread.isEmpty())) {
            left -= gatherFrom(spread, left, ahead);
            for (long slot = batch.start, end = batch.end; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0) {
                    spreadTo(object - HeaderWord.BYTES);
                }
            }
        }
        if (next == members.size() && spread.isEmpty()) {
            enter(Phase.VERIFY);
        }
        return left;
    }

    /** Whether the member holds others although it is not garbage that this trace frees. */
    private boolean startFrom(long header) {
        long word = getLong(header);
        if (HeaderWord.alive(word)) {
            if (live(header) || suspect(header)) {
                return false;
            }
            makeLive(header);
            return true;
        }
        // It died after its references were counted. If it still waits for its turn they are all
        // there, and will be released then; otherwise they are gone, and touched what they held.
        // Its word B is no note.
        return HeaderWord.has(word, HeaderWord.DYING) && spreadFrom(header);
    }

    /** Makes live what an object refers to; returns whether anything was not. */
    private boolean spreadFrom(long header) {
        boolean any = false;
        edges.of(header);
        for (long slot = edges.start, end = edges.end; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            any |= object != 0 && spreadTo(object - HeaderWord.BYTES);
        }
        return any;
    }

    private boolean spreadTo(long header) {
        if (isMember(header) && !live(header)) {
            makeLive(header);
            return true;
        }
        return false;
    }

    /** Is still garbage what the spreading did not reach? */
    private long verify(long most, Disposal disposal) {
        long left = most;
        mustDestroy &= next != 0;
        for (; left > 0 && next < members.size(); left--) {
            long header = members.get(next++);
            mustDestroy = mustDestroy || (claimed(header) && disposal.mustDestroy(header));
            if (startFrom(header)) {
                // Touched, or dead, after the spreading looked at it: spread, then verify anew.
                next = members.size();
                phase = Phase.SPREAD;
                return left;
            }
        }
        if (next == members.size()) {
            claim(disposal);
        }
        return left;
    }

    /**
     * Whether all garbage that there is was found. It is if nothing was left out, and nothing has
     * become garbage since the trace began with all candidates, which none does without a new one.
     */
    private boolean foundAll() {
        return !leftOut && candidates.isEmpty() && counters.candidates == candidatesBefore;
    }

    private void claim(Disposal disposal) {
        enter(Phase.RELEASE);
        if (!mustDestroy) {
            return;
        }
        looked += members.size();
        // Destructors must see all members whole, so this garbage ends at once, without slices.
        long garbage = 0;
        for (long i = 0; i < members.size(); i++) {
            long header = members.get(i);
            if (!claimed(header)) {
                leave(header, disposal);
            } else {
                putLong(header, getLong(header) & ~MEMBER);
                members.set(garbage++, header);
            }
        }
        members.truncate(garbage);
        phase = Phase.ROOTS;
        if (garbage > 0) {
            destroyed = true;
            settleRoots(Long.MAX_VALUE, disposal);
            disposal.destroy(members);
            members.clear();
        }
    }

    /**
     * Garbage for certain, once the verification is over. A member that died and was brought back
     * by its destructor meanwhile has no note.
     */
    private boolean claimed(long header) {
        return HeaderWord.alive(getLong(header)) && isMember(header) && !live(header);
    }

    private long release(long most, Disposal disposal) {
        boolean mayBeGarbage = !foundAll();
        long left = most;
        for (; left > 0 && next < members.size(); left--) {
            long header = members.get(next++);
            if (!claimed(header)) {
                spread.push(header);
                continue;
            }
            members.set(kept++, header);
            edges.of(header);
            for (long slot = edges.start, end = edges.end; slot != end; slot += Long.BYTES) {
                long object = getLong(slot);
                if (object != 0 && !claimed(object - HeaderWord.BYTES)) {
                    disposal.releaseFromGarbage(object - HeaderWord.BYTES, mayBeGarbage);
                }
            }
            // Whoever walks the heap before the blocks are freed must not follow these.
            edges.clear(header);
        }
        if (next == members.size()) {
            members.truncate(kept);
            enter(Phase.FREE);
        }
        return left;
    }

    private long free(long most, Disposal disposal) {
        long left = most;
        for (; left > 0 && !spread.isEmpty(); left--) {
            leave(spread.pop(), disposal);
        }
        for (; left > 0 && next < members.size(); left--) {
            long header = members.get(next++);
            putLong(header, getLong(header) & ~MEMBER);
            counters.freed++;
            disposal.freeBlock(header);
        }
        if (spread.isEmpty() && next == members.size()) {
            if (next > 0) {
                counters.cycles++;
            }
            members.clear();
            enter(Phase.ROOTS);
        }
        return left;
    }

    private long settleRoots(long most, Disposal disposal) {
        long left = most;
        for (; left > 0 && !roots.isEmpty(); left--) {
            long header = roots.pop();
            long word = getLong(header);
            if (!HeaderWord.alive(word)) {
                disposal.letGo(header, BUFFERED);
            } else if (leftOut || (word & COLOUR_MASK) == PURPLE) {
                candidates.moveToOld(header, HeaderWord.BLACK);
            } else {
                Candidates.drop(header, BUFFERED);
            }
        }
        if (roots.isEmpty()) {
            if (leftOut && !young) {
                // Candidates that were members are none any more, and were not all decided.
                candidates.lose();
            }
            epochs.keep(0);
            phase = Phase.IDLE;
        }
        return left;
    }

    /** A member that is not garbage, or is dead already, leaves the trace. */
    private void leave(long header, Disposal disposal) {
        long word = getLong(header) & ~MEMBER;
        if (!HeaderWord.alive(word)) {
            disposal.letGo(header, MEMBER);
            return;
        }
        if ((word & BUFFERED) == 0) {
            word &= ~COLOUR_MASK;
        } else if (young) {
            word = HeaderWord.withColour(word, PURPLE);
        } else if ((word & COLOUR_MASK) != PURPLE) {
            word &= ~COLOUR_MASK;
        }
        putLong(header, word | OLD);
    }

    /**
     * A weak reference to a member is about to become strong.
     *
     * @return false if the member is garbage for certain, and being freed
     */
    boolean mayUpgrade(long header) {
        epoch = epochs.kept();
        boolean garbage = claimed(header);
        if (garbage && phase == Phase.VERIFY) {
            makeLive(header);
            next = members.size();
            phase = Phase.SPREAD;
        }
        return !garbage || phase.compareTo(Phase.RELEASE) < 0;
    }

    void forEachCandidate(LongConsumer visitor) {
        for (long i = phase == Phase.INTAKE ? next : 0; i < intake.size(); i++) {
            visitor.accept(intake.get(i));
        }
        for (LongStack list : new LongStack[] {intakeOld, roots}) {
            for (long i = 0; i < list.size(); i++) {
                visitor.accept(list.get(i));
            }
        }
    }
}
