package org.quantalang.memory.internal.count;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.cycle.CycleCollector;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * What happens when a strong count reaches zero. Never recurses and needs no memory: dead objects
 * are linked through word B of their headers, and one loop takes them from the front.
 *
 * <p>For each dead object: its destructor runs, its references are released (which may add to the
 * list), its weak references are released, its block is freed. The payload stays whole until then.
 * The block stays if a weak reference or a candidate buffer still holds the header.
 *
 * <pre>
 *  strong &gt; 0 --last release--&gt; strong 0, DYING, listed --loop--&gt; free
 *                                    |        ^                  or header kept: strong 0, not DYING
 *                                    v        |
 *                       FINALIZED, strong 1 for the destructor --more than 1 after it--&gt; alive again
 * </pre>
 *
 * <p>With a budget, the loop stops after that many objects and the allocator's fast path is closed,
 * so that the next allocation goes on.
 *
 * <p>Owner thread only.
 */
public final class Reclaimer {
    private static final long END = 0;

    /** What no header word has as its type. */
    private static final long NO_TYPE = -1;

    /**
     * What of two dead objects' words is equal if the same must be done for both. In the sampled
     * level of checks those of the sample are weakly held.
     */
    private static final long KIND_MASK =
            HeaderWord.TYPE_MASK | (CheckedLevel.SAMPLING ? HeaderWord.WEAK_MASK : 0);

    private final TypeTable types;
    private final BlockAllocator blocks;
    private final WeakCounts weak;
    private final JavaObjects javaObjects;
    private final Destructors destructors;
    private final CycleCollector cycles;
    private final long budget;
    private final boolean countTypes;

    private long dead = END;
    private boolean draining;

    /** A dead object that a reference led to; reported once the loop has left all in order. */
    private long overReleased;

    /** What a reference led to that is no block; the same. */
    private long noBlock;

    /**
     * Makes the reclaimer of one heap.
     *
     * @param budget objects a call frees at most; 0 for no limit
     * @param countTypes whether frees are counted per type
     */
    public Reclaimer(
            TypeTable types,
            BlockAllocator blocks,
            WeakCounts weak,
            JavaObjects javaObjects,
            Destructors destructors,
            CycleCollector cycles,
            long budget,
            boolean countTypes) {
        this.types = types;
        this.blocks = blocks;
        this.weak = weak;
        this.javaObjects = javaObjects;
        this.destructors = destructors;
        this.cycles = cycles;
        this.budget = budget == 0 ? Long.MAX_VALUE : budget;
        this.countTypes = countTypes;
    }

    /** Whether frees are counted per type. */
    public boolean countsTypes() {
        return countTypes;
    }

    /** The last reference to an object is gone: frees it and all that only it held. */
    public void lastReference(long header, long word) {
        bury(header, word);
        if (!draining) {
            drain(budget);
        }
    }

    /** Puts an object whose last reference is gone on the list. */
    private void bury(long header, long word) {
        putLong(header, (word - HeaderWord.ONE_STRONG) | HeaderWord.DYING);
        putLong(header, HeaderWord.WORD_B, dead);
        dead = header;
    }

    /** Whether dead objects wait to be freed. */
    public boolean pending() {
        return dead != END;
    }

    /** Dead objects on the list; what only they hold is not counted. A step for each. */
    public long waiting() {
        long count = 0;
        for (long header = dead; header != END; header = getLong(header, HeaderWord.WORD_B)) {
            count++;
        }
        return count;
    }

    /** Whether the loop runs, so that a release only adds to its list. */
    public boolean draining() {
        return draining;
    }

    /** Frees what waits, whatever the budget. */
    public void drainAll() {
        if (!draining) {
            drain(Long.MAX_VALUE);
        }
    }

    /** Goes on with what waits, by one budget. */
    public void drainSome() {
        if (!draining) {
            drain(budget);
        }
    }

    private void drain(long most) {
        draining = true;
        try {
            long left = most;
            while (dead != END && left > 0) {
                left = drainPlain(left);
                if (dead != END && left > 0) {
                    left--;
                    long header = dead;
                    dead = getLong(header, HeaderWord.WORD_B);
                    reclaim(header);
                    tellFault();
                }
            }
        } finally {
            draining = false;
            boolean rest = dead != END;
            if (rest != blocks.fastPathClosed()) {
                blocks.closeFastPath(rest);
            }
        }
    }

