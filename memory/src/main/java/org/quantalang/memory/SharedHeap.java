package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.LeakFinder;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.Owner;
import org.quantalang.memory.internal.shared.Pauses;
import org.quantalang.memory.internal.shared.QuietCycles;
import org.quantalang.memory.internal.shared.SharedHeader;
import org.quantalang.memory.internal.shared.SharedTypes.SharedType;
import org.quantalang.memory.internal.shared.SharedVerifier;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * A heap whose objects any thread may hold: what Rust's {@code Arc} is to its {@code Rc}, at nearly
 * the speed of the latter for the thread that made an object.
 *
 * {@snippet :
 * TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
 * try (SharedHeap heap = SharedHeap.open()) {
 *     long list = heap.allocate(node);
 *     Thread reader =
 *             Thread.ofPlatform()
 *                     .start(
 *                             () -> {
 *                                 long next = heap.loadReference(list, node.offset("next"));
 *                                 if (next != 0) {
 *                                     heap.release(next);
 *                                 }
 *                                 heap.release(list);
 *                             });
 *     long next = heap.allocate(node);
 *     heap.setReference(list, node.offset("next"), next);
 *     heap.release(next);
 *     reader.join();
 * }
 * }
 *
 * <p>Counting is biased: the thread that allocates an object counts plainly, all others atomically.
 * Objects of virtual threads have no owner: all count them atomically. A release on another thread
 * may be left to the owner, which takes the reference away at its next allocation, at its next last
 * release, in {@link #poll}, and when it ends or calls {@link #leave}; until then it is counted.
 * {@link #waitingForOwners} is how many releases wait for that.
 *
 * <p>Any thread, except where a method says otherwise. Payload access is plain: who reads what
 * another thread writes must get the object through a reference field of this heap, or be ordered
 * by other means of Java.
 *
 * <p>Borrowed references to an object end with the reference they borrow from: what {@link
 * #getReference} returns is good only as long as no other thread overwrites that field. {@link
 * #loadReference} returns a reference of its own instead.
 */
public final class SharedHeap extends SharedObjects {
    private static final Duration PAUSE_TIMEOUT = Duration.ofSeconds(10);

    private final Pauses pauses;
    private final QuietCycles cycles;
    private final Cleaner.Cleanable cleanable;
    private final Reservation reservation;

    /** See {@link NumbersOut#opened}. */
    private long numberOut;

    private volatile boolean closed;

    private SharedHeap(HeapConfig config) {
        super(config);
        pauses = new Pauses(pages, owners);
        cycles =
                new QuietCycles(
                        pages,
                        config.pageSource(),
                        owners,
                        types,
                        reclaimer,
                        config.collectionListener());
        // It must not lead back to this heap, or the heap could never be found forgotten.
        reservation = new Reservation(space, pages.release(), config);
        cleanable = ConfinedHeap.CLEANER.register(this, reservation);
    }

    /** {@return opens a heap with default settings} */
    public static SharedHeap open() {
        return open(HeapConfig.DEFAULT);
    }

    /**
     * Opens a heap.
     *
     * @param config how it is set up; of cycle collection it says only whether {@link #pause}
     *     collects, and who is told
     * @return the heap; close it
     * @throws OutOfMemoryError if the system has no address space for it
     */
    public static SharedHeap open(HeapConfig config) {
        SharedHeap heap = new SharedHeap(config);
        heap.numberOut = NumbersOut.opened(heap);
        return heap;
    }

    // ---- for handles

    /** The caller becomes a user of the heap, which keeps it from being closed meanwhile. */
    @Override
    boolean usable(@Nullable Thread user) {
        if (!Thread.currentThread().equals(user)) {
            return false;
        }
        owners.enterCaller();
        return true;
    }

    @Override
    void refuse(@Nullable Thread user, Object handle) {
        checkCaller();
        if (!Thread.currentThread().equals(user)) {
            throw new IllegalStateException(
                    ("handle belongs to another thread: handle=%s user=%s caller=%s; pass it on"
                                    + " with handOff() there and takeOver() here")
                            .formatted(
                                    handle,
                                    user == null ? "none" : user.getName(),
                                    Thread.currentThread().getName()));
        }
        owners.enterCaller();
    }

    @Override
    boolean anyThread() {
        return true;
    }

    /**
     * A thread that only closes an arena must not become one of the heap's by that, nor use the
     * heap while it is quiet.
     */
    @Override
    boolean mayRelease() {
        return owners.isActive();
    }

    @Override
    @Nullable Object javaObject(long object, long offset) {
        synchronized (javaObjects()) {
            return javaObjects().get(Memory.getLong(object, offset));
        }
    }

    @Override
    void javaObject(long object, long offset, @Nullable Object value) {
        synchronized (javaObjects()) {
            long old = Memory.getLong(object, offset);
            Memory.putLong(object, offset, value == null ? 0 : javaObjects().hold(value));
            if (old != 0) {
                javaObjects().letGo(old);
            }
        }
    }

    @Override
    long loadTyped(long object, long offset, TypeInfo expected) {
        long value = loadReference(object, offset);
        if (value != 0) {
            checkTypeOrRelease(value, expected);
        }
        return value;
    }

    @Override
    void checkType(long object, TypeInfo expected) {
        if (CheckedLevel.ADDRESSES) {
            checks.known("handle", object);
        }
        long header = object - HeaderWord.BYTES;
        int index = HeaderWord.type(Memory.getLong(header));
        SharedType type = types.find(expected);
        if (type == null
                || index != type.type.index
                || SharedHeader.FOR_CHECKS.strong(header) <= 0) {
            boolean known = index >= 1 && index <= types.count();
            throw otherType(object, known ? types.at(index).info.name() : "none", expected);
        }
    }

    // ---- threads

    /**
     * Sees to what other threads left to this one: releases of references that it counts, dead
     * objects that wait because of the release budget. A thread that does not allocate or release
     * for long calls it now and then.
     */
    public void poll() {
        Owner self = owners.current();
        releaseLetGo();
        reclaimer.attendAll(self);
        if (pauses.pausing()) {
            pauses.resume(self);
        }
    }

    /**
     * Runs {@code work}, during which the calling thread does not use the heap: it may wait there
     * for long without keeping others from {@link #pause} or {@link #close}. Afterwards it waits
     * for the end of a pause.
     *
     * @param work what to do; using the heap or its handles there is refused
     */
    public void quietly(Runnable work) {
        checkCaller();
        if (owners.isQuiet()) {
            work.run();
            return;
        }
        Owner self = owners.current();
        reclaimer.attendAll(self);
        pauses.quiet(self);
        try {
            work.run();
        } finally {
            pauses.resume(self);
        }
    }

    /**
     * Runs {@code work} while no other thread uses the heap: all others that ever used it wait in
     * {@link #poll}, are in {@link #quietly}, called {@link #leave} last, or have ended. Who has
     * not used it yet waits at its first use, which is everything but what only reads or fills an
     * object by its address. Of virtual threads only allocation is kept from running: that they do
     * nothing else is for the caller to see to.
     *
     * <p>Then frees garbage cycles, if the heap collects by itself ({@link
     * HeapConfig#withAutomaticCollection}) and twice as much lives as after the last collection, at
     * least 4 MiB.
     *
     * @param timeout how long to wait for the others
     * @param work what to do; may use the heap
     * @throws IllegalStateException if others are not quiet in time; names them
     */
    public void pause(Duration timeout, Runnable work) {
        reclaimer.reap();
        pauses.pause(
                HeapConfig.nanosAtMost(timeout, Long.MAX_VALUE / 4),
                () -> {
                    work.run();
                    if (config.automaticCollection() && cycles.due()) {
                        CollectionResult _ = cycles.collect(CollectionResult.Reason.GROWTH);
                    }
                });
    }

    private void alone(Runnable work) {
        reclaimer.reap(); // ended threads leave what would be garbage otherwise
        pauses.pause(PAUSE_TIMEOUT.toNanos(), work);
    }

    /**
     * The calling thread has done with the heap: its objects count for nobody from here on, its
     * pages serve others. It may use the heap again. The end of a thread does the same, once
     * another thread notices. Does nothing if the heap is closed, or the thread never used it.
     *
     * @throws IllegalStateException if called in a destructor
     */
    public void leave() {
        Owner self = closed ? null : owners.ofCaller();
        if (self != null) {
            pauses.resume(self); // to leave is a use of the heap
        }
        if (!closed) {
            reclaimer.leave();
        }
    }

    /** {@return releases that wait for the owners of their objects} Exact if all are idle. */
    public long waitingForOwners() {
        return owners.waiting();
    }

    // ---- the whole

    @Override
    public void drain() {
        poll();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Within a {@link #pause} of 10 seconds at most, so that all other threads must be quiet.
     *
     * @throws IllegalStateException if they are not; names them
     */
    @Override
    public CollectionResult collectCycles() {
        CollectionResult[] result = {CollectionResult.NOTHING};
        alone(
                () -> {
                    checkPatterns();
                    result[0] = cycles.collect(CollectionResult.Reason.REQUEST);
                });
        return result[0];
    }

    private void checkPatterns() {
        if (CheckedLevel.SITES) {
            checks.checkPatterns();
        }
    }

    @Override
    public GcStats stats() {
        return owners.passing(
                () -> {
                    long allocated = pages.walk().totalAllocated();
                    long freed = pages.walk().totalFreed();
                    return new GcStats(
                            allocated,
                            freed,
                            cycles.collections(),
                            cycles.structures(),
                            allocated - freed);
                });
    }

    @Override
    public HeapNumbers numbers() {
        return owners.passing(this::numbersNow);
    }

    @Override
    HeapNumbers numbersNow() {
        return new HeapNumbers(
                config.name(),
                "shared",
                pages.walk().totalAllocated(),
                pages.walk().totalFreed(),
                pages.walk().liveBytes(),
                pages.usedBytes(),
                pages.peakBytes(),
                pages.heldBytes(),
                config.limitBytes(),
                space.bytes,
                owners.waiting(),
                javaObjects().held(),
                life().openViews(),
                cycles.numbers(),
                pages.accounts().stats(pages.accounts().root()),
                census().histogram(),
                census().sizeClasses());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Blocks that wait for their page's owner count as live.
     */
    @Override
    public long liveObjects() {
        return owners.passing(() -> pages.walk().totalLive());
    }

    @Override
    public long liveBytes() {
        return owners.passing(() -> pages.walk().liveBytes());
    }

    @Override
    public long heldBytes() {
        return pages.heldBytes();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Beside running threads, about right.
     */
    @Override
    public Histogram histogram() {
        return owners.passing(() -> census().histogram());
    }

    @Override
    public List<SizeClassStats> sizeClasses() {
        return owners.passing(() -> census().sizeClasses());
    }

    @Override
    public List<TypeCounts> typeCounts() {
        return owners.passing(() -> countTypes ? census().typeCounts() : List.of());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Within a {@link #pause} of 10 seconds at most.
     */
    @Override
    public VerificationReport verify() {
        VerificationReport[] report = new VerificationReport[1];
        alone(
                () -> {
                    checkPatterns();
                    report[0] = new SharedVerifier(pages, owners, types).verify();
                });
        return report[0];
    }

    /** Gives empty pages of this thread and of no thread back to the system now. */
    @Override
    public void trim() {
        Owner self = owners.current();
        reclaimer.reap(); // ended threads leave pages
        self.trim();
        pages.trimCommon();
        pages.returnAll();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Within a {@link #pause} of 10 seconds at most.
     */
    @Override
    public LeakReport leaks() {
        LeakReport[] report = new LeakReport[1];
        alone(() -> report[0] = findLeaks());
        return report[0];
    }

    private LeakReport findLeaks() {
        releaseLetGo();
        reclaimer.settle();
        return new LeakFinder(
                        config.name(), pages.walk(), types.table(), SharedHeader.HOLDERS, checks)
                .find();
    }

    @Override
    public void close() {
        close(config.leakPolicy());
    }

    /**
     * {@inheritDoc}
     *
     * <p>Refused while another thread that used the heap lives and neither called {@link #leave}
     * nor is in {@link #quietly}, and in a pause of the caller's own. Waits for the end of other
     * threads' pauses, 10 seconds at most, and of reads of its numbers. A thread in {@link #poll}
     * uses the heap. Virtual threads are for the caller to see to.
     */
    @Override
    public void close(LeakPolicy policy) {
        Objects.requireNonNull(policy, "policy is null");
        if (closed) {
            return;
        }
        if (pauses.isByCaller() || reclaimer.isDestroying()) {
            throw new IllegalStateException(
                    "heap cannot be closed in a destructor, a collection or a pause: name=%s; close it afterwards"
                            .formatted(config.name()));
        }
        boolean isUser = owners.ofCaller() != null;
        List<Thread> users;
        try {
            users = pauses.close(PAUSE_TIMEOUT.toNanos(), () -> end(policy));
        } finally {
            if (!isUser && !closed) {
                reclaimer.leave(); // looking for leaks made it one
            }
        }
        if (!users.isEmpty()) {
            Thread first = users.getFirst();
            throw new IllegalStateException(
                    ("heap is in use by other threads: name=%s threads=%s caller=%s; close it when"
                                    + " they have ended or called leave()")
                            .formatted(
                                    config.name(),
                                    users.stream().map(Thread::getName).toList(),
                                    Thread.currentThread().getName()),
                    Site.of(first).asCause("what the first of them does"));
        }
    }

    /** While nobody else uses the heap. */
    private void end(LeakPolicy policy) {
        checkViews();
        tellLeaks(policy, config);
        NumbersOut.closing(numberOut, this);
        if (CheckedLevel.KEEPS) {
            checks.closing(config.notices());
        }
        life().end(); // first: whose handle is refused looks whether it was for this
        closed = true;
        types.close();
        owners.close();
        synchronized (javaObjects()) {
            javaObjects().letGoOfAll();
        }
        reservation.closing();
        cleanable.clean();
    }

    @Override
    void checkCaller() {
        if (closed) {
            throw new IllegalStateException("heap is closed: name=" + config.name());
        }
    }

    @Override
    public String toString() {
        return "SharedHeap[name=%s base=0x%x]".formatted(config.name(), space.base);
    }
}
