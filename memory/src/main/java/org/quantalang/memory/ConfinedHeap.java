package org.quantalang.memory;

import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.count.WeakCounts;
import org.quantalang.memory.internal.cycle.BaconRajanCollector;
import org.quantalang.memory.internal.cycle.CycleCollector;
import org.quantalang.memory.internal.cycle.LocalCollector;
import org.quantalang.memory.internal.cycle.LongStack;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.debug.HeapVerifier;
import org.quantalang.memory.internal.debug.Holders;
import org.quantalang.memory.internal.debug.LeakFinder;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.debug.Sampler;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
public final class ConfinedHeap extends HandleTier {
    static final Cleaner CLEANER = Cleaner.create();

    private final HeapConfig config;
    private Thread owner = Thread.currentThread();
    private final HeapSpace space;
    private final BlockAllocator blocks;
    private final TypeTable types;
    private final WeakCounts weak = new WeakCounts();
    private final HeapCensus census;
    private final DestructorCalls destructors;
    private final CycleCollector cycles;
    private final Reclaimer reclaimer;
    private final boolean automatic;
    private final boolean countTypes;
    private final Cleaner.Cleanable cleanable;
    private final Reservation reservation;
    private final AccountHost accounts;

    /** Asked before every operation if checked mode is on; see {@link CheckedLevel}. */
    private final ObjectChecks checks;

    /** Says which objects the sampled level of checked mode takes down. */
    private final Sampler sampler = new Sampler();

    /** Bytes to allocate before the next of them. */
    private long bytesToSample = sampler.distance();

    /** See {@link NumbersOut#opened}. */
    private long numberOut;

    private boolean closed;

    /** The thread that may use the heap: its owner, or none once it is closed. */
    private @Nullable Thread user = owner;

    private ConfinedHeap(HeapConfig config) {
        this.config = config;
        this.automatic = config.automaticCollection();
        this.countTypes = config.countsPerType();
        space =
                HeapSpace.reserve(
                        config.pageSource(), config.addressSpaceBytes(), config.notices());
        blocks =
                new BlockAllocator(
                        space, config.name(), config.limitBytes(), config.returnDelay().toNanos());
        types = new TypeTable(space, blocks.classes(), countTypes);
        census = new HeapCensus(blocks::walk, types);
        checks = new ObjectChecks(config.name(), space, blocks.walk(), types, counts());
        if (CheckedLevel.KEEPS) {
            checks.keepFreed(blocks::giveBack);
            checks.countOutside();
            blocks.watch(checks);
        }
        accounts = new ConfinedAccounts(config, blocks);
        destructors = new DestructorCalls(this, types, config.failureHandler());
        cycles = collector();
        reclaimer =
                new Reclaimer(
                        types,
                        blocks,
                        weak,
                        javaObjects(),
                        destructors::run,
                        cycles,
                        config.releaseBudget(),
                        countTypes);
        cycles.reclaimer(reclaimer);
        // It must not lead back to this heap, or the heap could never be found forgotten.
        List<LongStack> buffers = cycles.buffers();
        reservation = new Reservation(space, () -> buffers.forEach(LongStack::close), config);
        cleanable = CLEANER.register(this, reservation);
    }

    private ObjectChecks.Counts counts() {
        return new ObjectChecks.Counts() {
            @Override
            public long strong(long header) {
                return HeaderWord.strong(Memory.getLong(header));
            }

            @Override
            public long weak(long header) {
                return weakReferences(header);
            }
        };
    }

