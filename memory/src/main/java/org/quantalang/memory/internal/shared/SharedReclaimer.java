package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getAndAdd;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.count.Destructors;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;

/**
 * What a shared heap does when references go: the transitions of {@link SharedHeader} in memory
 * that need the heap ({@link SharedCounts} has the others), what owners are told, and the end of
 * owners. {@link SharedDisposal} ends the objects.
 *
 * <p>Any thread; {@code self} is always the caller's owner.
 */
public final class SharedReclaimer {
    private final SharedSpace space;
    private final Owners owners;
    private final Destructors destructors;
    private final long budget;
    final SharedDisposal disposal;

    /** Who runs destructors of garbage in a pause. */
    private volatile @Nullable Thread finalizer;

    /** The list of the call that a thread without a list of its own is in; see {@link #listOf}. */
    @SuppressWarnings("ThreadLocalUsage") // of this heap: destructors may use others
    private final ThreadLocal<@Nullable DyingList> ofCall = new ThreadLocal<>();

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
        this.space = space;
        this.owners = owners;
        this.destructors = destructors;
        this.budget = budget == 0 ? Long.MAX_VALUE : budget;
        disposal = new SharedDisposal(base, bytes, space, types, javaObjects, destructors, this);
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
            disposal.bury(self.dying, header);
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
    boolean minusOne(long header, long a) {
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
                    disposal.freeBlock(owners.current(), header);
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

    /** Whether the caller is amid the end of objects: in a destructor. */
    public boolean isDestroying() {
        Owner self = owners.ofCaller();
        return ofCall.get() != null
                || (self != null && self.dying.draining)
                || Thread.currentThread().equals(finalizer);
    }

    /** The calling thread, which is not quiet, lets go of what it owns, as if it had ended. */
    public void leave() {
        Owner self = owners.ofCaller();
        if (self == null) {
            return;
        }
        if (isDestroying()) {
            // What is amid its release counts for this owner and frees to its pages.
            throw new IllegalStateException(
                    "thread cannot leave a heap in one of its destructors: thread=%s; leave when"
                                    .formatted(Thread.currentThread().getName())
                            + " the release or collection that runs it has returned");
        }
        attendAll(self);
        DyingList found = new DyingList();
        Owner guest = null;
        try {
            space.lock.lock();
            try {
                end(self, found);
            } finally {
                guest = owners.linger(); // for the rest, which a pause has to wait for
                space.lock.unlock();
            }
            drainOfCall(guest, found);
        } finally {
            leave(guest);
        }
    }

    private void leave(@Nullable Owner guest) {
        if (guest != null) {
            space.lock.lock();
            try {
                owners.leave(guest);
            } finally {
                space.lock.unlock();
            }
        }
    }

    /**
     * Under the lock, by the owner's thread or after its end: merges all it owns, gives its pages
     * to nobody.
     */
    // Nothing relies on the yield: who has claimed a place fills it by itself, sooner with it.
    @SuppressWarnings("ThreadPriorityCheck")
    private void end(Owner owner, DyingList found) {
        if (owner.isCommon()) {
            owners.leave(owner); // it owns nothing
            return;
        }
        takeHandedBack(owner, found, Long.MAX_VALUE);
        while (owner.dying.first != DyingList.END) {
            disposal.bury(found, disposal.unbury(owner.dying));
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
            disposal.bury(found, header);
        }
    }

    /** Does what was left to the caller, and goes on with what is dying, by one budget each. */
    public void attend(Owner self) {
        if (self.isCommon()) {
            return;
        }
        takeHandedBack(self, self.dying, budget);
        disposal.drain(self, self.dying, budget);
    }

    /** The same, until nothing is left. */
    public void attendAll(Owner self) {
        if (self.isCommon()) {
            return;
        }
        while (self.hasWork() && !self.dying.draining) {
            takeHandedBack(self, self.dying, Long.MAX_VALUE);
            disposal.drain(self, self.dying, Long.MAX_VALUE);
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
                    disposal.bury(found, header);
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

    // ---- the end of objects

    /**
     * Where the dying of a call go. Who has no list of its own has one for each call, the outermost
     * if destructors release more: that ends as a loop, whatever dies.
     */
    private DyingList listOf(Owner self) {
        if (!self.isCommon()) {
            return self.dying;
        }
        DyingList outer = ofCall.get();
        return outer == null ? new DyingList() : outer;
    }

    /** The last reference is gone: frees the object and all that only it held. */
    public void destroy(Owner self, long header) {
        DyingList list = listOf(self);
        disposal.bury(list, header);
        drain(self, list, budget);
    }

    private void drain(Owner self, DyingList list, long most) {
        if (self.isCommon()) {
            drainOfCall(self, list);
        } else {
            disposal.drain(self, list, most);
        }
    }

    private void drainOfCall(Owner self, DyingList list) {
        if (list.draining) {
            return; // the call that it is of goes on
        }
        DyingList outer = ofCall.get();
        ofCall.set(list);
        try {
            disposal.drain(self, list, Long.MAX_VALUE);
        } finally {
            if (outer == null) {
                ofCall.remove();
            } else {
                ofCall.set(outer);
            }
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
                    disposal.bury(found, disposal.unbury(owner.dying));
                }
                owner.pages.takeBack();
            }
            more = found.first != DyingList.END && !found.draining;
            drain(self, found, Long.MAX_VALUE);
        }
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
}
