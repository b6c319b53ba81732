package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getAndAdd;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;

/**
 * What a shared heap does when references go: the transitions of {@link SharedHeader} in memory
 * that need the heap ({@link SharedCounts} has the others), and the end of an object. Never
 * recurses through references, and needs no memory for the dying: they are linked through their
 * first words, and each thread takes its own from the front.
 *
 * <p>For each: its destructor runs, its references are released, its weak fields are released, its
 * block is freed, or kept while a weak reference leads to it.
 *
 * <p>Any thread; {@code self} is always the caller's owner.
 */
public final class SharedReclaimer {
    /** No object. */
    private static final long NONE = 0;

    /** What no header word has as its type. */
    private static final long NO_TYPE = -1;

    private final long base;
    private final long bytes;
    private final SharedSpace space;
    private final Owners owners;
    private final SharedTypes types;
    private final JavaObjects javaObjects;
    private final Destructors destructors;
    private final long budget;

    /** Who runs destructors of garbage in a pause. */
    private volatile @Nullable Thread finalizer;

    /**
     * Makes the reclaimer of one heap.
     *
     * @param base where the heap's addresses begin
     * @param bytes how many there are
     * @param budget objects that a call destroys at most; 0 for no limit
     */
    public SharedReclaimer(
            long base,
            long bytes,
            SharedSpace space,
            Owners owners,
            SharedTypes types,
            JavaObjects javaObjects,
            Destructors destructors,
            long budget) {
        this.base = base;
        this.bytes = bytes;
        this.space = space;
        this.owners = owners;
        this.types = types;
        this.javaObjects = javaObjects;
        this.destructors = destructors;
        this.budget = budget == 0 ? Long.MAX_VALUE : budget;
    }

    // ---- counts

    /** A retain by others than the owner, of a full count, or with a lent number. */
    public void retain(long header, long a, long thread) {
        if (!owners.isOfCaller(a, thread)) {
            owners.enterCaller();
            SharedCounts.retainShared(header, a);
        } else if (SharedHeader.full(a)) {
            SharedCounts.retainFull(header, a);
        } else {
            putLong(header, SharedHeader.ownerRetained(a));
        }
    }

    /**
     * The owner releases the last reference that it counts, and the object is no exclusive leaf.
     */
    public void releaseLastOwned(Owner self, long header, long a) {
        if (SharedCounts.lastOwned(header, a)) {
            bury(self.dying, header);
        }
        if (self.hasWork()) {
            attend(self);
        }
    }

    /** Another thread than the owner releases. */
    public void releaseShared(long header, long a) {
        Owner self = owners.current();
        if (minusOne(header, a)) {
            destroy(self, header);
        }
    }

