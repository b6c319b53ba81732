package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.FINALIZED;
import static org.quantalang.memory.internal.object.HeaderWord.HELD_BY_BUFFER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;
import static org.quantalang.memory.internal.object.HeaderWord.STRONG_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.STRONG_SHIFT;
import static org.quantalang.memory.internal.object.HeaderWord.WEAK_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.WHITE;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * The end of garbage that a trace found.
 *
 * <p>Without destructors: first every reference from garbage to other objects is released, then
 * every block is freed, so that no freed header is ever read. With destructors: all members are
 * counted once more and their weak references made dead, the destructors run in the order in which
 * the trace entered their objects, all members are let go; what is still garbage then is found
 * again as candidates, and has no destructor left to run.
 *
 * <p>Owner thread only.
 */
final class Disposal {
    private final TypeTable types;
    private final BlockAllocator blocks;
    private final Destructors destructors;
    private final Candidates candidates;
    private final Reclaimer reclaimer;
    private final boolean countTypes;

    Disposal(
            TypeTable types,
            BlockAllocator blocks,
            Destructors destructors,
            Candidates candidates,
            Reclaimer reclaimer) {
        this.types = types;
        this.blocks = blocks;
        this.destructors = destructors;
        this.candidates = candidates;
        this.reclaimer = reclaimer;
        this.countTypes = reclaimer.countsTypes();
    }

    /** Whether any member has a destructor that has not run. */
    boolean mustDestroyAny(LongStack members) {
        for (long i = 0; i < members.size(); i++) {
            if (mustDestroy(members.get(i))) {
                return true;
            }
        }
        return false;
    }

    /** Whether an object has a destructor that has not run. */
    boolean mustDestroy(long header) {
        long word = getLong(header);
        return !HeaderWord.has(word, FINALIZED)
                && (TypeDescriptor.flags(types.descriptor(word)) & TypeDescriptor.DESTRUCTOR) != 0;
    }

    /**
     * Runs the destructors of all members. White marks those whose turn comes: a count that falls
     * leaves white alone, so that what a destructor does to the others takes no turn away.
     */
    void destroy(LongStack members) {
        long count = members.size();
        for (long i = 0; i < count; i++) {
            long header = members.get(i);
            long colour = mustDestroy(header) ? WHITE : HeaderWord.PURPLE;
            long word = getLong(header) & ~(COLOUR_MASK | OLD);
            putLong(header, (word | colour | FINALIZED) + ONE_STRONG);
            putLong(header + SideCount.WORD, 0);
        }
        for (long i = 0; i < count; i++) {
            long header = members.get(i);
            if ((getLong(header) & COLOUR_MASK) == WHITE) {
                destructors.run(header);
            }
        }
        for (long i = 0; i < count; i++) {
            long header = members.get(i);
            // Black again, so that letting go makes it a candidate.
            putLong(header, HeaderWord.withColour(getLong(header), HeaderWord.BLACK));
            reclaimer.drop(header);
        }
    }

    /**
     * Frees what a local trace found. Its boundary has all references out of the set: those to
     * objects that were not entered count there, those to objects that never are stand one by one.
     *
     * @return false if destructors ran instead
     */
    boolean freeLocal(LocalTrace found) {
        if ((found.flagsSeen & TypeDescriptor.DESTRUCTOR) != 0 && mustDestroyAny(found.set)) {
            LocalTrace.forgetNotes(found.boundary);
            destroy(found.set);
            return false;
        }
        long end = found.boundary.top();
        for (long at = found.boundary.bottom(); at != end; at += Long.BYTES) {
            long header = getLong(at);
            long word = getLong(header);
            if (LocalTrace.neverEntered(word)) {
                reclaimer.drop(header);
                continue;
            }
            long note = getLong(header + SideCount.WORD);
            if ((note & SideCount.ENTERED) == 0 && SideCount.epoch(note) == SideCount.LOCAL) {
                long after = word - (SideCount.in(note) << STRONG_SHIFT);
                putLong(header, after);
                putLong(header + SideCount.WORD, 0);
                candidates.lostReferences(header, after);
            }
        }
        freeBlocks(found.set, found.flagsSeen);
        return true;
    }

    /**
     * Releases a reference from garbage to an object that is not part of it.
     *
     * @param candidate whether the object may be garbage without it
     */
    void releaseFromGarbage(long header, boolean candidate) {
        long word = getLong(header);
        long after = word - ONE_STRONG;
        if (after < ONE_STRONG) {
            reclaimer.drop(header);
            return;
        }
        putLong(header, after);
        if (candidate && (after & HeaderWord.ACYCLIC) == 0) {
            candidates.lostReferences(header, after);
        }
    }

    /** A buffer or trace lets go of an object that is dead. */
    void letGo(long header, long flags) {
        Candidates.letGo(header, flags, reclaimer);
    }

    /** Frees the blocks of members whose references are all released. */
    void freeBlocks(LongStack members, int flagsSeen) {
        boolean plain = (flagsSeen & TypeDescriptor.WEAK_FIELDS) == 0 && !countTypes;
        long end = members.top();
        long at = members.bottom();
        while (at != end) {
            if (plain) {
                at = blocks.freeUntilHeld(at, end, WEAK_MASK | HELD_BY_BUFFER);
            }
            if (at != end) {
                freeBlock(getLong(at));
                at += Long.BYTES;
            }
        }
    }

    /** As a death by counting ends, with what may hold the header. */
    void freeBlock(long header) {
        // Dying, so that its own weak field does not free it before its turn is over.
        long word = (getLong(header) & ~STRONG_MASK) | HeaderWord.DYING;
        putLong(header, word);
        blocks.countCollected(header);
        long type = types.descriptor(word);
        reclaimer.buryBlock(header, type, TypeDescriptor.flags(type));
    }
}
