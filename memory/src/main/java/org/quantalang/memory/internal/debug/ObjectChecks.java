package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.FieldKind;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.alloc.FreeWatch;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.WatchedBlocks;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * What checked mode asks before an operation on an object: is the address one of an object of this
 * heap that lives, and is it within the object. A refusal is an exception that leaves the heap as
 * it was, and names the address, what is there, and in full mode where the object was allocated and
 * where it last lost a reference.
 *
 * <p>In full mode each payload is followed by a redzone, checked when the block is freed and when
 * the heap is verified, and a freed block waits in a {@link Quarantine}. Damage that is found while
 * objects are being freed is told when that has ended, so that it leaves the heap in order too. In
 * the sampled level the objects of the sample have no redzone, and of a freed one only the header
 * holds the pattern: filling takes longer than all else that is done for them.
 *
 * <p>Whoever may use the heap.
 */
public final class ObjectChecks implements AllocationSites, FreeWatch {
    private static final String KEEP =
            "keep a reference as long as the address is used, and release it only once";
    private static final String STAY_INSIDE =
            "something wrote beyond the payload; its first bytes may tell what";
    private static final String LET_GO =
            "something used the object after its last reference was released";

    private static final int MOST_PROBLEMS = 20;
    private static final int MOST_HOLDERS = 5;

    private final HeapSpace space;
    private final BlockWalk walk;
    private final TypeTable types;
    private final Counts counts;
    private final MisuseReport report;

    /**
     * By header: the last object that was allocated there, or the object of the sample that is
     * there or waits in the quarantine.
     */
    private final Map<Long, History> histories = new ConcurrentHashMap<>();

    /** Damage that nobody was told of yet. */
    private final Queue<String> found = new ConcurrentLinkedQueue<>();

    /** Whether there may be any. */
    private volatile boolean untold;

    /** Objects of the sample that were not freed yet. */
    private final WatchedBlocks sample = new WatchedBlocks();

    /** Null until {@link #keepFreed}. */
    private @Nullable Quarantine quarantine;

    /** See {@link #countOutside}. */
    private boolean countsOutside;

    /** How a kind of heap counts, asked by an object's header. */
    public interface Counts {
        /** Strong references; 0 if the object is dead. */
        long strong(long header);

        /** Weak references. */
        long weak(long header);

        /** Whether a release by the caller may take the last strong reference away. */
        default boolean mayBeLast(long header) {
            return strong(header) == 1;
        }
    }

    public ObjectChecks(
            String heapName, HeapSpace space, BlockWalk walk, TypeTable types, Counts counts) {
        this.space = space;
        this.counts = counts;
        this.walk = walk;
        this.types = types;
        this.report = new MisuseReport(heapName, walk, types, counts, histories);
        if (CheckedLevel.ON) {
            OpenHeaps.opened(space, heapName);
        }
    }

    /** From now on freed blocks wait, and then are given back by this. */
    public void keepFreed(LongConsumer giveBack) {
        quarantine =
                new Quarantine(
                        walk,
                        this::writtenAfterFree,
                        block -> {
                            forget(block);
                            giveBack.accept(block);
                        });
    }

    /** From now on references that no field holds are counted: the heap is one thread's. */
    public void countOutside() {
        countsOutside = true;
    }

    // ---- an object's life

    /**
     * An object was allocated and its length written. Full mode only.
     *
     * @param written whether its payload was cleared
     */
    public void allocated(long header, HeapType type, boolean written) {
        long payload = payloadBytes(header, type);
        histories.put(header, new History(type, payload, !written));
        long end = header + HeaderWord.BYTES + payload;
        long blockEnd = header + walk.blockBytesAt(header);
        Memory.fill(end, blockEnd - end, Pattern.REDZONE);
        if (AddressSanitizer.PRESENT) {
            AddressSanitizer.poison(end, blockEnd);
        }
    }

    /**
     * An object of the sample was allocated, and its length written.
     *
     * @param weakly whether the caller has added a weak reference, to be asked when the object dies
     */
    public void sampled(long header, HeapType type, boolean weakly) {
        History history = new History(type, payloadBytes(header, type), false);
        history.heldWeakly = weakly;
        histories.put(header, history);
        sample.add(header);
    }

