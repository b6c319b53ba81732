package org.quantalang.memory.internal.type;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putInt;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.FieldKind;
import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.TypeInfo.DeclaredType;
import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.alloc.SizeClassTable;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * The types of one heap, in Java and off heap.
 *
 * <p>Registration is all or nothing: types named by description come in with the one that names
 * them, and if any of them is refused none stays.
 *
 * <p>Owner thread only.
 */
public final class TypeTable {
    private final HeapSpace space;
    private final SizeClassTable classes;
    private final long table;
    private final boolean countTypes;
    private final Failures failures;

    private HeapType[] bySerial = new HeapType[16];
    private final List<HeapType> byIndex = new ArrayList<>();
    private final Map<String, HeapType> byName = new HashMap<>();
    private final Cyclicity cyclicity = new Cyclicity();
    private long dataTop;
    private int known;

    /**
     * Makes an empty table.
     *
     * @param countTypes whether objects are counted per type
     * @param failures told of tracers that fail while their objects die
     */
    public TypeTable(
            HeapSpace space, SizeClassTable classes, boolean countTypes, Failures failures) {
        this.failures = failures;
        this.countTypes = countTypes;
        this.space = space;
        this.classes = classes;
        this.table = space.typeTable;
        this.dataTop = space.typeData;
    }

    /** The heap's form of a type, or null if the heap does not know it yet. */
    public @Nullable HeapType find(TypeInfo info) {
        int serial = info.serial();
        HeapType[] types = bySerial;
        return serial < types.length ? types[serial] : null;
    }

    /** The heap closes: from here on nothing is found, and so nothing allocated. */
    public void close() {
        bySerial = new HeapType[0];
        byIndex.forEach(HeapType::close);
    }

    /** The type of this index. */
    public HeapType at(int index) {
        return byIndex.get(index - 1);
    }

    /** The type of an object. */
    public HeapType of(long header) {
        return at(HeaderWord.type(getLong(header)));
    }

    /** Types so far; indices run from 1 to this. */
    public int count() {
        return byIndex.size();
    }

    /** Whether there is a type of this index. */
    public boolean knows(int index) {
        return Integer.compareUnsigned(index - 1, known) < 0;
    }

    /** Address of the descriptor of the type in a header word. */
    public long descriptor(long word) {
        return table + (word & HeaderWord.TYPE_MASK) * HeapSpace.TYPE_BYTES;
    }

    /**
     * Makes types known, with those they name by description.
     *
     * @param live how many objects of a known type there are; asked only when its verdict changes
     * @throws IllegalArgumentException if another type of a name is known
     * @throws IllegalStateException if a known type with live objects would become part of a cycle,
     *     or the table is full
     */
    public void register(List<TypeInfo> infos, ToLongFunction<HeapType> live) {
        List<TypeInfo> fresh = new ArrayList<>();
        for (TypeInfo info : infos) {
            addUnknown(info, fresh);
        }
        if (fresh.isEmpty()) {
            return;
        }
        if (count() + fresh.size() >= space.maxTypes) {
            throw new IllegalStateException(
                    "type table is full: types=%d maxTypes=%d".formatted(count(), space.maxTypes));
        }
        boolean[] before = cyclicity.verdicts();
        Cyclicity after = cyclicity.with(fresh);
        for (int i = 0; i < before.length; i++) {
            if (after.cyclic(i) != before[i] && live.applyAsLong(byIndex.get(i)) > 0) {
                throw verdictChanged(byIndex.get(i), fresh, live);
            }
        }
        long dataBefore = dataTop;
        List<HeapType> made = new ArrayList<>();
        try {
            for (TypeInfo info : fresh) {
                made.add(describe(info, count() + made.size() + 1, after));
            }
        } catch (IllegalStateException tableFull) {
            dataTop = dataBefore;
            throw tableFull;
        }
        cyclicity.become(after);
        for (int i = 0; i < before.length; i++) {
            if (after.cyclic(i) != before[i]) {
                setCyclic(byIndex.get(i), after.cyclic(i));
            }
        }
        made.forEach(this::add);
    }

