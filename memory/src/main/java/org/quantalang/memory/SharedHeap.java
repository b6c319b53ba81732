package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.debug.LeakFinder;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.Owner;
import org.quantalang.memory.internal.shared.Owners;
import org.quantalang.memory.internal.shared.Pauses;
import org.quantalang.memory.internal.shared.QuietCycles;
import org.quantalang.memory.internal.shared.ReferenceField;
import org.quantalang.memory.internal.shared.SharedHeader;
import org.quantalang.memory.internal.shared.SharedReclaimer;
import org.quantalang.memory.internal.shared.SharedTypes;
import org.quantalang.memory.internal.shared.SharedTypes.SharedType;
import org.quantalang.memory.internal.shared.SharedVerifier;
import org.quantalang.memory.internal.type.TypeTable;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

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
public final class SharedHeap extends HandleTier {
    private static final Duration PAUSE_TIMEOUT = Duration.ofSeconds(10);

    private final HeapConfig config;
    private final HeapSpace space;
    private final SharedSpace pages;
    private final Owners owners;
    private final SharedTypes types;
    private final SharedReclaimer reclaimer;
    private final ObjectChecks checks;
    private final boolean countTypes;
    private final Pauses pauses;
    private final QuietCycles cycles;
    private final AccountHost accounts;
    private final Cleaner.Cleanable cleanable;
    private final Reservation reservation;

    /** See {@link NumbersOut#opened}. */
    private long numberOut;

    private volatile boolean closed;

