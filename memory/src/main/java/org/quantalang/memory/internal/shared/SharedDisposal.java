package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getAndAdd;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;

/**
 * The end of objects of a shared heap. Never recurses through references, and needs no memory for
 * the dying: they are linked through their first words, and each thread takes its own from the
 * front.
 *
 * <p>For each: its destructor runs, its references are released, its weak fields are released, its
 * block is freed, or kept while a weak reference leads to it. What fails in between is told when
 * the rest is done.
 *
 * <p>Any thread; {@code self} is always the caller's owner.
 */
final class SharedDisposal {
    /** No object. */
    private static final long NONE = 0;

    /** What no header word has as its type. */
    private static final long NO_TYPE = -1;

    private final long base;
    private final long bytes;
    private final SharedSpace space;
    private final SharedTypes types;
    private final JavaObjects javaObjects;
    private final Destructors destructors;
    private final SharedReclaimer reclaimer;

    /**
     * Makes that of one heap.
     *
     * @param base where the heap's addresses begin
     * @param bytes how many there are
     * @param reclaimer releases what is not the caller's alone
     */
    SharedDisposal(
            long base,
            long bytes,
            SharedSpace space,
            SharedTypes types,
            JavaObjects javaObjects,
            Destructors destructors,
            SharedReclaimer reclaimer) {
        this.base = base;
        this.bytes = bytes;
        this.space = space;
        this.types = types;
        this.javaObjects = javaObjects;
        this.destructors = destructors;
        this.reclaimer = reclaimer;
    }

    /** Puts an object on a list. */
    void bury(DyingList list, long header) {
        putLong(header, SharedHeader.link(getLong(header), list.first));
        list.first = header - base;
    }

    /** Takes the first off. */
    long unbury(DyingList list) {
        long header = base + list.first;
        long a = getLong(header);
        list.first = SharedHeader.next(a);
        putLong(header, SharedHeader.withoutOwner(a));
        return header;
    }

    /** Destroys what is on a list, and what only that held; so many objects at most. */
    void drain(Owner self, DyingList list, long most) {
        if (list.draining) {
            return;
        }
        list.draining = true;
        try {
            // A list for one call must end with it.
            long left = list == self.dying ? most : Long.MAX_VALUE;
            while (list.first != DyingList.END && left > 0) {
                left = drainPlain(self, list, left);
                if (list.first != DyingList.END && left > 0) {
                    left--;
                    reclaim(self, list, unbury(list));
                }
            }
        } catch (Throwable failure) {
            list.tellFaultWith(failure);
            throw failure;
        } finally {
            list.draining = false;
            boolean rest = list.first != DyingList.END;
            if (list == self.dying && rest != self.blocks.fastPathClosed()) {
                // The next allocation goes on.
                self.blocks.closeFastPath(rest);
            }
        }
        list.tellFault();
    }

