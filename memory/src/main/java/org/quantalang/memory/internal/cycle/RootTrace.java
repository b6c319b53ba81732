package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.cycle.SideCount.LIVE;
import static org.quantalang.memory.internal.object.HeaderWord.COLOUR_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.FINALIZED;
import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;
import static org.quantalang.memory.internal.object.HeaderWord.STRONG_MASK;
import static org.quantalang.memory.internal.object.HeaderWord.WHITE;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.Tracer.SlotVisitor;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.List;

/**
 * Marks from given roots and frees all that it did not reach, whatever the counts say: the backup
 * of counting, for counts that were never given back.
 *
 * <ol>
 *   <li>Mark from the roots and from pinned objects, by the epoch in word B.
 *   <li>Walk the heap: what is alive and not marked is garbage.
 *   <li>If garbage has destructors to run, hold it, make its weak references dead, run them in the
 *       order of addresses. Then find out what they brought back: members that an object outside
 *       the garbage refers to, or that more references from outside the heap hold than before; and
 *       what those lead to.
 *   <li>Release the references from garbage to what stays, then free the blocks.
 * </ol>
 *
 * <p>Memory is reserved before anything is changed: one entry for each object, and another for each
 * member of garbage with destructors.
 *
 * <p>Owner thread only, while nothing waits to be freed and no trace is interrupted.
 */
final class RootTrace {
    private final TypeTable types;
    private final BlockAllocator blocks;
    private final Destructors destructors;
    private final Epochs epochs;
    private final CycleCounters counters;
    private @Nullable Reclaimer reclaimer;

    /** First the marked objects, then the garbage. */
    private final LongStack list;

    /**
     * References from outside the heap to each member, before the destructors ran; then a queue.
     */
    private final LongStack outside;

    private final SlotVisitor enter = this::enter;
    private final SlotVisitor countMember = this::countMember;
    private final SlotVisitor spread = this::spread;
    private final SlotVisitor release = this::release;

    /** The epoch that {@link #enter} and {@link #garbage} go by. */
    private long epoch;

    private boolean holderIsMember;
    private boolean mustDestroy;

    RootTrace(
            TypeTable types,
            BlockAllocator blocks,
            Destructors destructors,
            Epochs epochs,
            CycleCounters counters,
            PageSource source) {
        this.types = types;
        this.blocks = blocks;
        this.destructors = destructors;
        this.epochs = epochs;
        this.counters = counters;
        this.list = new LongStack(source);
        this.outside = new LongStack(source);
    }

    void reclaimer(Reclaimer heapReclaimer) {
        reclaimer = heapReclaimer;
    }

    List<LongStack> buffers() {
        return List.of(list, outside);
    }

    /**
     * Traces and frees.
     *
     * @param roots headers; those of objects that have died are left out
     * @return false if there was no memory for it; then nothing is changed
     */
    boolean run(long[] roots) {
        try {
            return trace(roots);
        } finally {
            list.close();
            outside.close();
        }
    }

    private boolean trace(long[] roots) {
        list.clear();
        if (!list.reserve(blocks.allocatedBlocks() - blocks.freedBlocks())) {
            return false;
        }
        epochs.reserve(3);
        mark(roots);
        long marked = epoch;
        epoch = epochs.next();
        sweep(marked);
        if (mustDestroy && !destroy()) {
            return false;
        }
        end();
        return true;
    }

