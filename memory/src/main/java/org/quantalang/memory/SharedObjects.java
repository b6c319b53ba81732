package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.HeapCensus;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.Owner;
import org.quantalang.memory.internal.shared.Owners;
import org.quantalang.memory.internal.shared.ReferenceField;
import org.quantalang.memory.internal.shared.SharedCounts;
import org.quantalang.memory.internal.shared.SharedHeader;
import org.quantalang.memory.internal.shared.SharedReclaimer;
import org.quantalang.memory.internal.shared.SharedTypes;
import org.quantalang.memory.internal.shared.SharedTypes.SharedType;
import org.quantalang.memory.internal.type.Failures;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.Arrays;
import java.util.Locale;

/**
 * The objects of a shared heap: their types, allocation, counts and references. What is not said
 * here of a method is said in {@link Heap}.
 *
 * <p>Any thread.
 */
abstract sealed class SharedObjects extends HandleTier permits SharedHeap {
    final HeapConfig config;
    final HeapSpace space;
    final SharedSpace pages;
    final Owners owners;
    final SharedTypes types;
    final SharedReclaimer reclaimer;
    final ObjectChecks checks;
    final boolean countTypes;
    private final AccountHost accounts;

    SharedObjects(HeapConfig config) {
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
        owners = new Owners(pages, config.name(), mostOwners);
        later[0] = owners;
        Failures failures = new Failures(config.failureHandler());
        TypeTable table = new TypeTable(space, pages.classes(), countTypes, failures);
        types = new SharedTypes(table, countTypes);
        checks =
                new ObjectChecks(
                        config.name(), space, pages.walk(), table, SharedHeader.FOR_CHECKS);
        if (CheckedLevel.KEEPS) {
            pages.watch(checks);
        }
        DestructorCalls destructors = new DestructorCalls(this, types::at, failures);
        reclaimer =
                new SharedReclaimer(
                        space.base,
                        space.bytes,
                        pages,
                        owners,
                        types,
                        javaObjects(),
                        destructors::run,
                        config.releaseBudget());
        if (CheckedLevel.KEEPS) {
            checks.keepFreed(reclaimer::giveBack);
        }
        accounts = new SharedAccounts(this, config);
    }

    // ---- types

    @Override
    public final void register(TypeInfo... infos) {
        checkCaller();
        owners.passing(
                () -> {
                    types.register(Arrays.asList(infos), type -> census().liveOf(type));
                    return infos;
                });
    }

    @Override
    public final boolean canCycle(TypeInfo info) {
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
    public final long allocate(TypeInfo info) {
        SharedType type = known(info);
        long payload = block(info, type) + HeaderWord.BYTES;
        Memory.zeroWords(payload, payload + type.type.zeroBytes);
        if (CheckedLevel.ALL) {
            checks.allocated(payload - HeaderWord.BYTES, type.type, true);
        }
        return payload;
    }

    @Override
    public final long allocateUninitialized(TypeInfo info) {
        SharedType type = known(info);
        long header = block(info, type);
        if (CheckedLevel.ALL) {
            checks.unwritten(header + HeaderWord.BYTES, type.type.payloadBytes);
        }
        type.type.zeroReferences(header);
        if (CheckedLevel.ALL) {
            checks.allocated(header, type.type, false);
        }
        return header + HeaderWord.BYTES;
    }

    private long block(TypeInfo info, SharedType type) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        Owner self = owners.current();
        if (self.told()) {
            reclaimer.attend(self);
        }
        long header = self.blocks.allocateAt(info.classAtHand);
        if (header == BlockAllocator.NONE) {
            if (type.type.elementBytes != 0) {
                throw new IllegalArgumentException(
                        "array type needs a length: type=%s; use allocateArray"
                                .formatted(type.type.info));
            }
            header = blockSlow(self, type.type);
        }
        start(self, type, header);
        if (CheckedLevel.SAMPLING && self.samples(type.type.payloadBytes)) {
            checks.sampled(header, type.type, false);
        }
        return header;
    }

    /** For types too that have nothing {@link TypeInfo#classAtHand}. */
    private long blockSlow(Owner self, HeapType type) {
        long block = self.blocks.allocateFast(type.sizeClass);
        return block != BlockAllocator.NONE
                ? block
                : blockSlow(self, type.sizeClass, type.firstBlock, type.payloadBytes);
    }

    private void start(Owner self, SharedType type, long header) {
        self.start(type, header);
        if (countTypes) {
            types.countAllocated(type.type);
        }
    }

    @Override
    public final long allocateArray(TypeInfo info, long length) {
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
    public final long allocateArrayUninitialized(TypeInfo info, long length) {
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
        if (CheckedLevel.ON) {
            checkCaller();
        }
        int elementBytes = type.type.elementBytes;
        if (Long.compareUnsigned(length, type.type.mostElements) > 0 || elementBytes == 0) {
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
        int sizeClass = SizeClass.ofAny(bytes);
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
                        owners.waiting(),
                        histogram().table(10)));
    }

    // ---- counting