    @Override
    public boolean letsGo(long header) {
        History history = histories.get(header);
        if (history == null || !history.heldWeakly) {
            return false;
        }
        history.heldWeakly = false;
        return true;
    }

    /** Whether a weak reference to this object is the sample's own. */
    public boolean holdsWeakly(long header) {
        if (!sample.mayHave(header)) {
            return false;
        }
        History history = histories.get(header);
        return history != null && history.heldWeakly;
    }

    /** A payload is handed out without being cleared. Full mode only. */
    public void unwritten(long payload, long bytes) {
        Memory.fill(payload, bytes, Pattern.FRESH);
    }

    @Override
    public @Nullable Site of(long header) {
        History history = histories.get(header);
        return history == null ? null : history.allocated;
    }

    /** An object is about to lose a reference; where it lost its last one is remembered. */
    public void releasing(long object) {
        alive("release", object);
        if (CheckedLevel.SITES) {
            siteOfRelease(object);
        }
    }

    /** An object loses a reference; if it is watched, and that is its last, this is the place. */
    public void siteOfRelease(long object) {
        long header = object - HeaderWord.BYTES;
        History history = watches(header) ? histories.get(header) : null;
        if (history == null) {
            return;
        }
        if (CheckedLevel.ALL && countsOutside) {
            if (HeaderWord.pinned(Memory.getLong(header))) {
                return;
            }
            if (history.outside <= 0) {
                recount(object, history);
            }
            history.outside--;
        }
        if (counts.mayBeLast(header)) {
            history.released = Site.here();
        }
    }

    /** No reference to this object is known but in fields: is there really none? */
    private void recount(long object, History history) {
        List<String> holders = new ArrayList<>();
        long[] inside = new long[1];
        walk.forEach(
                (holder, _) -> {
                    long word = Memory.getLong(holder);
                    if (HeaderWord.alive(word) || HeaderWord.has(word, HeaderWord.DYING)) {
                        References.strongSlots(
                                types.of(holder),
                                holder,
                                slot -> {
                                    if (Memory.getLong(slot) == object) {
                                        inside[0]++;
                                        if (holders.size() < MOST_HOLDERS) {
                                            holders.add(name(holder, slot));
                                        }
                                    }
                                });
                    }
                });
        long strong = counts.strong(object - HeaderWord.BYTES);
        if (inside[0] >= strong) {
            throw new IllegalStateException(
                    report.of(
                            "release of a reference that a field holds (held by %s)"
                                    .formatted(String.join(", ", holders)),
                            object,
                            "retain what getReference returns before releasing it, or clear the"
                                    + " field"));
        }
        history.outside = strong - inside[0];
    }

    private String name(long holder, long slot) {
        return ReferencePath.slotName(types, holder, slot);
    }

    /** The program got a reference more. Full mode only. */
    public void gained(long object) {
        outside(object, 1);
    }

    /** A reference of the program's takes the place of another in a field. Full mode only. */
    public void moved(long into, long out) {
        outside(into, -1);
        outside(out, 1);
    }

    private void outside(long object, int change) {
        History history = countsOutside ? histories.get(object - HeaderWord.BYTES) : null;
        if (history != null) {
            history.outside += change;
        }
    }

    // ---- freed blocks

    @Override
    public WatchedBlocks watched() {
        return sample;
    }

    private boolean watches(long block) {
        return CheckedLevel.ALL || sample.mayHave(block);
    }

    @Override
    public boolean keeps(long block) {
        History history = histories.get(block);
        if (history == null && !CheckedLevel.KEEPS_ALL) {
            return false; // not one of the sample
        }
        if (CheckedLevel.SAMPLING && history != null) {
            sample.remove(block);
        }
        if (CheckedLevel.ALL && history != null) {
            checkObject(block, history);
            AddressSanitizer.unpoison(block, block + walk.blockBytesAt(block));
        }
        if (history != null && (CheckedLevel.ALL || history.released == null)) {
            history.freed = Site.here();
        }
        if (quarantine != null && quarantine.take(block)) {
            return true;
        }
        forget(block);
        return false;
    }

    /** A block is about to be used again; in full mode what is known of it stays until then. */
    private void forget(long block) {
        AddressSanitizer.unpoison(block, block + walk.blockBytesAt(block));
        if (CheckedLevel.SAMPLING) {
            histories.remove(block);
        }
    }