    private void mark(long[] roots) {
        epoch = epochs.next();
        for (long root : roots) {
            if (HeaderWord.alive(getLong(root))) {
                enterObject(root);
            }
        }
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            if (HeaderWord.pinned(getLong(header))) {
                                enterObject(header);
                            }
                        });
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            slots(getLong(at), enter);
        }
        counters.traced += list.size();
    }

    private void slots(long header, SlotVisitor visitor) {
        References.strongSlots(types.of(header), header, visitor);
    }

    private void enter(long slot) {
        long object = getLong(slot);
        if (object != 0) {
            enterObject(object - HeaderWord.BYTES);
        }
    }

    private void enterObject(long header) {
        if (SideCount.epoch(getLong(header + SideCount.WORD)) != epoch) {
            putLong(header + SideCount.WORD, SideCount.inEpoch(epoch));
            list.push(header);
        }
    }

    private void sweep(long marked) {
        list.clear();
        mustDestroy = false;
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            long word = getLong(header);
                            long note = header + SideCount.WORD;
                            if (HeaderWord.alive(word)
                                    && SideCount.epoch(getLong(note)) != marked) {
                                putLong(note, SideCount.inEpoch(epoch));
                                list.push(header);
                                mustDestroy |= hasDestructorToRun(word);
                            }
                        });
    }

    private boolean hasDestructorToRun(long word) {
        return !HeaderWord.has(word, FINALIZED)
                && (TypeDescriptor.flags(types.descriptor(word)) & TypeDescriptor.DESTRUCTOR) != 0;
    }

    private boolean garbage(long header) {
        long note = getLong(header + SideCount.WORD);
        return SideCount.epoch(note) == epoch && (note & LIVE) == 0;
    }

    // ---- destructors

    /** Runs the destructors and takes what they brought back out of {@link #list}. */
    private boolean destroy() {
        outside.clear();
        if (!outside.reserve(list.size())) {
            return false;
        }
        countReferences();
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            long word = getLong(header);
            outside.push(outsideOf(header));
            // White marks those whose turn comes; neither colour becomes a candidate meanwhile.
            long colour = hasDestructorToRun(word) ? WHITE : HeaderWord.PURPLE;
            putLong(header, (HeaderWord.withColour(word, colour) | FINALIZED) + ONE_STRONG);
        }
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            if ((getLong(header) & COLOUR_MASK) == WHITE) {
                destructors.run(header);
            }
        }
        releaser().drainAll();
        keepWhatCameBack();
        return true;
    }

    /** Counts all references to members in their notes; those from elsewhere make them live. */
    private void countReferences() {
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            putLong(getLong(at) + SideCount.WORD, SideCount.inEpoch(epoch));
        }
        blocks.walk()
                .forEach(
                        (header, _) -> {
                            if (HeaderWord.alive(getLong(header))) {
                                holderIsMember = isMember(header);
                                slots(header, countMember);
                            }
                        });
    }

    private boolean isMember(long header) {
        return SideCount.epoch(getLong(header + SideCount.WORD)) == epoch;
    }

    private void countMember(long slot) {
        long object = getLong(slot);
        if (object != 0 && isMember(object - HeaderWord.BYTES)) {
            long note = object - HeaderWord.BYTES + SideCount.WORD;
            putLong(note, (getLong(note) + 1) | (holderIsMember ? 0 : LIVE));
        }
    }

    /** References that no object of the heap has. */
    private static long outsideOf(long header) {
        return HeaderWord.strong(getLong(header)) - SideCount.in(getLong(header + SideCount.WORD));
    }

    private void keepWhatCameBack() {
        epoch = epochs.next();
        countReferences();
        // The queue grows over the numbers that are compared already.
        long queue = outside.bottom();
        long before = queue;
        long tail = queue;
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            long note = getLong(header + SideCount.WORD);
            boolean back = (note & LIVE) != 0 || outsideOf(header) - 1 > getLong(before);
            before += Long.BYTES;
            if (back) {
                putLong(header + SideCount.WORD, note | LIVE);
                putLong(tail, header);
                tail += Long.BYTES;
            }
        }
        outside.top(tail);
        for (long at = queue; at != outside.top(); at += Long.BYTES) {
            slots(getLong(at), spread);
        }
        long kept = list.bottom();
        for (long at = kept; at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            if (garbage(header)) {
                putLong(kept, header);
                kept += Long.BYTES;
            }
        }
        list.top(kept);
        for (long at = queue; at != outside.top(); at += Long.BYTES) {
            long header = getLong(at);
            // Black, so that letting go makes it a candidate.
            putLong(header, HeaderWord.withColour(getLong(header), HeaderWord.BLACK));
            releaser().drop(header);
        }
    }

    private void spread(long slot) {
        long object = getLong(slot);
        if (object != 0 && garbage(object - HeaderWord.BYTES)) {
            long note = object - HeaderWord.BYTES + SideCount.WORD;
            putLong(note, getLong(note) | LIVE);
            outside.push(object - HeaderWord.BYTES);
        }
    }

    // ---- the end

    private void end() {
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            References.releaseSlots(types.of(header), header, release);
        }
        for (long at = list.bottom(); at != list.top(); at += Long.BYTES) {
            long header = getLong(at);
            // Dying, so that its own weak field does not free it before its turn is over.
            long word = (getLong(header) & ~STRONG_MASK) | HeaderWord.DYING;
            putLong(header, word);
            blocks.countCollected(header);
            long type = types.descriptor(word);
            releaser().buryBlock(header, type, TypeDescriptor.flags(type));
        }
        counters.freed += list.size();
    }

    private void release(long slot) {
        long object = getLong(slot);
        if (object != 0 && !garbage(object - HeaderWord.BYTES)) {
            releaser().drop(object - HeaderWord.BYTES);
        }
    }

    private Reclaimer releaser() {
        Reclaimer result = reclaimer;
        if (result == null) {
            throw new IllegalStateException("trace has no reclaimer yet");
        }
        return result;
    }
}