    /**
     * Destroys dying objects as long as they are of the usual kind: all references in one run,
     * nothing else to do.
     *
     * <p>What makes it fast: the object that dies through the first reference is next and never
     * goes through the list; a run of up to three slots is no loop; blocks of one page in a row are
     * given back together. Nothing in here may free a block in another way while some wait; where
     * checked mode keeps blocks each goes by itself, since one that is kept may push another out.
     */
    private long drainPlain(Owner self, DyingList list, long most) {
        if (types.countsTypes() || self.isCommon()) {
            return most;
        }
        BlockAllocator blocks = self.blocks;
        long fresh = self.fresh();
        long left = most;
        long head = list.first;
        long header = NONE;
        long a = 0;
        long page = BlockAllocator.NO_PAGE;
        long shape = BlockAllocator.NO_BLOCKS;
        long freeList = 0;
        long freed = 0;
        long type = NO_TYPE;
        long run = TypeDescriptor.NOT_PLAIN;
        while (left > 0) {
            if (header == NONE) {
                if (head == DyingList.END) {
                    break;
                }
                header = base + head;
                a = getLong(header);
                head = SharedHeader.next(a);
            }
            if ((a & HeaderWord.TYPE_MASK) != type) {
                run = TypeDescriptor.plainRun(types.descriptor(a));
                if (run == TypeDescriptor.NOT_PLAIN) {
                    break;
                }
                type = a & HeaderWord.TYPE_MASK;
            }
            left--;
            long next = NONE;
            long nextA = 0;
            int slots = TypeDescriptor.slots(run);
            if (slots != 0) {
                long first = TypeDescriptor.firstSlot(header, run);
                if (slots > 1) {
                    if (slots > 2) {
                        if (slots > 3) {
                            long rest = first + 3 * Long.BYTES;
                            long end = first + ((long) slots << 3);
                            head = releaseSlots(self, list, fresh, rest, end, head);
                        }
                        long third = getLong(first, 2 * Long.BYTES);
                        head = release(self, list, fresh, third, head);
                    }
                    head = release(self, list, fresh, getLong(first, Long.BYTES), head);
                }
                long object = getLong(first);
                if (object != 0) {
                    long child = object - HeaderWord.BYTES;
                    long childA = getLong(child);
                    long b = getLongAcquire(child + SharedHeader.WORD_B);
                    if (SharedHeader.ownerAndCount(childA) == fresh
                            && SharedHeader.exclusive(b)
                            && isInside(child)) {
                        next = child;
                        nextA = SharedHeader.ownLink(childA, DyingList.END);
                        putLong(child, nextA);
                        putLong(child + SharedHeader.WORD_B, SharedHeader.merged(b, 0));
                    } else {
                        head = releaseOther(self, list, child, childA, head);
                    }
                }
            }
            if (SharedHeader.ownsPage(a) && !CheckedLevel.KEEPS) {
                long its = blocks.pageEntry(header);
                if (its != page) {
                    if (freed != 0) {
                        list.first = head;
                        blocks.freed(page, freeList, freed);
                        freed = 0;
                    }
                    page = its;
                    shape = blocks.shapeAt(header);
                    freeList = shape == BlockAllocator.NO_BLOCKS ? 0 : blocks.freeList(its);
                }
                if (!BlockAllocator.mayBeBlock(shape, header)) {
                    list.found(blocks.walk().noBlock(header));
                } else {
                    putLong(header, 0);
                    putLong(header, HeaderWord.WORD_B, freeList);
                    freeList = header;
                    freed++;
                }
            } else {
                list.first = head;
                if (freed != 0) {
                    blocks.freed(page, freeList, freed);
                    freed = 0;
                }
                page = BlockAllocator.NO_PAGE;
                putLong(header, SharedHeader.withoutOwner(a));
                buryAlone(self, list, header, types.descriptor(a));
            }
            header = next;
            a = nextA;
        }
        if (header != NONE) {
            putLong(header, SharedHeader.linked(a, head));
            head = header - base;
        }
        list.first = head;
        if (freed != 0) {
            blocks.freed(page, freeList, freed);
        }
        return left;
    }

    /**
     * One reference of a dying object less. Returns the list's head, in front of which its object
     * may be now.
     */
    private long release(Owner self, DyingList list, long fresh, long object, long head) {
        if (object == 0) {
            return head;
        }
        long child = object - HeaderWord.BYTES;
        long a = getLong(child);
        long b = getLongAcquire(child + SharedHeader.WORD_B);
        if (SharedHeader.ownerAndCount(a) != fresh
                || !SharedHeader.exclusive(b)
                || !isInside(child)) {
            return releaseOther(self, list, child, a, head);
        }
        putLong(child, SharedHeader.ownLink(a, head));
        putLong(child + SharedHeader.WORD_B, SharedHeader.merged(b, 0));
        return child - base;
    }

    /** Whether an address is the heap's: no other can be linked. */
    private boolean isInside(long header) {
        return Long.compareUnsigned(header - base, bytes) < 0;
    }

    private long releaseSlots(
            Owner self, DyingList list, long fresh, long start, long end, long head) {
        long front = head;
        for (long slot = start; slot != end; slot += Long.BYTES) {
            front = release(self, list, fresh, getLong(slot), front);
        }
        return front;
    }

    /** The same of an object that something else holds, or that another thread may count. */
    private long releaseOther(Owner self, DyingList list, long header, long a, long head) {
        if (self.owns(a) && !self.countsOne(a)) {
            putLong(header, SharedHeader.ownerReleased(a));
            return head;
        }
        list.first = head;
        dropOne(self, list, header, a);
        return list.first;
    }

    /** The end of an object that something may hold, or whose page may be another's. */
    private void buryAlone(Owner self, DyingList list, long header, long descriptor) {
        try {
            buryBlock(self, header, descriptor);
        } catch (RuntimeException | Error fault) {
            list.found(fault);
        }
    }

    private void freeLeaf(Owner self, DyingList list, long header) {
        try {
            self.blocks.free(header);
        } catch (RuntimeException | Error fault) {
            list.found(fault);
        }
    }

    /** Releases what the owner counts once and not alone, or does not own. */
    private void dropOne(Owner self, DyingList list, long header, long a) {
        try {
            if (!isInside(header)) {
                throw self.blocks.walk().noBlock(header);
            }
            if (self.countsOne(a)
                    ? SharedCounts.lastOwned(header, a)
                    : reclaimer.minusOne(header, a)) {
                bury(list, header);
            }
        } catch (RuntimeException | Error fault) {
            list.found(fault); // and the others are released all the same
        }
    }