    private CycleCollector collector() {
        CycleOptions options = config.cycleOptions();
        return switch (options.algorithm()) {
            case LOCAL ->
                    new LocalCollector(
                            config.pageSource(),
                            types,
                            blocks,
                            destructors::run,
                            options,
                            config.collectionListener(),
                            config.lastEpoch());
            case PLAIN ->
                    new BaconRajanCollector(
                            config.pageSource(),
                            types,
                            blocks,
                            destructors::run,
                            config.collectionListener(),
                            options.threshold() == 0
                                    ? BaconRajanCollector.DEFAULT_THRESHOLD
                                    : options.threshold());
        };
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

    // ---- types

    @Override
    public void register(TypeInfo... infos) {
        checkOwner();
        types.register(Arrays.asList(infos), census::liveOf);
    }

    @Override
    public boolean canCycle(TypeInfo info) {
        return known(info).cyclic();
    }

    private HeapType known(TypeInfo info) {
        HeapType type = types.find(info);
        return type != null ? type : introduce(info);
    }

    private HeapType introduce(TypeInfo info) {
        register(info);
        HeapType type = types.find(info);
        if (type == null) {
            throw new AssertionError("registered type is not known: " + info);
        }
        return type;
    }

    // ---- allocation

    @Override
    public long allocate(TypeInfo info) {
        HeapType type = known(info);
        long header = block(type);
        long payload = header + HeaderWord.BYTES;
        Memory.zeroWords(payload, payload + type.zeroBytes);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type, true);
        }
        return payload;
    }

    @Override
    public long allocateUninitialized(TypeInfo info) {
        HeapType type = known(info);
        long header = block(type);
        if (CheckedLevel.ALL) {
            checks.unwritten(header + HeaderWord.BYTES, type.payloadBytes);
        }
        type.zeroReferences(header);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type, false);
        }
        return header + HeaderWord.BYTES;
    }

    private long block(HeapType type) {
        long header = blocks.allocateFast(type.sizeClass);
        if (CheckedLevel.SAMPLING) {
            long left = bytesToSample - type.payloadBytes;
            bytesToSample = left;
            if (((header - 1) | left) < 0) { // no block at hand, or one of the sample
                return fixedBlockSampled(type, header);
            }
        } else if (header == BlockAllocator.NONE) {
            header = fixedBlockSlow(type);
        }
        start(type, header);
        return header;
    }

    private long fixedBlockSampled(HeapType type, long block) {
        long header = block == BlockAllocator.NONE ? fixedBlockSlow(type) : block;
        start(type, header);
        if (bytesToSample < 0) {
            sample(header, type);
        }
        return header;
    }

    /** Array types come here too: their size class never has a block at hand. */
    private long fixedBlockSlow(HeapType type) {
        if (type.elementBytes != 0) {
            throw new IllegalArgumentException(
                    "array type needs a length: type=%s; use allocateArray".formatted(type.info));
        }
        return blockSlow(type.sizeClass, type.firstBlock, type.payloadBytes);
    }

    private void start(HeapType type, long header) {
        Memory.putLong(header, type.header());
        Memory.putLong(header, HeaderWord.WORD_B, 0);
        if (countTypes) {
            types.countAllocated(type.descriptor);
        }
    }

    @Override
    public long allocateArray(TypeInfo info, long length) {
        HeapType type = known(info);
        long array = arrayBlock(type, length) + HeaderWord.BYTES;
        long bytes = (length * type.elementBytes + Long.BYTES - 1) & -Long.BYTES;
        Memory.zeroWords(array + TypeInfo.ARRAY_ELEMENTS, array + TypeInfo.ARRAY_ELEMENTS + bytes);
        if (CheckedLevel.ALL) {
            checks.allocated(array - HeaderWord.BYTES, type, true);
        }
        return array;
    }

    @Override
    public long allocateArrayUninitialized(TypeInfo info, long length) {
        HeapType type = known(info);
        if (type.referenceArray) {
            return allocateArray(info, length);
        }
        long array = arrayBlock(type, length) + HeaderWord.BYTES;
        if (CheckedLevel.ALL) {
            checks.unwritten(array + TypeInfo.ARRAY_ELEMENTS, length * type.elementBytes);
            checks.allocated(array - HeaderWord.BYTES, type, false);
        }
        return array;
    }

    private long arrayBlock(HeapType type, long length) {
        if (length < 0 || length >= Memory.ADDRESS_LIMIT || type.elementBytes == 0) {
            throw new IllegalArgumentException(
                    "not an array type or no length: type=%s length=%d"
                            .formatted(type.info, length));
        }
        long payload = TypeInfo.ARRAY_ELEMENTS + length * type.elementBytes;
        long bytes = payload + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        int sizeClass =
                bytes <= SizeClass.LARGEST_SMALL_BYTES
                        ? SizeClass.of((int) bytes)
                        : SizeClass.LARGE;
        long header = blocks.allocateFast(sizeClass);
        if (header == BlockAllocator.NONE) {
            header = blockSlow(sizeClass, type.firstBlock, payload);
        }
        start(type, header);
        Memory.putLong(header, HeaderWord.BYTES, length);
        if (CheckedLevel.SAMPLING) {
            bytesToSample -= bytes;
            if (bytesToSample < 0) {
                sample(header, type);
            }
        }
        return header;
    }

    /**
     * Takes an object down. A weak reference keeps it from being freed as all others are, where
     * nothing is asked.
     */
    private void sample(long header, HeapType type) {
        bytesToSample = sampler.distance();
        weak.retain(header);
        checks.sampled(header, type, true);
    }

    /** The weak references that users have. */
    private long weakReferences(long header) {
        return weak.count(header) - (CheckedLevel.SAMPLING && checks.holdsWeakly(header) ? 1 : 0);
    }

    /** No block at hand: goes on with pending frees, takes a page, or collects before giving up. */
    private long blockSlow(int sizeClass, long firstBlock, long payload) {
        checkOwner();
        if (reclaimer.pending()) {
            reclaimer.drainSome();
        }
        if (automatic && cycles.grown()) {
            collectDue(CollectionResult.Reason.GROWTH);
        }
        long header = tryBlock(sizeClass, firstBlock, payload);
        if (header == BlockAllocator.NONE) {
            reclaimer.drainAll();
            collected(cycles.collectAll(CollectionResult.Reason.OUT_OF_MEMORY));
            blocks.trim();
            header = tryBlock(sizeClass, firstBlock, payload);
            if (header == BlockAllocator.NONE) {
                throw outOfMemory(payload);
            }
        }
        return header;
    }

    private long tryBlock(int sizeClass, long firstBlock, long payload) {
        return sizeClass == SizeClass.LARGE
                ? blocks.allocateLarge(
                        firstBlock, payload + HeaderWord.BYTES + Pattern.REDZONE_BYTES)
                : blocks.allocateSlow(sizeClass);
    }

    private HeapOutOfMemoryError outOfMemory(long payload) {
        HeapOutOfMemoryError ofAccount = accounts.outOfMemory(payload);
        if (ofAccount != null) {
            return ofAccount;
        }
        return new HeapOutOfMemoryError(
                String.format(
                        Locale.ROOT,
                        "heap is out of memory: name=%s requestedBytes=%d usedBytes=%d"
                            + " limitBytes=%d peakBytes=%d reservedBytes=%d; most bytes are held"
                            + " by:%n%s",
                        config.name(),
                        payload,
                        blocks.usedBytes(),
                        blocks.limitBytes(),
                        blocks.peakBytes(),
                        space.bytes,
                        histogram().table(10)));
    }

    // ---- counting

    @Override
    public void retain(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
        }
        retain("retain", object);
    }

    private void retain(String operation, long object) {
        if (CheckedLevel.ADDRESSES) {
            checks.alive(operation, object);
        }
        if (CheckedLevel.ALL) {
            checks.gained(object);
        }
        long header = object - HeaderWord.BYTES;
        long word = Memory.getLong(header);
        if (word < ONE_STRONG) {
            retainUnusual(operation, header, word);
            return;
        }
        Memory.putLong(header, word + ONE_STRONG);
    }

    /** Dead, pinned, or full: then it is pinned. */
    private void retainUnusual(String operation, long header, long word) {
        if (!HeaderWord.alive(word)) {
            if (CheckedLevel.ON) {
                checks.alive(operation, header + HeaderWord.BYTES);
            }
            throw new IllegalStateException(
                    "retain of a dead object: address=0x%x header=0x%x"
                            .formatted(header + HeaderWord.BYTES, word));
        }
        Memory.putLong(header, HeaderWord.pin(word));
    }

    @Override
    public void release(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
        }
        releaseAsOwner(object);
    }

    private void releaseAsOwner(long object) {
        if (CheckedLevel.ADDRESSES) {
            checks.releasing(object);
        }
        long header = object - HeaderWord.BYTES;
        long word = Memory.getLong(header);
        long after = word - ONE_STRONG;
        if (after < ONE_STRONG) {
            if (HeaderWord.lastOfLeaf(word)) {
                blocks.free(header);
            } else {
                releaseLast(header, word);
            }
            if (CheckedLevel.SITES) {
                checks.tellFound();
            }
            return;
        }
        Memory.putLong(header, after);
        if ((after & HeaderWord.NO_CANDIDATE) == 0) {
            possibleRoot(header, after);
        }
    }

    private void releaseLast(long header, long word) {
        if (HeaderWord.pinned(word)) {
            return;
        }
        if (!HeaderWord.alive(word)) {
            if (CheckedLevel.ON) {
                checks.alive("release", header + HeaderWord.BYTES);
            }
            throw Reclaimer.overReleased(header, word);
        }
        if (CheckedLevel.SAMPLING && HeaderWord.has(word, HeaderWord.WEAK_MASK)) {
            checks.siteOfRelease(header + HeaderWord.BYTES);
        }
        reclaimer.lastReference(header, word);
        if (automatic && cycles.due()) {
            collectDue(CollectionResult.Reason.CANDIDATES);
        }
    }

    private void possibleRoot(long header, long word) {
        if (cycles.possibleRoot(header, word) && automatic) {
            collectDue(CollectionResult.Reason.CANDIDATES);
        }
    }

    private void collectDue(CollectionResult.Reason reason) {
        if (!reclaimer.draining()) {
            cycles.collectDue(reason);
            tellCollected();
        }
    }

    /** Throws what a collection was to free and is no object, or was damaged. */
    private void tellCollected() {
        reclaimer.collected();
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    private CollectionResult collected(CollectionResult result) {
        tellCollected();
        return result;
    }

    @Override
    public void weakRetain(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.known("weak retain", object);
        }
        weak.retain(object - HeaderWord.BYTES);
    }

    @Override
    public void weakRelease(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.weakReleasing(object);
        }
        reclaimer.weakRelease(object - HeaderWord.BYTES);
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    @Override
    public long upgrade(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.known("upgrade", object);
        }
        long word = Memory.getLong(object - HeaderWord.BYTES);
        if (!HeaderWord.alive(word)
                || HeaderWord.has(word, HeaderWord.DYING | HeaderWord.FINALIZED)) {
            return 0;
        }
        if (HeaderWord.has(word, HeaderWord.MEMBER)
                && !cycles.mayUpgrade(object - HeaderWord.BYTES)) {
            return 0;
        }
        retain(object);
        return object;
    }

    @Override
    public void makeImmortal(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.alive("makeImmortal", object);
        }
        long header = object - HeaderWord.BYTES;
        Memory.putLong(header, HeaderWord.pin(Memory.getLong(header)));
    }

    @Override
    public long strongCount(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.known("strongCount", object);
        }
        return HeaderWord.strong(Memory.getLong(object - HeaderWord.BYTES));
    }

    @Override
    public long weakCount(long object) {
        return weakReferences(object - HeaderWord.BYTES);
    }

    @Override
    public RcHeader header(long object) {
        long word = Memory.getLong(object - HeaderWord.BYTES);
        return new RcHeader(
                HeaderWord.strong(word),
                weakReferences(object - HeaderWord.BYTES),
                HeaderWord.colour(word),
                HeaderWord.has(word, HeaderWord.BUFFERED),
                HeaderWord.pinned(word),
                HeaderWord.has(word, HeaderWord.FINALIZED),
                typeOf(object));
    }

    @Override
    public TypeInfo typeOf(long object) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.known("typeOf", object);
        }
        return types.at(HeaderWord.type(Memory.getLong(object - HeaderWord.BYTES))).info;
    }

    @Override
    public long length(long array) {
        if (CheckedLevel.ON) {
            checkOwner();
            checks.known("length", array);
        }
        return Memory.getLong(array);
    }

    // ---- references

    @Override
    public long getReference(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getReference", object, offset, Long.BYTES);
        }
        return Memory.getLong(object, offset);
    }

    @Override
    public void setReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("setReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain("setReference", value);
        }
        move(object + offset, value);
    }

    @Override
    public void moveReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("moveReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("moveReference", owned);
        }
        move(object + offset, owned);
    }

    private void move(long slot, long owned) {
        long old = Memory.getLong(slot);
        if (CheckedLevel.ALL) {
            checks.moved(owned, old);
        }
        Memory.putLong(slot, owned);
        if (old != 0) {
            releaseAsOwner(old);
        }
    }

    @Override
    public void initReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("initReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("initReference", owned);
        }
        if (CheckedLevel.ALL) {
            checks.moved(owned, 0);
        }
        Memory.putLong(object, offset, owned);
    }

    @Override
    public long exchangeReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("exchangeReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain("exchangeReference", value);
        }
        long slot = object + offset;
        long old = Memory.getLong(slot);
        if (CheckedLevel.ALL) {
            checks.moved(value, old);
        }
        Memory.putLong(slot, value);
        if (old != 0) {
            touchIfMember(old - HeaderWord.BYTES);
        }
        return old;
    }

    /** A reference left a field without a decrement, which a trace in slices would miss. */
    private void touchIfMember(long header) {
        long word = Memory.getLong(header);
        if (HeaderWord.has(word, HeaderWord.MEMBER)) {
            cycles.possibleRoot(header, word);
        }
    }

    @Override
    public boolean compareAndSetReference(long object, long offset, long expected, long value) {
        if (Memory.getLong(object, offset) != expected) {
            return false;
        }
        setReference(object, offset, value);
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
        long slot = object + offset;
        long old = Memory.getLong(slot);
        Memory.putLong(slot, value);
        if (old != 0) {
            weakRelease(old);
        }
    }

    @Override
    public long loadWeak(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadWeak", object, offset, Long.BYTES);
        }
        long target = Memory.getLong(object, offset);
        return target == 0 ? 0 : upgrade(target);
    }

    // ---- for handles

    @Override
    HeapConfig config() {
        return config;
    }

    /** The owner thread calls, and the heap is open; whose the handle is follows from that. */
    @Override
    boolean usable(@Nullable Thread user) {
        return Thread.currentThread().equals(this.user);
    }

    @Override
    void refuse(@Nullable Thread user, Object handle) {
        checkOwner();
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
        checkOwner();
        reclaimer.drainAll();
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    /** {@return dead objects known to wait because of the release budget} */
    public long waitingObjects() {
        return reclaimer.waiting();
    }

    @Override
    public CollectionResult collectCycles() {
        checkOwner();
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
     * @return what this call did; {@code complete} if no garbage cycle is left
     */
    public CollectionResult collectCycles(Duration budget) {
        checkOwner();
        return collected(cycles.collectFor(budget.toNanos(), Long.MAX_VALUE));
    }

    /**
     * Collects garbage cycles until about so many objects were looked at; the next call, or the
     * program's own releases, go on from there. The plain collector does not stop.
     *
     * @param objects about how many; a small structure is not divided
     * @return what this call did; {@code complete} if no garbage cycle is left
     */
    public CollectionResult collectCycles(long objects) {
        checkOwner();
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
        checkOwner();
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
        checkOwner();
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
        checkOwner();
        return cycles.stats();
    }

    /** {@return how long the program waited for collections that it did not ask for} */
    public PauseStats pauses() {
        checkOwner();
        return cycles.pauses();
    }

    @Override
    public long liveObjects() {
        checkOwner();
        return blocks.allocatedBlocks() - blocks.freedBlocks();
    }

    @Override
    public long liveBytes() {
        checkOwner();
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
        checkOwner();
        return census.histogram();
    }

    @Override
    public List<SizeClassStats> sizeClasses() {
        checkOwner();
        return census.sizeClasses();
    }

    @Override
    public List<TypeCounts> typeCounts() {
        checkOwner();
        return countTypes ? census.typeCounts() : List.of();
    }

    @Override
    public VerificationReport verify() {
        checkOwner();
        if (CheckedLevel.SITES) {
            checks.checkPatterns();
        }
        return new HeapVerifier(blocks.walk(), types, reclaimer, weak, cycles).verify();
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
        checkOwner();
        return new HeapVerifier(blocks.walk(), types, reclaimer, weak, cycles)
                .verifyFrom(withHandles(headersOf(roots)));
    }

    @Override
    public void trim() {
        checkOwner();
        blocks.trim();
    }

    @Override
    public LeakReport leaks() {
        checkOwner();
        releaseLetGo();
        return new LeakFinder(config.name(), blocks.walk(), types, Holders.CONFINED, checks).find();
    }

    @Override
    public void close() {
        close(config.leakPolicy());
    }

    @Override
    public void close(LeakPolicy policy) {
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
        user = null;
        life().end();
        reservation.closing();
        cleanable.clean();
    }

    @Override
    void checkCaller() {
        checkOwner();
    }

    @Override
    AccountHost accountHost() {
        return accounts;
    }

    private final class ConfinedAccounts extends AccountHost {
        private final BlockAllocator blocks;

        ConfinedAccounts(HeapConfig config, BlockAllocator blocks) {
            super(config, blocks.accounts());
            this.blocks = blocks;
        }

        @Override
        void checkCaller() {
            checkOwner();
        }

        @Override
        boolean ended() {
            return closed;
        }

        @Override
        BlockAllocator blocks() {
            return blocks;
        }

        @Override
        boolean prepare(PageAccount opened) {
            return blocks.openAccount(opened);
        }

        @Override
        void merge() {
            blocks.mergeClosed();
        }

        @Override
        void settle() {
            collectCycles();
        }

        @Override
        HeapCensus census() {
            return census;
        }
    }

    @Override
    ObjectChecks checks() {
        return checks;
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

    void checkOwner() {
        if (!usable(user)) {
            refuseCaller();
        }
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