    @Override
    public final void retain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        if (CheckedLevel.ADDRESSES) {
            checks.alive("retain", object);
        }
        long a = Memory.getHeader(object);
        if (CheckedLevel.SAMPLING && a == 0) {
            checks.alive("retain", object);
        }
        long after = SharedHeader.ownerRetained(a);
        long thread = Thread.currentThread().threadId();
        if (SharedHeader.plainFor(after) == thread) {
            Memory.putHeader(object, after);
        } else {
            reclaimer.retain(object - HeaderWord.BYTES, a, thread);
        }
    }

    @Override
    public final void release(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
        }
        if (CheckedLevel.ADDRESSES) {
            checks.releasing(object);
        }
        long a = Memory.getHeader(object);
        if (CheckedLevel.SAMPLING) {
            if (a == 0) {
                checks.alive("release", object);
            }
            checks.siteOfRelease(object);
        }
        long after = SharedHeader.ownerReleased(a);
        long thread = Thread.currentThread().threadId();
        if (SharedHeader.plainFor(after) == thread) {
            Memory.putHeader(object, after);
        } else {
            releaseUnusual(object - HeaderWord.BYTES, a, thread);
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
    public final void weakRetain(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weak retain", object);
        }
        owners.enterCaller();
        SharedCounts.weakRetain(object - HeaderWord.BYTES);
    }

    @Override
    public final void weakRelease(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weak release", object);
        }
        owners.enterCaller();
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
    public final long upgrade(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("upgrade", object);
        }
        owners.enterCaller();
        return SharedCounts.upgrade(object - HeaderWord.BYTES) ? object : 0;
    }

    @Override
    public final void makeImmortal(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.alive("makeImmortal", object);
        }
        owners.enterCaller();
        SharedCounts.pin(object - HeaderWord.BYTES);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Exact while no other thread counts the object. Releases that wait for its owner have not
     * happened yet.
     */
    @Override
    public final long strongCount(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("strongCount", object);
        }
        long header = object - HeaderWord.BYTES;
        return SharedHeader.strong(
                Memory.getLong(header), Memory.getLongAcquire(header + HeaderWord.WORD_B));
    }

    @Override
    public final long weakCount(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("weakCount", object);
        }
        return SharedHeader.weak(
                Memory.getLongAcquire(object - HeaderWord.BYTES + HeaderWord.WORD_B));
    }

    @Override
    public final RcHeader header(long object) {
        if (CheckedLevel.ON) {
            checkCaller();
            checks.known("header", object);
        }
        return SharedHeader.describe(
                Memory.getLong(object - HeaderWord.BYTES),
                Memory.getLongAcquire(object - HeaderWord.BYTES + HeaderWord.WORD_B),
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

    /**
     * {@inheritDoc}
     *
     * <p>Good only while no other thread overwrites the field; otherwise {@link #loadReference}.
     */
    @Override
    public final long getReference(long object, long offset) {
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
    public final long loadReference(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadReference", object, offset, Long.BYTES);
        }
        owners.enterCaller();
        long slot = object + offset;
        long value = ReferenceField.hold(slot);
        if (value != 0) {
            try {
                retain(value);
            } finally {
                ReferenceField.letGo(slot, value);
            }
        }
        return value;
    }

    @Override
    public final void setReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("setReference", object, offset, Long.BYTES);
        }
        if (value != 0) {
            retain(value);
        }
        moveReference(object, offset, value);
    }

    @Override
    public final void moveReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("moveReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("moveReference", owned);
        }
        owners.enterCaller();
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
    public final void initReference(long object, long offset, long owned) {
        if (CheckedLevel.ON) {
            checkWithin("initReference", object, offset, Long.BYTES);
        }
        if (CheckedLevel.ADDRESSES) {
            checks.aliveOrNull("initReference", owned);
        }
        Memory.putLong(object, offset, owned);
    }

    @Override
    public final long exchangeReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("exchangeReference", object, offset, Long.BYTES);
        }
        owners.enterCaller();
        if (value != 0) {
            retain(value);
        }
        return ReferenceField.swap(object + offset, value);
    }

    @Override
    public final boolean compareAndSetReference(
            long object, long offset, long expected, long value) {
        if (CheckedLevel.ON) {
            checkWithin("compareAndSetReference", object, offset, Long.BYTES);
        }
        owners.enterCaller();
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
    public final void setWeakReference(long object, long offset, long value) {
        if (CheckedLevel.ON) {
            checkWithin("setWeakReference", object, offset, Long.BYTES);
        }
        owners.enterCaller();
        if (value != 0) {
            weakRetain(value);
        }
        long old = ReferenceField.swap(object + offset, value);
        if (old != 0) {
            weakRelease(old);
        }
    }

    @Override
    public final long loadWeak(long object, long offset) {
        if (CheckedLevel.ON) {
            checkWithin("loadWeak", object, offset, Long.BYTES);
        }
        owners.enterCaller();
        long slot = object + offset;
        long target = ReferenceField.hold(slot);
        if (target == 0) {
            return 0;
        }
        try {
            // Held, so that the header stays while it is looked at.
            return SharedCounts.upgrade(target - HeaderWord.BYTES) ? target : 0;
        } finally {
            ReferenceField.letGo(slot, target);
        }
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

    final HeapCensus census() {
        return new HeapCensus(pages::walk, types.table());
    }
}