    @Override
    public void letGoAll() {
        if (quarantine != null) {
            quarantine.letGoAll();
        }
    }

    @Override
    public long keptBlocks(int sizeClass) {
        return quarantine == null ? 0 : quarantine.blocks(sizeClass);
    }

    @Override
    public long keptBytes() {
        return quarantine == null ? 0 : quarantine.bytes();
    }

    private void writtenAfterFree(long block) {
        if (quarantine == null) {
            return;
        }
        long first = quarantine.firstWritten(block);
        long behindA = Math.max(first, block + HeaderWord.WORD_B);
        long count =
                Math.max(1, Pattern.others(behindA, quarantine.patternEnd(block), Pattern.FREED));
        find(
                report.of(
                        "write to a freed object (offset=%d bytes=%d)"
                                .formatted(first - block - HeaderWord.BYTES, count),
                        block + HeaderWord.BYTES,
                        LET_GO));
    }

    // ---- damage

    private void find(String problem) {
        found.add(problem);
        untold = true;
    }

    /** Throws what was found while objects were freed. */
    public void tellFound() {
        if (untold) {
            String all = takeFound();
            if (!all.isEmpty()) {
                throw new IllegalStateException(all);
            }
        }
    }

    /** The heap closes: what nobody was told of goes into the log. */
    public void closing(Consumer<String> notices) {
        if (quarantine != null) {
            quarantine.check();
        }
        if (!found.isEmpty()) {
            notices.accept(takeFound());
        }
        AddressSanitizer.unpoison(space.objects, walk.top());
    }

    private String takeFound() {
        untold = false; // before the look: what comes after it is told by the next
        List<String> all = new ArrayList<>();
        for (String each = found.poll(); each != null; each = found.poll()) {
            all.add(each);
        }
        return String.join(System.lineSeparator(), all);
    }

    /**
     * Checks every redzone, every header against what was allocated, and every block that waits in
     * the quarantine. What is damaged is made whole, so that it is told once. In the sampled level
     * of the freed objects of the sample only.
     *
     * @throws IllegalStateException naming the damaged objects
     */
    public void checkPatterns() {
        if (quarantine != null) {
            quarantine.check();
        }
        if (CheckedLevel.ALL) {
            walk.forEach((header, _) -> checkObject(header));
        }
        tellFound();
    }

    private void checkObject(long header) {
        History history = histories.get(header);
        if (history != null && found.size() < MOST_PROBLEMS) {
            checkObject(header, history);
        }
    }

    private void checkObject(long header, History history) {
        long object = header + HeaderWord.BYTES;
        long word = Memory.getLong(header);
        if (HeaderWord.type(word) != history.type.index) {
            find(
                    report.of(
                            "header of an object was overwritten (was type=%s)"
                                    .formatted(history.type.info.name()),
                            object,
                            "something wrote in front of the payload"));
            Memory.putLong(header, (word & ~HeaderWord.TYPE_MASK) | history.type.index);
        }
        long payload = payloadBytes(header, history.type);
        if (payload != history.payloadBytes) {
            find(
                    report.of(
                            "length of an array was overwritten (length=%d)"
                                    .formatted(Memory.getLong(object)),
                            object,
                            "something wrote to the first word of the payload"));
            Memory.putLong(
                    object,
                    (history.payloadBytes - history.type.payloadBytes) / history.type.elementBytes);
        }
        long end = object + history.payloadBytes;
        long blockEnd = header + walk.blockBytesAt(header);
        long first = Pattern.firstOther(end, blockEnd, Pattern.REDZONE);
        if (first != blockEnd) {
            find(
                    report.of(
                            "write past the end of an object (offset=%d bytes=%d first=0x%02x)"
                                    .formatted(
                                            first - object,
                                            Pattern.others(first, blockEnd, Pattern.REDZONE),
                                            Memory.getByte(first, 0)),
                            object,
                            STAY_INSIDE));
            AddressSanitizer.unpoison(end, blockEnd);
            Memory.fill(end, blockEnd - end, Pattern.REDZONE);
            AddressSanitizer.poison(end, blockEnd);
        }
    }

