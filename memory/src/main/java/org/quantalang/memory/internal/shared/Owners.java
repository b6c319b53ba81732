package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.PageTable;
import org.quantalang.memory.internal.alloc.SharedSpace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.function.Supplier;

/**
 * Who owns what in a shared heap: the owners by number, and the one of each thread.
 *
 * <p>A thread finds itself by its number in a table that it reads without any order: whatever it
 * sees there of others cannot be taken for its own, and its own entry it made itself.
 *
 * <p>Any thread; changes under the space's lock.
 */
public final class Owners {
    private static final int FIRST_TABLE = 64;

    /**
     * Threads with numbers up to this have the same number as owners, for ever: no other thread
     * ever gets it, so that one compare tells whether an object counts for the caller. What an
     * ended thread's owner keeps is the price, some KiB, so that they are not more.
     */
    public static final int MOST_SAME = 511;

    private final SharedSpace space;
    private final String heapName;
    private final @Nullable Owner[] byNumber;

    /**
     * By number of an owner: the number of its thread, 0 if it has none. For "does this object
     * count for me", which reads it without any order like the table.
     */
    private final long[] threadIds;

    /** In the order in which they were made, nobody first. */
    private final List<Owner> made = new CopyOnWriteArrayList<>();

    /** Guests of threads that only look; see {@link #passing}. */
    private final List<Owner> visitors = new CopyOnWriteArrayList<>();

    /** Under the lock: visitors wait, since somebody wants the heap for himself. */
    private boolean visitorsWait;

    private final Condition visitorsMayLook;

    /** Owners from here on serve one thread after the other. */
    private final int firstLent;

    private @Nullable Owner[] table = new @Nullable Owner[FIRST_TABLE];
    private final Owner common;
    private volatile boolean closed;

    /** Makes the owners of a space; at first there is only nobody. */
    public Owners(SharedSpace space, String heapName, int mostOwners) {
        this.space = space;
        this.heapName = heapName;
        visitorsMayLook = space.lock.newCondition();
        byNumber = new @Nullable Owner[mostOwners + 1];
        threadIds = new long[mostOwners + 1];
        common = new Owner(SharedSpace.COMMON, 0, space.of(SharedSpace.COMMON));
        byNumber[SharedSpace.COMMON] = common;
        made.add(common);
        firstLent = Math.min(MOST_SAME, mostOwners / 2) + 1;
    }

    /** How many owners a heap of this size has at most. */
    public static int most(long heapBytes) {
        return Math.clamp(heapBytes >>> PageTable.PAGE_SHIFT, 16, SharedHeader.MOST_OWNERS);
    }

    /** The owner that is nobody. */
    public Owner common() {
        return common;
    }

    /** The owner of this number, which an object or page has. */
    public Owner at(int number) {
        Owner owner = number < byNumber.length ? byNumber[number] : null;
        if (owner == null) {
            throw new IllegalStateException(
                    "object has an owner that there is none of, or is no object: owner=" + number);
        }
        return owner;
    }

    /**
     * Whether the calling thread, whose number is given, owns an object with this word A. Reads
     * without any order: a thread finds its own number only if it wrote it.
     */
    public boolean isOfCaller(long a, long threadId) {
        int owner = SharedHeader.owner(a);
        return owner < threadIds.length && threadIds[owner] == threadId;
    }

    /**
     * The owner of the calling thread; it becomes one if it is none yet.
     *
     * @throws IllegalStateException if the thread has said that it is quiet, or the heap is closed
     */
    public Owner current() {
        long id = Thread.currentThread().threadId();
        @Nullable Owner[] owners = table;
        Owner owner = owners[(int) id & (owners.length - 1)];
        return owner != null && owner.threadId == id ? owner : find();
    }

    /**
     * The calling thread uses the heap from here on: it becomes an owner if it is none yet, for
     * which it waits while somebody has the heap for himself. Not with a field held.
     */
    public void enterCaller() {
        Owner _ = current();
    }

    /** Whether the caller uses the heap, as far as it is known, and is not quiet. */
    public boolean isActive() {
        Owner self = closed ? null : ofCaller();
        return self != null && !self.quiet;
    }

    /** Whether the caller has said that it stays away from the heap. */
    public boolean isQuiet() {
        Owner self = ofCaller();
        return self != null && self.quiet;
    }

    /** The owner of the calling thread, without making it one; null if it is none. */
    public @Nullable Owner ofCaller() {
        space.lock.lock();
        try {
            return of(Thread.currentThread());
        } finally {
            space.lock.unlock();
        }
    }

    private @Nullable Owner of(Thread thread) {
        for (Owner owner : made) {
            if (thread.equals(owner.thread)) {
                return owner;
            }
        }
        return null;
    }

    private Owner find() {
        Thread thread = Thread.currentThread();
        if (thread.isVirtual()) {
            checkOpen();
            return common;
        }
        space.lock.lock();
        try {
            checkOpen();
            Owner owner = of(thread);
            if (owner == null) {
                return enter(thread);
            }
            if (owner.quiet) {
                throw new IllegalStateException(
                        "thread uses the heap within its quietly(): thread=%s; use it before or after"
                                .formatted(thread.getName()));
            }
            return owner; // its place in the table belongs to another
        } finally {
            space.lock.unlock();
        }
    }