    /**
     * Frees dead objects as long as they are of the usual kind: all references in one run, nothing
     * else to do.
     *
     * <p>What makes it fast: the object that dies through the first reference is next and never
     * goes through the list; a run of up to three slots is no loop; blocks of one page in a row are
     * given back together. Nothing in here may free a block in another way while some wait.
     */
    private long drainPlain(long most) {
        if (countTypes || CheckedLevel.KEEPS_ALL) {
            return most;
        }
        long left = most;
        long header = dead;
        long word = 0;
        long head = END;
        if (header != END) {
            word = getLong(header);
            head = getLong(header, HeaderWord.WORD_B);
        }
        long page = BlockAllocator.NO_PAGE;
        long shape = BlockAllocator.NO_BLOCKS;
        long freeList = 0;
        long freed = 0;
        long type = NO_TYPE;
        long run = TypeDescriptor.NOT_PLAIN;
        while (header != END && left > 0) {
            if ((word & KIND_MASK) != type) {
                type = word & KIND_MASK;
                if (type != (word & HeaderWord.TYPE_MASK)) {
                    break; // may be one of the sample, which needs more
                }
                run = TypeDescriptor.plainRun(types.descriptor(word));
                if (run == TypeDescriptor.NOT_PLAIN) {
                    break;
                }
            }
            left--;
            long next = END;
            long nextWord = 0;
            int slots = TypeDescriptor.slots(run);
            if (slots != 0) {
                long first = TypeDescriptor.firstSlot(header, run);
                if (slots > 1) {
                    if (slots > 2) {
                        if (slots > 3) {
                            head = releaseSlots(first + 3 * Long.BYTES, slots - 3L, head);
                        }
                        head = release(getLong(first, 2 * Long.BYTES), head);
                    }
                    head = release(getLong(first, Long.BYTES), head);
                }
                long object = getLong(first);
                if (object != 0) {
                    long child = object - HeaderWord.BYTES;
                    long before = getLong(child);
                    long after = before - HeaderWord.ONE_STRONG;
                    if (after >= HeaderWord.ONE_STRONG || before < HeaderWord.ONE_STRONG) {
                        releaseHeld(child, before);
                    } else {
                        next = child;
                        nextWord = after | HeaderWord.DYING;
                        putLong(child, nextWord);
                    }
                }
            }
            if ((word & (HeaderWord.WEAK_MASK | HeaderWord.HELD_BY_BUFFER)) != 0) {
                keepHeader(header, word);
            } else {
                long its = blocks.pageEntry(header);
                if (its != page) {
                    if (freed != 0) {
                        blocks.freed(page, freeList, freed);
                    }
                    page = its;
                    shape = blocks.shapeAt(header);
                    freeList = shape == BlockAllocator.NO_BLOCKS ? 0 : blocks.freeList(its);
                    freed = 0;
                }
                if (!BlockAllocator.mayBeBlock(shape, header)) {
                    noBlock = header;
                } else {
                    putLong(header, 0);
                    putLong(header, HeaderWord.WORD_B, freeList);
                    freeList = header;
                    freed++;
                }
            }
            if (next == END && head != END) {
                next = head;
                nextWord = getLong(next);
                head = getLong(next, HeaderWord.WORD_B);
            }
            header = next;
            word = nextWord;
        }
        if (header != END) {
            putLong(header, HeaderWord.WORD_B, head);
        }
        dead = header;
        if (freed != 0) {
            blocks.freed(page, freeList, freed);
        }
        tellFault();
        return left;
    }

    /**
     * One reference of a dead object less. Returns the list, in front of which its object may be
     * now.
     */
    private long release(long object, long list) {
        if (object == 0) {
            return list;
        }
        long child = object - HeaderWord.BYTES;
        long before = getLong(child);
        long after = before - HeaderWord.ONE_STRONG;
        if (after >= HeaderWord.ONE_STRONG || before < HeaderWord.ONE_STRONG) {
            releaseHeld(child, before);
            return list;
        }
        putLong(child, after | HeaderWord.DYING);
        putLong(child, HeaderWord.WORD_B, list);
        return child;
    }

    private long releaseSlots(long first, long slots, long list) {
        long end = first + (slots << 3);
        long front = list;
        for (long slot = first; slot != end; slot += Long.BYTES) {
            front = release(getLong(slot), front);
        }
        return front;
    }

    /** One reference less to an object that lives on, or to one that no reference may lead to. */
    private void releaseHeld(long header, long before) {
        long after = before - HeaderWord.ONE_STRONG;
        if (after >= HeaderWord.ONE_STRONG) {
            putLong(header, after);
            if ((after & HeaderWord.NO_CANDIDATE) == 0) {
                cycles.possibleRoot(header, after);
            }
        } else if (!HeaderWord.pinned(before)) {
            overReleased = header;
        }
    }

    /**
     * Throws what was found while objects died, which the loop or the collection left alone.
     *
     * @throws IllegalStateException if there is any
     */
    private void tellFault() {
        if ((overReleased | noBlock) == 0) {
            return;
        }
        long over = overReleased;
        long none = noBlock;
        overReleased = 0;
        noBlock = 0;
        throw none != 0 ? blocks.walk().noBlock(none) : overReleased(over, getLong(over));
    }

    /** The same once a collection has ended. */
    public void collected() {
        long none = blocks.takeNoBlock();
        if (none != BlockAllocator.NONE) {
            noBlock = none;
        }
        tellFault();
    }

    /** The object is gone; a weak reference or a buffer holds its header. */
    private void keepHeader(long header, long word) {
        cycles.headerKept(word);
        putLong(header, word & ~(HeaderWord.DYING | HeaderWord.COLOUR_MASK));
        putLong(header, HeaderWord.WORD_B, 0);
        if (CheckedLevel.SAMPLING && blocks.watchLetsGo(header)) {
            weakRelease(header);
        }
    }

