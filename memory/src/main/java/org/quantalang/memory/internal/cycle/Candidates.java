package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.HeaderWord.ACYCLIC;
import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.OLD_BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.PINNED;
import static org.quantalang.memory.internal.object.HeaderWord.PURPLE;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;

import java.util.function.LongConsumer;

/**
 * Objects that may be part of a garbage cycle, in the buffers they wait in.
 *
 * <pre>
 *   decrement to non-zero --&gt; young --local trace--&gt; freed, or dropped: held from outside
 *                               |  ^
 *                  joint trace, |  | lost references to garbage
 *            something left out v  |
 *                              old ---full trace--&gt; freed, or dropped: held from outside
 *
 *   waiting: young candidates that a sliced trace takes next
 * </pre>
 *
 * <p>The invariant: every garbage object is reachable through garbage from a candidate in one of
 * the buffers. So a candidate leaves them only if it was freed, or if everything it reaches was
 * traced with nothing left out and it is held from outside of that.
 *
 * <p>When a buffer has no memory to grow, its candidate is not noted but {@link #lost} is: then
 * every object is one, and the heap is walked for them.
 *
 * <p>Owner thread only.
 */
final class Candidates {
    private final BlockAllocator blocks;

    /** New candidates: {@code BUFFERED}. */
    LongStack young;

    /** Those that collections have taken from {@link #young} to look at; {@code BUFFERED} too. */
    private LongStack taken;

    /** Index in {@link #taken} of the first that was not looked at. */
    private long takenFrom;

    /** Candidates for a full trace: {@code OLD_BUFFERED}. */
    LongStack old;

    /** Candidates for the next sliced trace of young ones: {@code BUFFERED}. */
    LongStack waiting;

    private boolean lost;
    private long walkFrom;
    private long deadOld;
    private long sweepAt;

    Candidates(BlockAllocator blocks, PageSource source) {
        this.blocks = blocks;
        this.young = new LongStack(source);
        this.taken = new LongStack(source);
        this.old = new LongStack(source);
        this.waiting = new LongStack(source);
    }

    /** A decrement left a count; {@code word} is stored already. */
    void touched(long header, long word) {
        if ((word & BUFFERED) != 0) {
            putLong(header, HeaderWord.withColour(word, PURPLE));
        } else if (young.tryPush(header)) {
            putLong(header, HeaderWord.withColour(word, PURPLE) | BUFFERED);
        } else {
            if ((word & MEMBER) != 0) {
                // What a trace in slices takes for untouched is gray.
                putLong(header, HeaderWord.withColour(word, PURPLE));
            }
            lose();
        }
    }

    /** References from garbage to a live object went away; {@code word} is stored already. */
    void lostReferences(long header, long word) {
        if ((word & (OLD | MEMBER)) == OLD) {
            if ((word & OLD_BUFFERED) == 0) {
                addOld(header, word);
            }
        } else if ((word & PURPLE) == 0) {
            touched(header, word);
        }
    }

    /** Adds an object that is not in the old buffer to it, with this word. */
    void addOld(long header, long word) {
        if (old.tryPush(header)) {
            putLong(header, word | OLD_BUFFERED);
        } else {
            putLong(header, word);
            lose();
        }
    }

    /** A young candidate that only a full trace can decide. */
    void moveToOld(long header, long keptColour) {
        long word = (getLong(header) & ~(BUFFERED | COLOUR_MASK)) | keptColour;
        if ((word & OLD_BUFFERED) == 0) {
            addOld(header, word);
        } else {
            putLong(header, word);
        }
    }

    /** A candidate that is decided later: stays purple and buffered, in another list. */
    void defer(long header, LongStack list) {
        if (list.tryPush(header)) {
            putLong(header, HeaderWord.withColour(getLong(header), PURPLE) | BUFFERED);
        } else {
            drop(header, BUFFERED);
            lose();
        }
    }

    /** A candidate that is live, or dies with what holds it. */
    static void drop(long header, long flags) {
        putLong(header, getLong(header) & ~(COLOUR_MASK | flags));
    }

