package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.cycle.LongStack;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.HeapVerifier;
import org.quantalang.memory.internal.debug.Holders;
import org.quantalang.memory.internal.debug.LeakFinder;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;

/**
 * A heap of one thread, with plain counts: what Rust's {@code Rc} is to its {@code Arc}.
 *
 * {@snippet :
 * TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
 * try (ConfinedHeap heap = ConfinedHeap.open()) {
 *     long a = heap.allocate(node);
 *     heap.putLong(a, node.offset("value"), 42);
 *     heap.setReference(a, node.offset("next"), a); // a cycle
 *     heap.release(a);
 *     heap.collectCycles(); // frees it
 * }
 * }
 *
 * <p>Owner thread only: the thread that opened the heap. That is checked where it costs nothing,
 * not at every call. Objects are addresses, see {@link Heap}; nothing here allocates on the Java
 * heap once the code is warm.
 *
 * <p>Release of the last reference runs destructors and frees everything that only this object
 * held, without recursion. A collection of cycles may run inside {@link #release}, the methods that
 * store references, and allocation.
 */
public final class ConfinedHeap extends ConfinedObjects {
    static final Cleaner CLEANER = Cleaner.create();

    private final Cleaner.Cleanable cleanable;
    private final Reservation reservation;
    private Thread owner = Thread.currentThread();

    /** The thread that may use the heap: its owner, or none once it is closed. */
    private @Nullable Thread user = owner;

    /** See {@link NumbersOut#opened}. */
    private long numberOut;

    private boolean closed;

    private ConfinedHeap(HeapConfig config) {
        super(config);
        // It must not lead back to this heap, or the heap could never be found forgotten.
        List<LongStack> buffers = cycles.buffers();
        reservation = new Reservation(space, () -> buffers.forEach(LongStack::close), config);
        cleanable = CLEANER.register(this, reservation);
    }

    /** {@return opens a heap with default settings, owned by this thread} */
    public static ConfinedHeap open() {
        return open(HeapConfig.DEFAULT);
    }

    /**
     * Opens a heap owned by this thread.
     *
     * @param config how it is set up
     * @return the heap; close it
     * @throws OutOfMemoryError if the system has no address space for it
     */
    public static ConfinedHeap open(HeapConfig config) {
        ConfinedHeap heap = new ConfinedHeap(config);
        heap.numberOut = NumbersOut.opened(heap);
        return heap;
    }

    // ---- for handles

    /** The owner thread calls, and the heap is open; whose the handle is follows from that. */
    @Override
    boolean usable(@Nullable Thread user) {
        return Thread.currentThread().equals(this.user);
    }

    @Override
    void refuse(@Nullable Thread user, Object handle) {
        checkCaller();
    }

    @Override
    boolean anyThread() {
        return false;
    }

    @Override
    boolean mayRelease() {
        return Thread.currentThread().equals(user);
    }

    @Override
    @Nullable Object javaObject(long object, long offset) {
        return javaObjects().get(Memory.getLong(object, offset));
    }

    @Override
    void javaObject(long object, long offset, @Nullable Object value) {
        long old = Memory.getLong(object, offset);
        Memory.putLong(object, offset, value == null ? 0 : javaObjects().hold(value));
        if (old != 0) {
            javaObjects().letGo(old);
        }
    }

    @Override
    long loadTyped(long object, long offset, TypeInfo expected) {
        long value = getReference(object, offset);
        if (value != 0) {
            checkType(value, expected);
            retain(value);
        }
        return value;
    }

    @Override
    void checkType(long object, TypeInfo expected) {
        if (CheckedLevel.ADDRESSES) {
            checks.known("handle", object);
        }
        long word = Memory.getLong(object - HeaderWord.BYTES);
        HeapType type = types.find(expected);
        if (type == null || HeaderWord.type(word) != type.index || !HeaderWord.alive(word)) {
            throw otherType(object, typeName(word), expected);
        }
    }

    private String typeName(long word) {
        int index = HeaderWord.type(word);
        return index >= 1 && index <= types.count() ? types.at(index).info.name() : "none";
    }

    // ---- the whole