    // ---- before an operation

    /** An operation needs a living object of this heap. */
    public void alive(String operation, long object) {
        if (!isUsual(object)) {
            refuse(operation, object, true);
        }
    }

    /** An operation needs an object of this heap, which may be dead but held weakly. */
    public void known(String operation, long object) {
        if (!isUsual(object)) {
            refuse(operation, object, false);
        }
    }

    /** The same of an array; where addresses are looked at. */
    public void knownArray(String operation, long object) {
        known(operation, object);
        if (CheckedLevel.ADDRESSES && !types.of(object - HeaderWord.BYTES).info.isArray()) {
            throw refused(operation, object, "it is no array");
        }
    }

    /** The same of an array of bytes. */
    public void knownBytes(String operation, long object) {
        known(operation, object);
        FieldKind elements = types.of(object - HeaderWord.BYTES).info.elementKind();
        if (elements != FieldKind.INT8) {
            throw refused(operation, object, "it is no array of bytes");
        }
    }

    /** A weak reference is about to be released. */
    public void weakReleasing(long object) {
        known("weak release", object);
        if (counts.weak(object - HeaderWord.BYTES) == 0) {
            throw refused("weak release", object, "no weak reference is left");
        }
    }

    /** A value to be stored: null, or a living object of this heap. */
    public void aliveOrNull(String operation, long object) {
        if (object != 0) {
            alive(operation, object);
        }
    }

    /** An access to {@code bytes} bytes at an offset of an object that may be dying. */
    public void within(String operation, long object, long offset, long bytes) {
        known(operation, object);
        long header = object - HeaderWord.BYTES;
        long size = payloadBytes(header, types.of(header));
        if (offset < 0 || bytes < 0 || offset > size - bytes) {
            throw refused(
                    operation,
                    object,
                    "out of bounds: offset=%d bytes=%d payloadBytes=%d"
                            .formatted(offset, bytes, size));
        }
    }

    /** A read of at least four bytes, within the object: was any of them ever written? */
    public void written(String operation, long object, long offset, long bytes) {
        if (bytes < Integer.BYTES) {
            return; // too few to tell a pattern from data
        }
        History history = histories.get(object - HeaderWord.BYTES);
        long end = object + offset + bytes;
        if (history != null
                && history.unwritten
                && Pattern.firstOther(object + offset, end, Pattern.FRESH) == end) {
            throw new IllegalStateException(
                    report.of(
                            "%s of what was never written (offset=%d bytes=%d)"
                                    .formatted(operation, offset, bytes),
                            object,
                            "write every field of an object that was allocated uninitialized, or"
                                    + " use allocate"));
        }
    }

    private static long payloadBytes(long header, HeapType type) {
        return type.elementBytes == 0
                ? type.payloadBytes
                : type.payloadBytes + Memory.getLong(header, HeaderWord.BYTES) * type.elementBytes;
    }

    /** Whether this is a living object of the usual size, which needs no further look. */
    private boolean isUsual(long object) {
        if (CheckedLevel.ALL) {
            tellFound();
        }
        long header = object - HeaderWord.BYTES;
        return walk.startsSmallBlock(header)
                && types.knows(HeaderWord.type(Memory.getLong(header)))
                && counts.strong(header) > 0;
    }

    private @Nullable String fault(long object, boolean mustLive) {
        long header = object - HeaderWord.BYTES;
        String fault = walk.whyNotABlock(header);
        if (fault != null) {
            String other = OpenHeaps.at(header);
            return other == null || walk.holds(header)
                    ? fault
                    : fault + ", in heap=%s".formatted(other);
        }
        long word = Memory.getLong(header);
        if (!types.knows(HeaderWord.type(word))) {
            return "header is damaged: no such type";
        }
        return mustLive && counts.strong(header) == 0 ? "dead" : null;
    }

    private void refuse(String operation, long object, boolean mustLive) {
        String fault = fault(object, mustLive);
        if (fault != null) {
            throw refused(operation, object, fault);
        }
    }

    private IllegalStateException refused(String operation, long object, String fault) {
        return new IllegalStateException(
                report.of(
                        "%s of what is no such object (%s)".formatted(operation, fault),
                        object,
                        KEEP));
    }
}