    private void reclaim(Owner self, DyingList list, long header) {
        long descriptor = types.descriptor(getLong(header));
        int flags = TypeDescriptor.flags(descriptor);
        if ((flags & TypeDescriptor.DESTRUCTOR) != 0 && !destroyed(header)) {
            return;
        }
        if ((flags & TypeDescriptor.TRACED) != 0) {
            types.at(HeaderWord.type(getLong(header)))
                    .releaseInto(header, slot -> releaseSlots(self, list, slot, slot + Long.BYTES));
        } else {
            int runs = TypeDescriptor.runCount(descriptor);
            for (int i = 0; i < runs; i++) {
                long run = TypeDescriptor.run(descriptor, flags, header, i);
                releaseSlots(
                        self,
                        list,
                        TypeDescriptor.start(header, run),
                        TypeDescriptor.end(header, run));
            }
        }
        if ((flags & TypeDescriptor.WEAK_FIELDS) != 0) {
            releaseWeakFields(list, header, descriptor);
        }
        buryAlone(self, list, header, descriptor);
    }

    /** Runs the destructor if it has not run; returns false if the object lives on. */
    private boolean destroyed(long header) {
        // One reference belongs to the call. Upgrades fail from here on, also after a resurrection.
        if (!beginFinalizing(header)) {
            return true;
        }
        destructors.run(header);
        long before = getAndAdd(header + SharedHeader.WORD_B, -SharedHeader.ONE_SHARED);
        return SharedHeader.lastGone(before - SharedHeader.ONE_SHARED);
    }

    private void releaseSlots(Owner self, DyingList list, long start, long end) {
        for (long slot = start; slot != end; slot += Long.BYTES) {
            long object = getLong(slot);
            if (object != 0) {
                long header = object - HeaderWord.BYTES;
                long a = getLong(header);
                if (self.countsOne(a)
                        && SharedHeader.exclusiveLeaf(
                                getLongAcquire(header + SharedHeader.WORD_B))) {
                    freeLeaf(self, list, header);
                } else if (self.owns(a) && !self.countsOne(a)) {
                    putLong(header, SharedHeader.ownerReleased(a));
                } else {
                    dropOne(self, list, header, a);
                }
            }
        }
    }

    /** The object is gone: its block is free, or kept for what still leads to its header. */
    private void buryBlock(Owner self, long header, long descriptor) {
        if (types.countsTypes()) {
            types.countFreed(descriptor);
        }
        long at = header + SharedHeader.WORD_B;
        long b = getLongAcquire(at);
        while (SharedHeader.holdsBlock(b)) {
            if (compareAndSet(at, b, SharedHeader.dead(b))) {
                return;
            }
            b = getLongAcquire(at);
        }
        freeBlock(self, header);
    }

    private void releaseWeakFields(DyingList faults, long header, long descriptor) {
        long list = TypeDescriptor.weakSlots(descriptor);
        long end = list + (getLong(list) + 1) * Long.BYTES;
        for (long at = list + Long.BYTES; at != end; at += Long.BYTES) {
            long slot = header + getLong(at);
            long object = getLong(slot);
            if (object != 0) {
                putLong(slot, 0);
                try {
                    releaseWeakly(object);
                } catch (RuntimeException | Error fault) {
                    faults.found(fault);
                }
            }
        }
    }

    private void releaseWeakly(long word) {
        if (JavaObjects.isNumber(word)) {
            synchronized (javaObjects) {
                javaObjects.letGo(word);
            }
        } else {
            reclaimer.weakRelease(word - HeaderWord.BYTES);
        }
    }

    /** Frees the block of an object that is gone. */
    void freeBlock(Owner self, long header) {
        if (!self.isCommon() && space.ownerOf(header) == self.number) {
            self.blocks.free(header);
        } else {
            space.freeRemote(header);
        }
    }

    // ---- garbage, for who has paused the heap

    /** A merged object whose destructor has not run gets a reference for it; returns whether so. */
    boolean beginFinalizing(long header) {
        long at = header + SharedHeader.WORD_B;
        long b = getLongAcquire(at);
        while (!SharedHeader.has(b, SharedHeader.FINALIZED)) {
            if (compareAndSet(at, b, SharedHeader.finalizing(b))) {
                return true;
            }
            b = getLongAcquire(at);
        }
        return false;
    }

    /** Releases what the weak fields of garbage hold. */
    void releaseWeakFieldsOf(long header) {
        long descriptor = types.descriptor(getLong(header));
        if ((TypeDescriptor.flags(descriptor) & TypeDescriptor.WEAK_FIELDS) != 0) {
            var faults = new DyingList();
            releaseWeakFields(faults, header, descriptor);
            faults.tellFault();
        }
    }

    /** Garbage whose references are released: its block is free, or kept. */
    void freeGarbage(Owner self, long header) {
        long at = header + SharedHeader.WORD_B;
        putLong(at, SharedHeader.garbage(getLongAcquire(at)));
        buryBlock(self, header, types.descriptor(getLong(header)));
    }
}