    private void addUnknown(TypeInfo info, List<TypeInfo> fresh) {
        if (find(info) != null || fresh.contains(info)) {
            return;
        }
        HeapType known = byName.get(info.name());
        boolean twice = fresh.stream().anyMatch(other -> other.name().equals(info.name()));
        if (known != null || twice) {
            throw new IllegalArgumentException(
                    "heap knows another type of this name: type=%s; use one TypeInfo for both"
                            .formatted(info.name()));
        }
        fresh.add(info);
        for (DeclaredType declared : info.referencedTypes()) {
            if (declared.type() != null) {
                addUnknown(declared.type(), fresh);
            }
        }
    }

    private IllegalStateException verdictChanged(
            HeapType type, List<TypeInfo> fresh, ToLongFunction<HeapType> live) {
        return new IllegalStateException(
                ("type would make objects of another type part of cycles: type=%s other=%s"
                                + " liveObjects=%d; register both before allocating")
                        .formatted(fresh.getFirst().name(), type.info, live.applyAsLong(type)));
    }

    private void add(HeapType type) {
        byIndex.add(type);
        known = byIndex.size();
        byName.put(type.info.name(), type);
        int serial = type.info.serial();
        if (serial >= bySerial.length) {
            bySerial = Arrays.copyOf(bySerial, Math.max(serial + 1, 2 * bySerial.length));
        }
        bySerial[serial] = type;
    }

    private void setCyclic(HeapType type, boolean cyclic) {
        type.cyclic(cyclic);
        putLong(type.descriptor + TypeDescriptor.HEADER, type.header());
    }

    // ---- descriptors

    private HeapType describe(TypeInfo info, int index, Cyclicity verdicts) {
        long descriptor = table + index * HeapSpace.TYPE_BYTES;
        boolean overAligned = info.align() > SizeClass.GRANULE_BYTES;
        long firstBlock = overAligned ? info.align() - HeaderWord.BYTES : SizeClass.GRANULE_BYTES;
        HeapType type =
                new HeapType(
                        this,
                        info,
                        index,
                        descriptor,
                        info.isArray() ? SizeClass.LARGE : sizeClass(info),
                        firstBlock,
                        verdicts.cyclic(index - 1),
                        countTypes,
                        failures);
        putLong(descriptor, TypeDescriptor.HEADER, type.header());
        putLong(descriptor, TypeDescriptor.SIZE, info.size());
        putLong(descriptor, TypeDescriptor.DROP, info.nativeDrop());
        putInt(descriptor, TypeDescriptor.ALIGN, info.align());
        putInt(descriptor, TypeDescriptor.ELEMENT_BYTES, type.elementBytes);
        byte[] name = info.name().getBytes(StandardCharsets.UTF_8);
        long nameAt = data(name.length + 1L);
        Memory.putCString(nameAt, name);
        putLong(descriptor, TypeDescriptor.NAME, nameAt);
        int flags = describeReferences(info, descriptor);
        if (info.drop() != null || info.nativeDrop() != 0) {
            flags |= TypeDescriptor.DESTRUCTOR;
        }
        putInt(descriptor, TypeDescriptor.FLAGS, flags);
        long run = getLong(descriptor, TypeDescriptor.RUN);
        putLong(
                descriptor,
                TypeDescriptor.PLAIN_RUN,
                flags == 0 ? TypeDescriptor.packPlain(run) : TypeDescriptor.NOT_PLAIN);
        return type;
    }

    private int sizeClass(TypeInfo info) {
        long bytes = info.size() + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        if (info.align() <= SizeClass.GRANULE_BYTES) {
            return SizeClass.ofAny(bytes);
        }
        long block = (bytes + info.align() - 1) & -info.align();
        int index =
                block <= SizeClass.LARGEST_SMALL_BYTES
                        ? classes.aligned((int) block, info.align())
                        : SizeClassTable.NONE;
        return index == SizeClassTable.NONE ? SizeClass.LARGE : index;
    }