    private void reclaim(long header) {
        long word = getLong(header);
        long descriptor = types.descriptor(word);
        int flags = TypeDescriptor.flags(descriptor);
        if ((flags & TypeDescriptor.DESTRUCTOR) != 0
                && !HeaderWord.has(word, HeaderWord.FINALIZED)
                && !destroyed(header, word)) {
            return;
        }
        releaseReferences(header, descriptor, flags);
        buryBlock(header, descriptor, flags);
    }

    /** Runs the destructor; returns false if the object lives on. */
    private boolean destroyed(long header, long word) {
        // One reference belongs to the call. Upgrades fail from here on, also after a resurrection.
        putLong(
                header,
                ((word & ~HeaderWord.DYING) | HeaderWord.FINALIZED) + HeaderWord.ONE_STRONG);
        putLong(header, HeaderWord.WORD_B, 0);
        destructors.run(header);
        long after = getLong(header);
        if (!HeaderWord.alive(after)) {
            // The destructor released its own object too: it is on the list again.
            return false;
        }
        long rest = after - HeaderWord.ONE_STRONG;
        if (HeaderWord.pinned(after) || HeaderWord.alive(rest)) {
            if (!HeaderWord.pinned(after)) {
                putLong(header, rest);
                if ((rest & HeaderWord.NO_CANDIDATE) == 0) {
                    cycles.possibleRoot(header, rest);
                }
            }
            return false;
        }
        putLong(header, rest | HeaderWord.DYING);
        return true;
    }

    private void releaseReferences(long header, long descriptor, int flags) {
        if ((flags & TypeDescriptor.TRACED) != 0) {
            HeapType type = types.at(HeaderWord.type(getLong(header)));
            type.releaseInto(header, slot -> releaseSlots(slot, slot + Long.BYTES));
            return;
        }
        int runs = TypeDescriptor.runCount(descriptor);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(descriptor, flags, header, i);
            releaseSlots(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    private void releaseSlots(long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                drop(object - HeaderWord.BYTES);
            }
        }
    }

    /** One reference less, without collecting here and now; a fault is told later. */
    public void drop(long header) {
        long word = getLong(header);
        long after = word - HeaderWord.ONE_STRONG;
        if (after < HeaderWord.ONE_STRONG) {
            if (HeaderWord.lastOfLeaf(word)) {
                freeBlock(header);
            } else if (HeaderWord.alive(word)) {
                if (!HeaderWord.pinned(word)) {
                    bury(header, word);
                }
            } else {
                overReleased = header;
            }
        } else {
            putLong(header, after);
            if ((after & HeaderWord.NO_CANDIDATE) == 0) {
                cycles.possibleRoot(header, after);
            }
        }
    }

    /**
     * The last step for an object whose strong references are gone: releases its weak fields and
     * frees the block, unless a weak reference or a buffer holds it.
     */
    public void buryBlock(long header, long descriptor, int flags) {
        if ((flags & TypeDescriptor.WEAK_FIELDS) != 0) {
            releaseWeakFields(header, descriptor);
        }
        if (countTypes) {
            types.countFreed(descriptor);
        }
        long word = getLong(header);
        if ((word & (HeaderWord.WEAK_MASK | HeaderWord.HELD_BY_BUFFER)) == 0) {
            freeBlock(header);
        } else {
            keepHeader(header, word);
        }
    }

    private void freeBlock(long header) {
        if (blocks.mayBeBlock(header)) {
            blocks.free(header);
        } else {
            noBlock = header;
        }
    }

    private void releaseWeakFields(long header, long descriptor) {
        long list = TypeDescriptor.weakSlots(descriptor);
        long end = list + (getLong(list) + 1) * Long.BYTES;
        for (long at = list + Long.BYTES; at != end; at += Long.BYTES) {
            long slot = header + getLong(at);
            long object = getLong(slot);
            if (object != 0) {
                putLong(slot, 0);
                if (JavaObjects.isNumber(object)) {
                    javaObjects.letGo(object);
                } else {
                    weakRelease(object - HeaderWord.BYTES);
                }
            }
        }
    }

    /** Takes one weak reference away and frees a dead object's header with the last. */
    public void weakRelease(long header) {
        if (weak.release(header) == WeakCounts.Left.NONE) {
            freeIfNothingHolds(header);
        }
    }

    /** Frees the block of an object that died earlier, once nothing holds its header any more. */
    public void freeIfNothingHolds(long header) {
        long word = getLong(header);
        if ((word
                        & (HeaderWord.STRONG_MASK
                                | HeaderWord.WEAK_MASK
                                | HeaderWord.HELD_BY_BUFFER
                                | HeaderWord.DYING))
                == 0) {
            blocks.free(header);
        }
    }

    /** What a release of a dead object means. */
    public static IllegalStateException overReleased(long header, long word) {
        return new IllegalStateException(
                ("object released more often than retained, or not an object: address=0x%x"
                                + " header=0x%x")
                        .formatted(header + HeaderWord.BYTES, word));
    }
}