    private SharedHeap(HeapConfig config) {
        this.config = config;
        this.countTypes = config.countsPerType();
        space =
                HeapSpace.reserve(
                        config.pageSource(),
                        Math.min(config.addressSpaceBytes(), SharedHeader.MOST_BYTES),
                        config.notices());
        int mostOwners = Owners.most(space.bytes);
        Owners[] later = new Owners[1];
        pages =
                new SharedSpace(
                        space,
                        config.name(),
                        config.limitBytes(),
                        config.returnDelay().toNanos(),
                        mostOwners,
                        number -> later[0].runs(number));
        owners = new Owners(pages, mostOwners);
        later[0] = owners;
        TypeTable table = new TypeTable(space, pages.classes(), countTypes);
        types = new SharedTypes(table, countTypes);
        checks =
                new ObjectChecks(
                        config.name(), space, pages.walk(), table, SharedHeader.FOR_CHECKS);
        if (CheckedLevel.KEEPS) {
            pages.watch(checks);
        }
        DestructorCalls destructors = new DestructorCalls(this, table, config.failureHandler());
        reclaimer =
                new SharedReclaimer(
                        space.base,
                        pages,
                        owners,
                        types,
                        javaObjects(),
                        destructors::run,
                        config.releaseBudget());
        if (CheckedLevel.KEEPS) {
            checks.keepFreed(reclaimer::giveBack);
        }
        accounts = new SharedAccounts(this, config, pages, owners, reclaimer);
        pauses = new Pauses(pages, owners);
        cycles = new QuietCycles(pages, config.pageSource(), owners, types, reclaimer);
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
     *     collects
     * @return the heap; close it
     * @throws OutOfMemoryError if the system has no address space for it
     */
    public static SharedHeap open(HeapConfig config) {
        SharedHeap heap = new SharedHeap(config);
        heap.numberOut = NumbersOut.opened(heap);
        return heap;
    }

    // ---- types

    @Override
    public void register(TypeInfo... infos) {
        checkCaller();
        types.register(Arrays.asList(infos), type -> census().liveOf(type));
    }

    @Override
    public boolean canCycle(TypeInfo info) {
        return known(info).type.cyclic();
    }

    private SharedType known(TypeInfo info) {
        SharedType type = types.find(info);
        return type != null ? type : introduce(info);
    }

    private SharedType introduce(TypeInfo info) {
        register(info);
        SharedType type = types.find(info);
        if (type == null) {
            throw new AssertionError("registered type is not known: " + info);
        }
        return type;
    }

    // ---- allocation

    @Override
    public long allocate(TypeInfo info) {
        SharedType type = known(info);
        long payload = block(type) + HeaderWord.BYTES;
        Memory.zeroWords(payload, payload + type.type.zeroBytes);
        if (CheckedLevel.ALL) {
            checks.allocated(payload - HeaderWord.BYTES, type.type, true);
        }
        return payload;
    }

    @Override
    public long allocateUninitialized(TypeInfo info) {
        SharedType type = known(info);
        long header = block(type);
        if (CheckedLevel.ALL) {
            checks.unwritten(header + HeaderWord.BYTES, type.type.payloadBytes);
        }
        type.type.zeroReferences(header);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type.type, false);
        }
        return header + HeaderWord.BYTES;
    }

    private long block(SharedType type) {
        Owner self = owners.current();
        if (self.told()) {
            reclaimer.attend(self);
        }
        long header = self.blocks.allocateFast(type.type.sizeClass);
        if (header == BlockAllocator.NONE) {
            if (type.type.elementBytes != 0) {
                throw new IllegalArgumentException(
                        "array type needs a length: type=%s; use allocateArray"
                                .formatted(type.type.info));
            }
            header =
                    blockSlow(
                            self,
                            type.type.sizeClass,
                            type.type.firstBlock,
                            type.type.payloadBytes);
        }
        start(self, type, header);
        if (CheckedLevel.SAMPLING && self.samples(type.type.payloadBytes)) {
            checks.sampled(header, type.type, false);
        }
        return header;
    }

    private void start(Owner self, SharedType type, long header) {
        self.start(type, header);
        if (countTypes) {
            types.countAllocated(type.type);
        }
    }

    @Override
    public long allocateArray(TypeInfo info, long length) {
        SharedType type = known(info);
        long array = arrayBlock(type, length) + HeaderWord.BYTES;
        long bytes = (length * type.type.elementBytes + Long.BYTES - 1) & -Long.BYTES;
        Memory.zeroWords(array + TypeInfo.ARRAY_ELEMENTS, array + TypeInfo.ARRAY_ELEMENTS + bytes);
        if (CheckedLevel.ALL) {
            checks.allocated(array - HeaderWord.BYTES, type.type, true);
        }
        return array;
    }

    @Override
    public long allocateArrayUninitialized(TypeInfo info, long length) {
        SharedType type = known(info);
        if (type.type.referenceArray) {
            return allocateArray(info, length);
        }
        long array = arrayBlock(type, length) + HeaderWord.BYTES;
        if (CheckedLevel.ALL) {
            checks.unwritten(array + TypeInfo.ARRAY_ELEMENTS, length * type.type.elementBytes);
            checks.allocated(array - HeaderWord.BYTES, type.type, false);
        }
        return array;
    }

    private long arrayBlock(SharedType type, long length) {
        int elementBytes = type.type.elementBytes;
        if (length < 0 || length >= Memory.ADDRESS_LIMIT || elementBytes == 0) {
            throw new IllegalArgumentException(
                    "not an array type or no length: type=%s length=%d"
                            .formatted(type.type.info, length));
        }
        Owner self = owners.current();
        if (self.told()) {
            reclaimer.attend(self);
        }
        long payload = TypeInfo.ARRAY_ELEMENTS + length * elementBytes;
        long bytes = payload + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        int sizeClass =
                bytes <= SizeClass.LARGEST_SMALL_BYTES
                        ? SizeClass.of((int) bytes)
                        : SizeClass.LARGE;
        long header = self.blocks.allocateFast(sizeClass);
        if (header == BlockAllocator.NONE) {
            header = blockSlow(self, sizeClass, type.type.firstBlock, payload);
        }
        start(self, type, header);
        Memory.putLong(header, HeaderWord.BYTES, length);
        if (CheckedLevel.SAMPLING && self.samples(bytes)) {
            checks.sampled(header, type.type, false);
        }
        return header;
    }

    /** No block at hand: takes back what others freed, adopts or makes a page, or tries harder. */
    private long blockSlow(Owner self, int sizeClass, long firstBlock, long payload) {
        checkCaller();
        long bytes = payload + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        reclaimer.attend(self); // dead objects that wait because of the budget
        if (self.needsPage(sizeClass)) {
            reclaimer.reap(); // ended threads leave pages
        }
        long header = self.allocateSlow(sizeClass, firstBlock, bytes);
        if (header == BlockAllocator.NONE) {
            reclaimer.reap();
            reclaimer.attendAll(self);
            trim();
            header = self.allocateSlow(sizeClass, firstBlock, bytes);
            if (header == BlockAllocator.NONE) {
                throw outOfMemory(self, payload);
            }
        }
        return header;
    }

    private HeapOutOfMemoryError outOfMemory(Owner self, long payload) {
        HeapOutOfMemoryError ofAccount = self.isCommon() ? null : accounts.outOfMemory(payload);
        if (ofAccount != null) {
            return ofAccount;
        }
        return new HeapOutOfMemoryError(
                String.format(
                        Locale.ROOT,
                        "heap is out of memory: name=%s requestedBytes=%d usedBytes=%d"
                            + " limitBytes=%d peakBytes=%d reservedBytes=%d waitingForOwners=%d;"
                            + " most bytes are held by:%n%s",
                        config.name(),
                        payload,
                        pages.usedBytes(),
                        pages.limitBytes(),
                        pages.peakBytes(),
                        space.bytes,
                        waitingForOwners(),
                        histogram().table(10)));
    }

    // ---- counting

    @Override
    public void retain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        if (CheckedLevel.ADDRESSES) {
            checks.alive("retain", object);
        }
        long header = object - HeaderWord.BYTES;
        long a = Memory.getLong(header);
        if (CheckedLevel.SAMPLING && a == 0) {
            checks.alive("retain", object);
        }
        long after = SharedHeader.ownerRetained(a);
        long thread = Thread.currentThread().threadId();
        if (SharedHeader.plainFor(after) == thread) {
            Memory.putLong(header, after);
        } else {
            reclaimer.retain(header, a, thread);
        }
    }

    @Override
    public void release(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        if (CheckedLevel.ADDRESSES) {
            checks.releasing(object);
        }
        long header = object - HeaderWord.BYTES;
        long a = Memory.getLong(header);
        if (CheckedLevel.SAMPLING) {
            if (a == 0) {
                checks.alive("release", object);
            }
            checks.siteOfRelease(object);
        }
        long after = SharedHeader.ownerReleased(a);
        long thread = Thread.currentThread().threadId();
        if (SharedHeader.plainFor(after) == thread) {
            Memory.putLong(header, after);
        } else {
            releaseUnusual(header, a, thread);
        }
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    /** A release that is the owner's last, or another thread's. */
    private void releaseUnusual(long header, long a, long thread) {
        if (!owners.isOfCaller(a, thread)) {
            reclaimer.releaseShared(header, a);
            return;
        }
        if (!SharedHeader.ownIsOne(a)) {
            Memory.putLong(header, SharedHeader.ownerReleased(a));
            return;
        }
        Owner self = owners.at(SharedHeader.owner(a));
        if (SharedHeader.exclusiveLeaf(
                // Acquire: what others wrote to the object before they released it.
                Memory.getLongAcquire(header + HeaderWord.WORD_B))) {
            self.blocks.free(header);
            if (self.told()) {
                reclaimer.attend(self);
            }
        } else {
            reclaimer.releaseLastOwned(self, header, a);
        }
    }

    @Override
    public void weakRetain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weak retain", object);
        }
        SharedReclaimer.weakRetain(object - HeaderWord.BYTES);
    }

    @Override
    public void weakRelease(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weak release", object);
        }
        reclaimer.weakRelease(object - HeaderWord.BYTES);
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Of an object whose last reference another thread than its owner released, an upgrade may
     * still succeed until the owner has seen to it; the object then lives on as if it had come
     * first.
     */
    @Override
    public long upgrade(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("upgrade", object);
        }
        return SharedReclaimer.upgrade(object - HeaderWord.BYTES) ? object : 0;
    }

    @Override
    public void makeImmortal(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.alive("makeImmortal", object);
        }
        SharedReclaimer.pin(object - HeaderWord.BYTES);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Exact while no other thread counts the object. Releases that wait for its owner have not
     * happened yet.
     */
    @Override
    public long strongCount(long object) {
        long header = object - HeaderWord.BYTES;
        return SharedHeader.strong(
                Memory.getLong(header), Memory.getLongAcquire(header + HeaderWord.WORD_B));
    }

    @Override
    public long weakCount(long object) {
        return SharedHeader.weak(
                Memory.getLongAcquire(object - HeaderWord.BYTES + HeaderWord.WORD_B));
    }

    @Override
    public RcHeader header(long object) {
        return SharedHeader.describe(
                Memory.getLong(object - HeaderWord.BYTES),
                Memory.getLongAcquire(object - HeaderWord.BYTES + HeaderWord.WORD_B),
                typeOf(object));
    }

    @Override
    public TypeInfo typeOf(long object) {
        return types.at(HeaderWord.type(Memory.getLong(object - HeaderWord.BYTES))).info;
    }

    @Override
    public long length(long array) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("length", array);
        }
        return Memory.getLong(array);
    }

    // ---- references

    /**
     * {@inheritDoc}
     *
     * <p>Good only while no other thread overwrites the field; otherwise {@link #loadReference}.
     */
    @Override
    public long getReference(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("getReference", object, offset, Long.BYTES);
        }
        return ReferenceField.peek(object + offset);
    }

    /**
     * Reads a reference field that other threads may overwrite meanwhile.
     *
     * @param object the object; borrowed
     * @param offset bytes from the start of the payload
     * @return what it points to, with a strong reference that the caller owns; or 0
     */
    public long loadReference(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadReference", object, offset, Long.BYTES);
        }
        long slot = object + offset;
        long value = ReferenceField.hold(slot);
        if (value != 0) {
            retain(value);
            ReferenceField.letGo(slot, value);
        }
        return value;
    }

    @Override
    public void setReference(long object, long offset, long value) {
        if (value != 0) {
            retain(value);
        }
        moveReference(object, offset, value);
    }

    @Override
    public void moveReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("moveReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("moveReference", owned);
        }
        long old = ReferenceField.swap(object + offset, owned);
        if (old != 0) {
            release(old);
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>No other thread may know the object yet.
     */
    @Override
    public void initReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("initReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("initReference", owned);
        }
        Memory.putLong(object, offset, owned);
    }

    @Override
    public long exchangeReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("exchangeReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain(value);
        }
        return ReferenceField.swap(object + offset, value);
    }

    @Override
    public boolean compareAndSetReference(long object, long offset, long expected, long value) {
        if (CheckedLevel.ON) {
            checkWithin("compareAndSetReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain(value);
        }
        if (!ReferenceField.compareAndSwap(object + offset, expected, value)) {
            if (value != 0) {
                release(value);
            }
            return false;
        }
        if (expected != 0) {
            release(expected);
        }
        return true;
    }

    @Override
    public void setWeakReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("setWeakReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            weakRetain(value);
        }
        long old = ReferenceField.swap(object + offset, value);
        if (old != 0) {
            weakRelease(old);
        }
    }

    @Override
    public long loadWeak(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadWeak", object, offset, Long.BYTES);
        }
        long slot = object + offset;
        long target = ReferenceField.hold(slot);
        if (target == 0) {
            return 0;
        }
        // Held, so that the header stays while it is looked at.
        long strong = SharedReclaimer.upgrade(target - HeaderWord.BYTES) ? target : 0;
        ReferenceField.letGo(slot, target);
        return strong;
    }

    // ---- for handles

    @Override
    HeapConfig config() {
        return config;
    }

    @Override
    boolean usable(@Nullable Thread user) {
        return Thread.currentThread().equals(user) && !closed;
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
    }

    @Override
    boolean anyThread() {
        return true;
    }

    /** A thread that only closes an arena must not become one of the heap's by that. */
    @Override
    boolean mayRelease() {
        return !closed && owners.knowsCaller();
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
     * Sees to what other threads left to this one: objects that it owns and that may be dead, dead
     * objects that wait because of the release budget. A thread that does not allocate or release
     * for long calls it now and then.
     */
    public void poll() {
        releaseLetGo();
        Owner self = owners.current();
        reclaimer.attendAll(self);
        if (pauses.pausing()) {
            pauses.resume(self);
        }
    }

    /**
     * Runs {@code work}, during which the calling thread does not use the heap: it may wait there
     * for long without keeping others from {@link #pause}. Afterwards it waits for the end of a
     * pause.
     *
     * @param work what to do
     */
    public void quietly(Runnable work) {
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
     * {@link #poll}, are in {@link #quietly}, called {@link #leave} last, or have ended. Of virtual
     * threads only allocation is kept from running: that they do nothing else is for the caller to
     * see to.
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
        checkCaller();
        pauses.pause(
                timeout.toNanos(),
                () -> {
                    work.run();
                    if (config.automaticCollection() && cycles.due()) {
                        CollectionResult _ = cycles.collect(CollectionResult.Reason.GROWTH);
                    }
                });
    }

    private void alone(Runnable work) {
        checkCaller();
        pauses.pause(PAUSE_TIMEOUT.toNanos(), work);
    }

    /**
     * The calling thread has done with the heap: its objects count for nobody from here on, its
     * pages serve others. It may use the heap again. The end of a thread does the same, once
     * another thread notices.
     *
     * @throws IllegalStateException if called in a destructor
     */
    public void leave() {
        reclaimer.leave();
    }

    /** {@return releases that wait for the owners of their objects} Exact if all are idle. */
    public long waitingForOwners() {
        long waiting = 0;
        for (Owner owner : owners.all()) {
            waiting += owner.waiting();
        }
        return waiting;
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

    HeapCensus census() {
        return new HeapCensus(pages::walk, types.table());
    }

    @Override
    public GcStats stats() {
        checkCaller();
        long allocated = pages.walk().totalAllocated();
        long freed = pages.walk().totalFreed();
        return new GcStats(
                allocated, freed, cycles.collections(), cycles.structures(), allocated - freed);
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
                waitingForOwners(),
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
        checkCaller();
        return pages.walk().totalLive();
    }

    @Override
    public long liveBytes() {
        checkCaller();
        return pages.walk().liveBytes();
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
        checkCaller();
        return census().histogram();
    }

    @Override
    public List<SizeClassStats> sizeClasses() {
        checkCaller();
        return census().sizeClasses();
    }

    @Override
    public List<TypeCounts> typeCounts() {
        checkCaller();
        return countTypes ? census().typeCounts() : List.of();
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
        checkCaller();
        owners.current().trim();
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
     * nor is in {@link #quietly}. Virtual threads are for the caller to see to.
     */
    @Override
    public void close(LeakPolicy policy) {
        if (!closed) {
            checkUnused();
            tellLeaks(policy, config);
            NumbersOut.closing(numberOut, this);
            if (CheckedLevel.KEEPS) {
                checks.closing(config.notices());
            }
            closed = true;
            life().end();
            reservation.closing();
            cleanable.clean();
        }
    }

    private void checkUnused() {
        checkViews();
        List<Thread> users = pauses.users();
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

    @Override
    void checkCaller() {
        if (closed) {
            throw new IllegalStateException("heap is closed: name=" + config.name());
        }
    }

    @Override
    AccountHost accountHost() {
        return accounts;
    }

    @Override
    ObjectChecks checks() {
        return checks;
    }

    @Override
    public String toString() {
        return "SharedHeap[name=%s base=0x%x]".formatted(config.name(), space.base);
    }
}