    @Override
    public void drain() {
        checkCaller();
        reclaimer.drainAll();
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    /** {@return dead objects known to wait because of the release budget} */
    public long waitingObjects() {
        checkCaller();
        return reclaimer.waiting();
    }

    @Override
    public CollectionResult collectCycles() {
        checkCaller();
        if (CheckedLevel.SITES) {
            checks.checkPatterns();
        }
        reclaimer.drainAll();
        return collected(cycles.collectAll(CollectionResult.Reason.REQUEST));
    }

    /**
     * Collects garbage cycles for about so long; the next call, or the program's own releases, go
     * on from there. The heap may be used in between as always.
     *
     * @param budget about how long
     * @return what this call did; {@code complete} if no garbage cycle is left. In a destructor,
     *     nothing
     */
    public CollectionResult collectCycles(Duration budget) {
        checkCaller();
        if (budget.isNegative()) {
            throw new IllegalArgumentException("budget is negative: budget=" + budget);
        }
        long nanos = HeapConfig.nanosAtMost(budget, Long.MAX_VALUE);
        return collected(cycles.collectFor(nanos, Long.MAX_VALUE));
    }

    /**
     * Collects garbage cycles until about so many objects were looked at; the next call, or the
     * program's own releases, go on from there. The plain collector does not stop.
     *
     * @param objects about how many; a small structure is not divided
     * @return what this call did; {@code complete} if no garbage cycle is left. In a destructor,
     *     nothing
     */
    public CollectionResult collectCycles(long objects) {
        checkCaller();
        if (objects <= 0) {
            throw new IllegalArgumentException("budget is not positive: objects=" + objects);
        }
        return collected(cycles.collectFor(Long.MAX_VALUE, objects));
    }

    /**
     * Frees every object that cannot be reached, whatever its count says: the backup of counting,
     * for counts that were never given back, and for cycles that no decrement told of. All that
     * these lead to stays:
     *
     * <ul>
     *   <li>{@code roots}: every object that the program holds by its address, in Java or in
     *       compiled code, in local variables, globals and arenas. One that is forgotten here is
     *       freed although it is counted, and its address leads nowhere from then on
     *   <li>what open handles and views hold; they need not be given
     *   <li>immortal objects, and those whose count is saturated
     * </ul>
     *
     * <p>A root's own reference stays counted. Counts of what stays go down by the references from
     * what is freed; references to it from outside the heap that nobody holds any more are not
     * found. Weak references to what is freed are dead before its destructors run; these run in the
     * order of addresses, once each, and see all objects whole. What a destructor stores in an
     * object that stays, or retains, comes back, with all that it leads to.
     *
     * <p>Cost: some steps for each object of the heap, in one pause. Called by a destructor, or by
     * a listener of collections, it does nothing. Nor does it trace if destructors of other garbage
     * were due first, since they may have changed what the program holds: call it again.
     *
     * @param roots objects, each counted as by {@link #retain}; 0 stands for none
     * @return what it did; {@code complete} is false if it did not trace, for one of these reasons
     *     or for want of memory
     * @throws IllegalArgumentException if a root is no live object of this heap
     */
    public CollectionResult collectByTracing(long... roots) {
        checkCaller();
        if (CheckedLevel.ALL) {
            checks.checkPatterns();
        }
        if (reclaimer.draining() || cycles.collecting()) {
            return CollectionResult.NOTHING;
        }
        long[] given = headersOf(roots);
        long destroyed = destructors.started();
        reclaimer.drainAll();
        cycles.finishTrace();
        reclaimer.drainAll();
        long[] all = withHandles(given);
        return destructors.started() == destroyed
                ? collected(cycles.collectFrom(all))
                : CollectionResult.NOTHING;
    }

    private long[] headersOf(long[] roots) {
        BlockWalk walk = blocks.walk();
        LongStream.Builder headers = LongStream.builder();
        for (long root : roots) {
            if (root == 0) {
                continue;
            }
            long header = root - HeaderWord.BYTES;
            String fault = walk.whyNotABlock(header);
            if (fault != null || !HeaderWord.alive(Memory.getLong(header))) {
                throw new IllegalArgumentException(
                        "root is no live object of this heap: address=0x%x (%s)"
                                .formatted(root, fault == null ? "dead" : fault));
            }
            headers.add(header);
        }
        return headers.build().toArray();
    }

    /** With what handles and views hold. */
    private long[] withHandles(long[] headers) {
        LongStream.Builder all = LongStream.builder();
        life().forEachHeld(object -> all.add(object - HeaderWord.BYTES));
        releaseLetGo();
        for (long header : headers) {
            all.add(header);
        }
        return all.build().toArray();
    }

    @Override
    public GcStats stats() {
        checkCaller();
        long allocated = blocks.allocatedBlocks();
        long freed = blocks.freedBlocks();
        CycleStats collected = cycles.stats();
        return new GcStats(
                allocated, freed, collected.collections(), collected.cycles(), allocated - freed);
    }

    @Override
    HeapNumbers numbersNow() {
        CycleStats collected = cycles.stats();
        return new HeapNumbers(
                config.name(),
                "confined",
                blocks.allocatedBlocks(),
                blocks.freedBlocks(),
                blocks.walk().liveBytes(),
                blocks.usedBytes(),
                blocks.peakBytes(),
                blocks.heldBytes(),
                config.limitBytes(),
                space.bytes,
                reclaimer.waiting(),
                javaObjects().held(),
                life().openViews(),
                new HeapNumbers.Cycles(
                        collected.collections(),
                        collected.cycles(),
                        cycles.candidates(),
                        collected.freedObjects(),
                        collected.freedBytes(),
                        collected.nanos(),
                        collected.longestPauseNanos()),
                blocks.accounts().stats(blocks.accounts().root()),
                census.histogram(),
                census.sizeClasses());
    }

    /** {@return what the cycle collector has done, and what waits for it} */
    public CycleStats cycleStats() {
        checkCaller();
        return cycles.stats();
    }

    /** {@return how long the program waited for collections that it did not ask for} */
    public PauseStats pauses() {
        checkCaller();
        return cycles.pauses();
    }

    @Override
    public long liveObjects() {
        checkCaller();
        return blocks.allocatedBlocks() - blocks.freedBlocks();
    }

    @Override
    public long liveBytes() {
        checkCaller();
        return blocks.walk().liveBytes();
    }

    @Override
    public long heldBytes() {
        return blocks.heldBytes();
    }

    /** {@return candidates of the cycle collector that wait} */
    public long candidates() {
        return cycles.candidates();
    }

    @Override
    public Histogram histogram() {
        checkCaller();
        return census.histogram();
    }

    @Override
    public List<SizeClassStats> sizeClasses() {
        checkCaller();
        return census.sizeClasses();
    }

    @Override
    public List<TypeCounts> typeCounts() {
        checkCaller();
        return countTypes ? census.typeCounts() : List.of();
    }

    @Override
    public VerificationReport verify() {
        checkCaller();
        checkNotCollecting("verified");
        if (CheckedLevel.SITES) {
            checks.checkPatterns();
        }
        return new HeapVerifier(blocks.walk(), types, reclaimer, weak, cycles).verify();
    }

    /** Within one, marks of traces and references of what dies are in between. */
    private void checkNotCollecting(String what) {
        if (cycles.collecting()) {
            throw new IllegalStateException(
                    "heap cannot be %s within a collection: name=%s; do that when it has returned"
                            .formatted(what, config.name()));
        }
    }

    /**
     * As {@link #verify()}, and says how many objects cannot be reached: those that {@link
     * #collectByTracing} would free, given the same roots. After {@link #collectCycles} that tells
     * how many references were never given back. Each root must have a reference of its own. Takes
     * some 50 bytes of the Java heap for each object.
     *
     * @param roots as for {@link #collectByTracing}
     * @return what was looked at
     * @throws IllegalArgumentException if a root is no live object of this heap
     * @throws IllegalStateException if anything is wrong; the message names what
     */
    public VerificationReport verifyFrom(long... roots) {
        checkCaller();
        checkNotCollecting("verified");
        return new HeapVerifier(blocks.walk(), types, reclaimer, weak, cycles)
                .verifyFrom(withHandles(headersOf(roots)));
    }

    @Override
    public void trim() {
        checkCaller();
        blocks.trim();
    }

    @Override
    public LeakReport leaks() {
        checkCaller();
        checkNotCollecting("searched for leaks");
        releaseLetGo();
        if (!reclaimer.draining()) {
            // What a trace in slices is about to free has let go of its references already.
            cycles.finishTrace();
            tellCollected();
        }
        return new LeakFinder(config.name(), blocks.walk(), types, Holders.CONFINED, checks).find();
    }

    @Override
    public void close() {
        close(config.leakPolicy());
    }

    @Override
    public void close(LeakPolicy policy) {
        Objects.requireNonNull(policy, "policy is null");
        if (closed) {
            return;
        }
        takeOverFromEndedThread();
        checkUnused();
        tellLeaks(policy, config);
        NumbersOut.closing(numberOut, this);
        if (CheckedLevel.KEEPS) {
            checks.closing(config.notices());
        }
        closed = true;
        types.close();
        user = null;
        javaObjects().letGoOfAll();
        life().end();
        reservation.closing();
        cleanable.clean();
    }

    @Override
    void checkCaller() {
        if (!usable(user)) {
            refuseCaller();
        }
    }

    /** Nobody can close the heap of a thread that is gone, but another thread. */
    private void takeOverFromEndedThread() {
        synchronized (life()) {
            if (!closed && !owner.isAlive()) {
                owner = Thread.currentThread();
                user = owner;
            }
        }
    }

    private void checkUnused() {
        if (!usable(user)) {
            throw new IllegalStateException(
                    ("heap is in use by another thread: name=%s owner=%s state=%s caller=%s; close"
                                    + " it there, or when that thread has ended")
                            .formatted(
                                    config.name(),
                                    owner.getName(),
                                    owner.getState(),
                                    Thread.currentThread().getName()),
                    Site.of(owner).asCause("what the owner does"));
        }
        if (reclaimer.draining() || cycles.collecting()) {
            throw new IllegalStateException(
                    "heap is in use by its own destructors or a collection: name=%s; close it when"
                                    .formatted(config.name())
                            + " they have returned");
        }
        checkViews();
    }

    private void refuseCaller() {
        if (closed) {
            throw new IllegalStateException("heap is closed: name=" + config.name());
        }
        throw new IllegalStateException(
                "heap belongs to another thread: name=%s owner=%s caller=%s"
                        .formatted(
                                config.name(), owner.getName(), Thread.currentThread().getName()));
    }

    @Override
    public String toString() {
        return "ConfinedHeap[name=%s base=0x%x]".formatted(config.name(), space.base);
    }
}