    /** Refuses a heap that has closed. */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("heap is closed: name=" + heapName);
        }
    }

    /** Whether the heap has closed. */
    boolean isClosed() {
        return closed;
    }

    /** Under the lock, while nobody uses the heap: from here on nobody enters. */
    public void close() {
        closed = true;
        table = new @Nullable Owner[FIRST_TABLE];
    }

    /** The calling thread does not use the heap for a while: its number finds nobody. */
    void away(Owner self) {
        self.threadId = 0;
        if (!self.isCommon()) {
            threadIds[self.number] = 0;
        }
        self.quiet = true; // last: who sees it may have the heap for himself
    }

    /** It uses the heap again. */
    void back(Owner self) {
        self.quiet = false; // volatile, before the caller looks whether somebody has the heap
        self.threadId = Thread.currentThread().threadId();
        if (!self.isCommon()) {
            threadIds[self.number] = self.threadId;
        }
    }

    /**
     * Runs {@code look} for a thread that may not use the heap otherwise, so that it is not closed
     * or changed meanwhile; afterwards the thread is as before. Who is no user waits with it while
     * somebody wants the heap for himself.
     */
    public <T> T passing(Supplier<T> look) {
        Owner guest = null;
        space.lock.lock();
        try {
            Owner known = of(Thread.currentThread());
            if (known == null || known.quiet) {
                while (visitorsWait && space.lock.getHoldCount() == 1) { // 2: has it for himself
                    visitorsMayLook.awaitUninterruptibly();
                }
                guest = guest(Thread.currentThread());
            }
            checkOpen();
            if (guest != null) {
                visitors.add(guest);
            }
        } finally {
            space.lock.unlock();
        }
        try {
            return look.get();
        } finally {
            if (guest != null) {
                space.lock.lock();
                try {
                    leave(guest);
                } finally {
                    space.lock.unlock();
                }
            }
        }
    }

    /** Keeps visitors out while somebody wants the heap for himself, or lets them in again. */
    void visitorsWait(boolean wait) {
        space.lock.lock();
        try {
            visitorsWait = wait;
            visitorsMayLook.signalAll();
        } finally {
            space.lock.unlock();
        }
    }

    /** Under the lock: whether any thread only looks. */
    boolean hasVisitors() {
        return !visitors.isEmpty();
    }

    /** Whether that owner is one of those. */
    boolean isVisitor(Owner owner) {
        return visitors.contains(owner);
    }

    /** Under the lock: the calling thread, which has just left, uses the heap a little longer. */
    Owner linger() {
        Owner guest = guest(Thread.currentThread());
        made.add(guest);
        return guest;
    }

    private Owner guest(Thread thread) {
        Owner guest = new Owner(SharedSpace.COMMON, 0, space.of(SharedSpace.COMMON));
        guest.threadId = thread.threadId();
        guest.thread = thread;
        return guest;
    }

    /** A thread uses the heap for the first time. */
    private Owner enter(Thread thread) {
        long id = thread.threadId();
        int number = id < firstLent ? (int) id : unused();
        if (number == SharedSpace.COMMON) {
            Owner guest = guest(thread);
            made.add(guest);
            place(guest);
            return guest;
        }
        Owner owner = byNumber[number];
        if (owner == null) {
            long freshA =
                    number < firstLent
                            ? SharedHeader.fresh(number)
                            : SharedHeader.freshOfLent(number);
            owner = new Owner(number, freshA, space.make(number));
            byNumber[number] = owner;
            made.add(owner);
        }
        owner.threadId = id;
        threadIds[number] = id;
        owner.thread = thread;
        owner.quiet = false;
        place(owner);
        return owner;
    }

    /** The number of an owner that a thread without one of its own may have; 0 if there is none. */
    private int unused() {
        for (int number = firstLent; number < byNumber.length; number++) {
            Owner owner = byNumber[number];
            if (owner == null || owner.thread == null) {
                return number;
            }
        }
        return SharedSpace.COMMON;
    }

    /** A table in which every thread has a place of its own, or the largest worth having. */
    private void place(Owner added) {
        int size = table.length;
        @Nullable Owner[] fresh = fill(size);
        while (fresh == null && size < byNumber.length) {
            size *= 2;
            fresh = fill(size);
        }
        if (fresh == null) {
            fresh = table.clone();
            fresh[(int) added.threadId & (fresh.length - 1)] = added;
        }
        table = fresh;
    }

    private @Nullable Owner @Nullable [] fill(int size) {
        @Nullable Owner[] fresh = new @Nullable Owner[size];
        for (Owner owner : made) {
            Thread thread = owner.thread;
            if (thread != null) {
                int place = (int) thread.threadId() & (size - 1);
                if (fresh[place] != null) {
                    return null;
                }
                fresh[place] = owner;
            }
        }
        return fresh;
    }

    /** Under the lock: nobody runs it any more. */
    void leave(Owner owner) {
        owner.threadId = 0;
        owner.thread = null;
        if (owner.isCommon()) {
            made.remove(owner);
            visitors.remove(owner);
        } else {
            threadIds[owner.number] = 0;
        }
    }

    /** Whether a thread runs this owner. */
    public boolean runs(int number) {
        Owner owner = byNumber[number];
        return owner != null && owner.thread != null;
    }

    /** Owners that have a thread, as of now, and visitors. */
    public List<Owner> running() {
        space.lock.lock();
        try {
            List<Owner> running = new ArrayList<>(visitors);
            for (Owner owner : made) {
                if (owner.thread != null) {
                    running.add(owner);
                }
            }
            return running;
        } finally {
            space.lock.unlock();
        }
    }

    /** All owners there ever were, nobody first. */
    public List<Owner> all() {
        space.lock.lock();
        try {
            return new ArrayList<>(made);
        } finally {
            space.lock.unlock();
        }
    }

    /** Releases that wait for any of them; exact if all are idle. */
    public long waiting() {
        long waiting = 0;
        for (Owner owner : made) { // without the lock: the numbers at exit wait for nobody
            waiting += owner.waiting();
        }
        return waiting;
    }
}