    private int describeReferences(TypeInfo info, long descriptor) {
        int flags = 0;
        if (info.elementKind() == FieldKind.REFERENCE) {
            putInt(descriptor, TypeDescriptor.RUN_COUNT, 1);
            flags |= TypeDescriptor.REFERENCE_ARRAY;
        } else if (info.trace() != null) {
            putInt(descriptor, TypeDescriptor.RUN_COUNT, 1);
            flags |= TypeDescriptor.TRACED;
        } else {
            flags |= describeRuns(descriptor, info.referenceOffsets());
        }
        long[] weak =
                info.fields().stream()
                        .filter(field -> isWeakSlot(field.kind()))
                        .mapToLong(field -> field.offset() + HeaderWord.BYTES)
                        .toArray();
        if (weak.length > 0) {
            long list = data((1L + weak.length) * Long.BYTES);
            putLong(list, weak.length);
            for (int i = 0; i < weak.length; i++) {
                putLong(list + (i + 1L) * Long.BYTES, weak[i]);
            }
            putLong(descriptor, TypeDescriptor.WEAK_SLOTS, list);
            flags |= TypeDescriptor.WEAK_FIELDS;
        }
        return flags;
    }

    /** What is let go of when its holder dies, and keeps nothing alive. */
    static boolean isWeakSlot(FieldKind kind) {
        return kind == FieldKind.WEAK_REFERENCE || kind == FieldKind.JAVA_OBJECT;
    }

    private int describeRuns(long descriptor, long[] offsets) {
        List<Long> runs = runs(offsets);
        putInt(descriptor, TypeDescriptor.RUN_COUNT, runs.size());
        if (runs.isEmpty()) {
            return 0;
        }
        putLong(descriptor, TypeDescriptor.RUN, runs.getFirst());
        if (runs.size() == 1) {
            return 0;
        }
        long list = data((long) runs.size() * Long.BYTES);
        for (int i = 0; i < runs.size(); i++) {
            putLong(list + (long) i * Long.BYTES, runs.get(i));
        }
        putLong(descriptor, TypeDescriptor.RUNS, list);
        return TypeDescriptor.MANY_RUNS;
    }

    private static List<Long> runs(long[] offsets) {
        long[] sorted = offsets.clone();
        Arrays.sort(sorted);
        List<Long> runs = new ArrayList<>();
        int at = 0;
        while (at < sorted.length) {
            int end = at + 1;
            while (end < sorted.length && sorted[end] == sorted[end - 1] + Long.BYTES) {
                end++;
            }
            long firstWord = (sorted[at] + HeaderWord.BYTES) / Long.BYTES;
            runs.add(TypeDescriptor.pack(firstWord, firstWord + end - at));
            at = end;
        }
        return runs;
    }

    private long data(long bytes) {
        long at = dataTop;
        long end = (at + bytes + Long.BYTES - 1) & -Long.BYTES;
        if (end > space.typeDataEnd) {
            throw new IllegalStateException(
                    "no room for type descriptions: types=%d bytes=%d"
                            .formatted(count(), space.typeDataEnd - space.typeData));
        }
        dataTop = end;
        return at;
    }

    // ---- counts per type, if the heap keeps them

    /** Counts one allocated object. */
    public void countAllocated(long descriptor) {
        putLong(
                descriptor + TypeDescriptor.ALLOCATED,
                getLong(descriptor, TypeDescriptor.ALLOCATED) + 1);
    }

    /** Counts one freed object. */
    public void countFreed(long descriptor) {
        putLong(descriptor, TypeDescriptor.FREED, getLong(descriptor, TypeDescriptor.FREED) + 1);
    }

    /** Where that is counted, for heaps of several threads. */
    public static long allocatedAt(long descriptor) {
        return descriptor + TypeDescriptor.ALLOCATED;
    }

    /** Where freed objects are counted. */
    public static long freedAt(long descriptor) {
        return descriptor + TypeDescriptor.FREED;
    }

    /** Objects of a type allocated so far; 0 if the heap does not count per type. */
    public static long allocated(HeapType type) {
        return getLong(type.descriptor + TypeDescriptor.ALLOCATED);
    }

    /** Objects of a type freed so far; 0 if the heap does not count per type. */
    public static long freed(HeapType type) {
        return getLong(type.descriptor + TypeDescriptor.FREED);
    }
}