    /** Returns whether that was the last reference; leaves it to the owner if that counts it. */
    private boolean minusOne(long header, long a) {
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (true) {
            if (a == 0 || SharedHeader.has(b, SharedHeader.DEAD) || SharedHeader.lastGone(b)) {
                throw overReleased(header, a, b);
            }
            if (SharedHeader.pinned(b)) {
                return false;
            }
            if (SharedHeader.has(b, SharedHeader.MERGED)) {
                // Release: this thread's writes to the object. Acquire: all others', if it was the
                // last.
                long before = getAndAdd(header + SharedHeader.WORD_B, -SharedHeader.ONE_SHARED);
                return SharedHeader.lastGone(before - SharedHeader.ONE_SHARED);
            }
            if (SharedHeader.leftToOwner(a, b)) {
                tell(owners.at(SharedHeader.owner(a)), header);
                return false;
            }
            if (compareAndSet(header + SharedHeader.WORD_B, b, b - SharedHeader.ONE_SHARED)) {
                return false; // it is not merged: who does that counts what is left
            }
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
    }

    /** What a release of a dead object means. */
    private static IllegalStateException overReleased(long header, long a, long b) {
        return new IllegalStateException(
                ("object released more often than retained, or not an object: address=0x%x"
                                + " header=0x%x 0x%x")
                        .formatted(header + HeaderWord.BYTES, a, b));
    }

    // ---- weak references

    /** Takes one weak reference away, and frees the block of a dead object with the last. */
    public void weakRelease(long header) {
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (SharedHeader.weak(b) != SharedHeader.MOST_WEAK) {
            if (SharedHeader.weak(b) == 0) {
                throw new IllegalStateException(
                        "weak release without a weak reference: address=0x%x header=0x%x"
                                .formatted(header + HeaderWord.BYTES, b));
            }
            long after = b - SharedHeader.ONE_WEAK;
            if (compareAndSet(header + SharedHeader.WORD_B, b, after)) {
                if (SharedHeader.has(after, SharedHeader.DEAD) && !SharedHeader.holdsBlock(after)) {
                    freeBlock(owners.current(), header);
                }
                return;
            }
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
    }

    // ---- what owners are told

    private void tell(Owner owner, long header) {
        owner.queue.push(header);
        // The push's add comes before this look, as the end's word that nobody runs the owner does
        // before its look at what was added: one of the two sees the other. The slot itself may be
        // seen later; the end waits for it.
        Thread thread = owner.thread;
        if (thread == null || !thread.isAlive()) {
            seeTo(owner);
        }
    }

    /** An owner was told something that has no thread, or whose thread has ended. */
    private void seeTo(Owner owner) {
        Owner self = owners.current();
        DyingList found = listOf(self);
        space.lock.lock();
        try {
            Thread thread = owner.thread;
            if (thread == null) {
                takeHandedBack(owner, found, Long.MAX_VALUE);
            } else if (!thread.isAlive()) {
                end(owner, found);
            }
        } finally {
            space.lock.unlock();
            drain(self, found, budget);
        }
    }

    /** Ends the owners whose threads have ended. */
    public void reap() {
        for (Owner owner : owners.running()) {
            Thread thread = owner.thread;
            if (thread != null && !thread.isAlive()) {
                seeTo(owner);
            }
        }
    }

    /** The calling thread lets go of what it owns, as if it had ended. */
    public void leave() {
        Owner self = owners.ofCaller();
        while (self != null) {
            if (self.dying.draining || Thread.currentThread().equals(finalizer)) {
                // What is amid its release counts for this owner and frees to its pages.
                throw new IllegalStateException(
                        "thread cannot leave a heap in one of its destructors: thread=%s; leave when"
                                        .formatted(Thread.currentThread().getName())
                                + " the release or collection that runs it has returned");
            }
            attendAll(self);
            DyingList found = new DyingList();
            space.lock.lock();
            try {
                end(self, found);
            } finally {
                space.lock.unlock();
                drain(owners.common(), found, Long.MAX_VALUE);
            }
            // What died may have told others something in their stead, and entered for that.
            self = owners.ofCaller();
        }
    }

    /**
     * Under the lock, by the owner's thread or after its end: merges all it owns, gives its pages
     * to nobody.
     */
    // Nothing relies on the yield: who has claimed a place fills it by itself, sooner with it.
    @SuppressWarnings("ThreadPriorityCheck")
    private void end(Owner owner, DyingList found) {
        takeHandedBack(owner, found, Long.MAX_VALUE);
        while (owner.dying.first != DyingList.END) {
            bury(found, unbury(owner.dying));
        }
        owner.blocks.closeFastPath(false);
        space.forEachBlock(owner.pages, (header, _) -> mergeAtEnd(owner, header, found));
        space.abandon(owner.pages);
        owners.leave(owner);
        try {
            // Who tells this owner something now either sees that it is gone, or has claimed its
            // place in the queue, and what it puts there is waited for.
            takeHandedBack(owner, found, Long.MAX_VALUE);
            while (!owner.queue.isUsedUp()) {
                Thread.yield();
                takeHandedBack(owner, found, Long.MAX_VALUE);
            }
        } finally {
            owner.pages.takeBack();
        }
    }

    private void mergeAtEnd(Owner owner, long header, DyingList found) {
        // Word B first: of a block that is being freed, word A is 0 before word B is a link.
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        long a = getLong(header);
        if (SharedHeader.owner(a) != owner.number) {
            return;
        }
        if (SharedCounts.merge(header, a, b, SharedHeader.own(a))) {
            bury(found, header);
        }
    }

    /** Does what was left to the caller, and goes on with what is dying, by one budget each. */
    public void attend(Owner self) {
        if (self.isCommon()) {
            return;
        }
        takeHandedBack(self, self.dying, budget);
        drain(self, self.dying, budget);
    }

    /** The same, until nothing is left. */
    public void attendAll(Owner self) {
        if (self.isCommon()) {
            return;
        }
        while (self.hasWork() && !self.dying.draining) {
            takeHandedBack(self, self.dying, Long.MAX_VALUE);
            drain(self, self.dying, Long.MAX_VALUE);
        }
    }

    private void takeHandedBack(Owner owner, DyingList found, long most) {
        HandBackQueue queue = owner.queue;
        queue.listened();
        boolean done = false;
        try {
            for (long left = most; left > 0; left--) {
                long header = queue.poll();
                if (header == 0) {
                    done = true;
                    break;
                }
                long a = getLong(header);
                if (owner.countsOne(a)
                        && SharedHeader.exclusiveLeaf(
                                getLongAcquire(header + SharedHeader.WORD_B))) {
                    owner.blocks.free(header);
                } else if (releasedFor(owner, header, a)) {
                    bury(found, header);
                }
            }
        } finally {
            if (!done) {
                queue.tell(); // of what is behind the last one, or behind the fault that is thrown
            }
        }
    }

    /** A release that another thread left to the owner; returns whether it was the last. */
    private boolean releasedFor(Owner owner, long header, long a) {
        if (!owner.owns(a)) {
            return minusOne(header, a); // merged meanwhile
        }
        if (owner.countsOne(a)) {
            return SharedCounts.lastOwned(header, a);
        }
        putLong(header, SharedHeader.ownerReleased(a));
        return false;
    }

    // ---- for who has paused the heap

    /** Sees to what all owners were told, and destroys what is dying. */
    public void settle() {
        Owner self = owners.current();
        DyingList found = listOf(self);
        boolean more = true;
        while (more) {
            for (Owner owner : owners.all()) {
                takeHandedBack(owner, found, Long.MAX_VALUE);
                while (owner != self && owner.dying.first != DyingList.END) {
                    bury(found, unbury(owner.dying));
                }
                owner.pages.takeBack();
            }
            more = found.first != DyingList.END && !found.draining;
            drain(self, found, Long.MAX_VALUE);
        }
    }

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

    /** Runs the destructor of garbage, by who paused the heap. */
    void runDestructor(long header) {
        finalizer = Thread.currentThread();
        try {
            destructors.run(header);
        } finally {
            finalizer = null;
        }
    }

    /** Takes away a reference to an object that has others. */
    void releaseLive(long header) {
        long a = getLong(header);
        if (owners.isOfCaller(a, Thread.currentThread().threadId()) && !SharedHeader.ownIsOne(a)) {
            putLong(header, SharedHeader.ownerReleased(a));
        } else if (minusOne(header, a)) {
            throw new IllegalStateException(
                    "live object had no reference but one from garbage: address=0x%x"
                            .formatted(header + HeaderWord.BYTES));
        }
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
        bury(self, header, types.descriptor(getLong(header)));
    }

    // ---- the end of objects

    private DyingList listOf(Owner self) {
        // Many virtual threads are nobody: each call of theirs has a list of its own.
        return self.isCommon() ? new DyingList() : self.dying;
    }

    /** The last reference is gone: frees the object and all that only it held. */
    public void destroy(Owner self, long header) {
        DyingList list = listOf(self);
        bury(list, header);
        drain(self, list, budget);
    }

    private void bury(DyingList list, long header) {
        putLong(header, SharedHeader.link(getLong(header), list.first));
        list.first = header - base;
    }

    private long unbury(DyingList list) {
        long header = base + list.first;
        long a = getLong(header);
        list.first = SharedHeader.next(a);
        putLong(header, SharedHeader.withoutOwner(a));
        return header;
    }

    private void drain(Owner self, DyingList list, long most) {
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
            bury(self, header, descriptor);
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
            if (self.countsOne(a) ? SharedCounts.lastOwned(header, a) : minusOne(header, a)) {
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
                    .traceInto(header, slot -> releaseSlots(self, list, slot, slot + Long.BYTES));
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
    private void bury(Owner self, long header, long descriptor) {
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
            weakRelease(word - HeaderWord.BYTES);
        }
    }

    /** Gives back a block that checked mode kept for a while; any thread that uses the heap. */
    public void giveBack(long block) {
        Owner self = owners.current();
        if (!self.isCommon() && space.ownerOf(block) == self.number) {
            self.blocks.giveBack(block);
        } else {
            space.giveBackRemote(block);
        }
    }

    private void freeBlock(Owner self, long header) {
        if (!self.isCommon() && space.ownerOf(header) == self.number) {
            self.blocks.free(header);
        } else {
            space.freeRemote(header);
        }
    }
}
