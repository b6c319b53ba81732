package org.quantalang.memory.internal.cycle;

import org.quantalang.memory.CollectionResult;
import org.quantalang.memory.CycleStats;
import org.quantalang.memory.PauseStats;
import org.quantalang.memory.internal.count.Reclaimer;

import java.util.List;
import java.util.function.LongConsumer;

/**
 * What finds and frees garbage cycles. The heap tells it of every decrement to non-zero of an
 * object that can be part of a cycle, and asks it to work when it says that work is due.
 *
 * <p>All addresses are those of headers. Owner thread only.
 */
public interface CycleCollector {
    /** Tells what frees objects; once, before anything else. */
    void reclaimer(Reclaimer heapReclaimer);

    /**
     * A strong count fell to non-zero, and the word allows a candidate ({@code NO_CANDIDATE} bits
     * clear). Colours the object and may buffer it; never fails and never collects.
     *
     * @param header the object
     * @param word its header word after the decrement, already stored
     * @return whether {@link #collectDue} would have work
     */
    boolean possibleRoot(long header, long word);

    /**
     * An object died whose header is still held, by a weak reference or one of the buffers.
     *
     * @param word its header word
     */
    void headerKept(long word);

    /** Whether enough candidates wait. */
    boolean due();

    /**
     * The heap is about to look for a block where none is at hand. Few candidates may hold much, so
     * growth makes a collection due as well.
     *
     * @return whether {@link #collectDue} would have work
     */
    boolean grown();

    /** Does the work that is due; may be partial. */
    void collectDue(CollectionResult.Reason reason);

    /**
     * Collects for a while; goes on where the last call stopped.
     *
     * @param nanos how long, about
     * @param objects how many objects to look at, about
     */
    CollectionResult collectFor(long nanos, long objects);

    /** A weak reference to a member of an interrupted trace is to become strong: may it? */
    boolean mayUpgrade(long header);

    /** Collects until no garbage cycle is left. */
    CollectionResult collectAll(CollectionResult.Reason reason);

    /**
     * Frees all that the given objects and pinned ones do not lead to, then collects as {@link
     * #collectAll}. Nothing waits to be freed.
     *
     * @param roots headers of objects; those that are dead are left out
     */
    CollectionResult collectFrom(long[] roots);

    /** Ends a trace that is interrupted; destructors may run. */
    void finishTrace();

    /** Tells every buffered candidate, in no order. */
    void forEachCandidate(LongConsumer visitor);

    /**
     * What a collection is after a trace that ended by an error, of a tracer or of the stack. Its
     * notes are left in the headers, and what it was freeing is half released. Nothing may go by
     * that, so there is no further collection.
     *
     * @throws IllegalStateException if the program asked for it
     */
    static CollectionResult off(CollectionResult.Reason reason) {
        return switch (reason) {
            case CANDIDATES, GROWTH, OUT_OF_MEMORY -> CollectionResult.NOTHING;
            case REQUEST, BUDGET, TRACING ->
                    throw new IllegalStateException(
                            "heap collects no cycles any more: a trace ended by an error, which"
                                    + " was thrown then; what is garbage stays until the heap"
                                    + " closes");
        };
    }

    /** Whether it works right now: a destructor or listener that it called asks. */
    boolean collecting();

    /** Candidates that wait. */
    long candidates();

    /** What it has done so far. */
    CycleStats stats();

    /** How long the program waited for collections that were due. */
    PauseStats pauses();

    /** Everything off heap that the collector holds: closed with the heap, by whatever thread. */
    List<LongStack> buffers();
}
