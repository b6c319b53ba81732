package org.quantalang.memory;

import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.count.WeakCounts;
import org.quantalang.memory.internal.cycle.BaconRajanCollector;
import org.quantalang.memory.internal.cycle.CycleCollector;
import org.quantalang.memory.internal.cycle.LocalCollector;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.debug.Sampler;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.Failures;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.Arrays;
import java.util.Locale;

/**
 * The objects of a confined heap: their types, allocation, counts and references. Each method is
 * described in {@link Heap}.
 *
 * <p>The heap's owner only; what a method checks of that is said there.
 */
abstract sealed class ConfinedObjects extends HandleTier permits ConfinedHeap {
    final HeapConfig config;
    final HeapSpace space;
    final BlockAllocator blocks;
    final TypeTable types;
    final WeakCounts weak = new WeakCounts();
    final HeapCensus census;
    final DestructorCalls destructors;
    final CycleCollector cycles;
    final Reclaimer reclaimer;
    final boolean countTypes;
    private final boolean automatic;
    private final AccountHost accounts;

    /** Asked before every operation if checked mode is on; see {@link CheckedLevel}. */
    final ObjectChecks checks;

    /** Says which objects the sampled level of checked mode takes down. */
    private final Sampler sampler = new Sampler();

    /** Bytes to allocate before the next of them. */
    private long bytesToSample = sampler.distance();