    /** A buffer lets go of an object that died in it; its block goes if nothing else holds it. */
    static void letGo(long header, long flags, Reclaimer reclaimer) {
        // Black: if its destructor, still to run, brings it back, it must become a candidate again.
        putLong(header, getLong(header) & ~(COLOUR_MASK | flags));
        reclaimer.freeIfNothingHolds(header);
    }

    /** Young candidates, those that no collection has looked at yet. */
    long youngSize() {
        return young.size() + taken.size() - takenFrom;
    }

    /**
     * Takes the oldest young candidate; there is one. What a collection does not get round to stays
     * where it is, so that a million candidates cost it nothing.
     */
    long next() {
        if (takenFrom == taken.size()) {
            LongStack list = taken;
            taken = young;
            young = list;
            young.clear();
            takenFrom = 0;
        }
        return taken.get(takenFrom++);
    }

    boolean isEmpty() {
        return size() == 0 && !lost;
    }

    long size() {
        return youngSize() + old.size() + waiting.size();
    }

    java.util.List<LongStack> buffers() {
        return java.util.List.of(young, taken, old, waiting);
    }

    // ---- no memory for a buffer

    boolean lost() {
        return lost;
    }

    /** A candidate could not be noted anywhere. */
    void lose() {
        lost = true;
        walkFrom = 0;
    }

    /**
     * Makes every object a young candidate, as many as there is room for; the next call goes on
     * from there.
     */
    void findLost() {
        long from = walkFrom;
        lost = false;
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            if (header >= from && !lost) {
                                becomeCandidate(header);
                            }
                        });
    }

    private void becomeCandidate(long header) {
        long word = getLong(header);
        if (HeaderWord.alive(word)
                && (word & (ACYCLIC | PINNED | BUFFERED | HeaderWord.DYING)) == 0) {
            if (young.tryPush(header)) {
                putLong(header, HeaderWord.withColour(word, PURPLE) | BUFFERED);
            } else {
                lost = true;
                walkFrom = header;
            }
        }
    }

    // ---- the dead in the old buffer

    /** An object died while in the old buffer. */
    void diedInOld() {
        deadOld++;
    }

    /** Lets go of some of the dead in the old buffer once they are many. */
    void sweepOld(long most, Reclaimer reclaimer) {
        if (deadOld <= old.size() >>> 3) {
            return;
        }
        for (long left = most; left > 0 && deadOld > 0 && !old.isEmpty(); left--) {
            if (sweepAt >= old.size()) {
                sweepAt = 0;
            }
            long header = old.get(sweepAt);
            if (HeaderWord.alive(getLong(header))) {
                sweepAt++;
            } else {
                old.set(sweepAt, old.get(old.size() - 1));
                old.truncate(old.size() - 1);
                deadOld--;
                letGo(header, OLD_BUFFERED, reclaimer);
            }
        }
        if (old.isEmpty()) {
            deadOld = 0;
        }
    }

    /** Moves all candidates to a list with room for them; what is in two buffers, once. */
    void takeAll(LongStack all) {
        for (long i = 0; i < old.size(); i++) {
            long header = old.get(i);
            long word = getLong(header);
            if ((word & BUFFERED) != 0) {
                putLong(header, word & ~OLD_BUFFERED);
            } else {
                all.push(header);
            }
        }
        for (long i = youngSize(); i > 0; i--) {
            all.push(next());
        }
        for (long i = 0; i < waiting.size(); i++) {
            all.push(waiting.get(i));
        }
        old.clear();
        waiting.clear();
        oldTaken();
    }

    /** A full trace has taken all of the old buffer. */
    void oldTaken() {
        deadOld = 0;
        sweepAt = 0;
    }

    void forEach(LongConsumer visitor) {
        for (long i = takenFrom; i < taken.size(); i++) {
            visitor.accept(taken.get(i));
        }
        for (LongStack list : new LongStack[] {young, old, waiting}) {
            for (long i = 0; i < list.size(); i++) {
                visitor.accept(list.get(i));
            }
        }
    }
}