    ConfinedObjects(HeapConfig config) {
        this.config = config;
        this.automatic = config.automaticCollection();
        this.countTypes = config.countsPerType();
        space =
                HeapSpace.reserve(
                        config.pageSource(), config.addressSpaceBytes(), config.notices());
        blocks =
                new BlockAllocator(
                        space,
                        config.name(),
                        config.limitBytes(),
                        HeapConfig.nanosAtMost(config.returnDelay(), Long.MAX_VALUE / 4));
        Failures failures = new Failures(config.failureHandler());
        types = new TypeTable(space, blocks.classes(), countTypes, failures);
        census = new HeapCensus(blocks::walk, types);
        checks = new ObjectChecks(config.name(), space, blocks.walk(), types, counts());
        if (CheckedLevel.KEEPS) {
            checks.keepFreed(blocks::giveBack);
            checks.countOutside();
            blocks.watch(checks);
        }
        accounts = new ConfinedAccounts(this, config);
        destructors = new DestructorCalls(this, types::at, failures);
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
                            options,
                            config.collectionListener());
        };
    }

    // ---- types

    @Override
    public final void register(TypeInfo... infos) {
        checkCaller();
        types.register(Arrays.asList(infos), census::liveOf);
    }

    @Override
    public final boolean canCycle(TypeInfo info) {
        return known(info).cyclic();
    }

    private HeapType known(TypeInfo info) {
        HeapType home = info.home;
        return home != null && home.isOf(types) ? home : find(info);
    }

    private HeapType find(TypeInfo info) {
        HeapType type = types.find(info);
        if (type == null) {
            type = introduce(info);
        }
        HeapType home = info.home;
        if (home == null || !home.isOpen()) {
            info.home = type;
        }
        return type;
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
    public final long allocate(TypeInfo info) {
        HeapType type = known(info);
        long header = block(info, type);
        long payload = header + HeaderWord.BYTES;
        Memory.zeroWords(payload, payload + type.zeroBytes);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type, true);
        }
        return payload;
    }

    @Override
    public final long allocateUninitialized(TypeInfo info) {
        HeapType type = known(info);
        long header = block(info, type);
        if (CheckedLevel.ALL) {
            checks.unwritten(header + HeaderWord.BYTES, type.payloadBytes);
        }
        type.zeroReferences(header);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type, false);
        }
        return header + HeaderWord.BYTES;
    }

    private long block(TypeInfo info, HeapType type) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        long header = blocks.allocateAt(info.classAtHand);
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

    /**
     * Types come here too that have nothing {@link TypeInfo#classAtHand}: of arrays, and those of
     * an alignment for which each heap makes a class of its own.
     */
    private long fixedBlockSlow(HeapType type) {
        if (type.elementBytes != 0) {
            throw new IllegalArgumentException(
                    "array type needs a length: type=%s; use allocateArray".formatted(type.info));
        }
        long block = blocks.allocateFast(type.sizeClass);
        return block != BlockAllocator.NONE
                ? block
                : blockSlow(type.sizeClass, type.firstBlock, type.payloadBytes);
    }

    private void start(HeapType type, long header) {
        Memory.putLong(header, type.header());
        Memory.putLong(header, HeaderWord.WORD_B, 0);
        if (countTypes) {
            types.countAllocated(type.descriptor);
        }
    }

    @Override
    public final long allocateArray(TypeInfo info, long length) {
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
    public final long allocateArrayUninitialized(TypeInfo info, long length) {
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
        if (CheckedLevel.ON) {
            checkCaller();
        }
        if (Long.compareUnsigned(length, type.mostElements) > 0 || type.elementBytes == 0) {
            throw new IllegalArgumentException(
                    "not an array type or no length: type=%s length=%d"
                            .formatted(type.info, length));
        }
        long payload = TypeInfo.ARRAY_ELEMENTS + length * type.elementBytes;
        long bytes = payload + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        int sizeClass = SizeClass.ofAny(bytes);
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
        checkCaller();
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
    public final void retain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
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
        long word = Memory.getHeader(object);
        if (word < ONE_STRONG) {
            retainUnusual(operation, object - HeaderWord.BYTES, word);
            return;
        }
        Memory.putHeader(object, word + ONE_STRONG);
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
    public final void release(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        releaseAsOwner(object);
    }

    private void releaseAsOwner(long object) {
        if (CheckedLevel.ADDRESSES) {
            checks.releasing(object);
        }
        long word = Memory.getHeader(object);
        long after = word - ONE_STRONG;
        if (after < ONE_STRONG) {
            if (HeaderWord.lastOfLeaf(word)) {
                blocks.free(object - HeaderWord.BYTES);
            } else {
                releaseLast(object - HeaderWord.BYTES, word);
            }
            if (CheckedLevel.SITES) {
                checks.tellFound();
            }
            return;
        }
        Memory.putHeader(object, after);
        if ((after & HeaderWord.NO_CANDIDATE) == 0) {
            possibleRoot(object - HeaderWord.BYTES, after);
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
    final void tellCollected() {
        reclaimer.collected();
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    final CollectionResult collected(CollectionResult result) {
        tellCollected();
        return result;
    }

    @Override
    public final void weakRetain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weak retain", object);
        }
        weak.retain(object - HeaderWord.BYTES);
    }

    @Override
    public final void weakRelease(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.weakReleasing(object);
        }
        reclaimer.weakRelease(object - HeaderWord.BYTES);
        if (CheckedLevel.SITES) {
            checks.tellFound();
        }
    }

    @Override
    public final long upgrade(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
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
    public final void makeImmortal(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.alive("makeImmortal", object);
        }
        long header = object - HeaderWord.BYTES;
        Memory.putLong(header, HeaderWord.pin(Memory.getLong(header)));
    }

    @Override
    public final long strongCount(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("strongCount", object);
        }
        return HeaderWord.strong(Memory.getLong(object - HeaderWord.BYTES));
    }

    @Override
    public final long weakCount(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weakCount", object);
        }
        return weakReferences(object - HeaderWord.BYTES);
    }

    @Override
    public final RcHeader header(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("header", object);
        }
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
    public final TypeInfo typeOf(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("typeOf", object);
        }
        return types.at(HeaderWord.type(Memory.getLong(object - HeaderWord.BYTES))).info;
    }

    @Override
    public final long length(long array) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.knownArray("length", array);
        }
        return Memory.getLong(array);
    }

    // ---- references

    @Override
    public final long getReference(long object, long offset) {
        if (CheckedLevel.ON) {
            checkRead("getReference", object, offset, Long.BYTES);
        }
        return Memory.getLong(object, offset);
    }

    @Override
    public final void setReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("setReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain("setReference", value);
        }
        move(object + offset, value);
    }

    @Override
    public final void moveReference(long object, long offset, long owned) {
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
    public final void initReference(long object, long offset, long owned) {
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
    public final long exchangeReference(long object, long offset, long value) {
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
    public final boolean compareAndSetReference(
            long object, long offset, long expected, long value) {
        if (CheckedLevel.ON) {
            checkWithin("compareAndSetReference", object, offset, Long.BYTES);
        }
        if (Memory.getLong(object, offset) != expected) {
            return false;
        }
        setReference(object, offset, value);
        return true;
    }

    @Override
    public final void setWeakReference(long object, long offset, long value) {
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
    public final long loadWeak(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadWeak", object, offset, Long.BYTES);
        }
        long target = Memory.getLong(object, offset);
        return target == 0 ? 0 : upgrade(target);
    }

    // ---- for the tiers above

    @Override
    final HeapConfig config() {
        return config;
    }

    @Override
    final AccountHost accountHost() {
        return accounts;
    }

    @Override
    final ObjectChecks checks() {
        return checks;
    }
}
