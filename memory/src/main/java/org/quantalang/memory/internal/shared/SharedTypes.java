package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The types of a shared heap. One thread at a time registers; every thread looks them up in an
 * array that is replaced as a whole, so that a type is seen with all that belongs to it.
 */
public final class SharedTypes {
    private final TypeTable table;
    private final boolean countTypes;
    private volatile @Nullable SharedType[] bySerial = new @Nullable SharedType[0];
    private volatile SharedType[] byIndex = new SharedType[0];

    /** A type, with the words that a fresh object's header begins with. */
    public static final class SharedType {
        /** What it is in any heap. */
        public final HeapType type;

        /** Word B of a fresh object that has an owner. */
        public final long wordB;

        SharedType(HeapType type, boolean leaf) {
            this.type = type;
            this.wordB = SharedHeader.fresh(type.cyclic(), leaf);
        }
    }

    public SharedTypes(TypeTable table, boolean countTypes) {
        this.table = table;
        this.countTypes = countTypes;
    }

    /** The heap closes: from here on nothing is allocated of the types found. */
    public void close() {
        bySerial = new @Nullable SharedType[0];
    }

    /** The table behind them: for lookups by index, of types that the caller knows of. */
    public TypeTable table() {
        return table;
    }

    /** The heap's form of a type, or null if the heap does not know it yet. */
    public @Nullable SharedType find(TypeInfo info) {
        @Nullable SharedType[] types = bySerial;
        int serial = info.serial();
        return serial < types.length ? types[serial] : null;
    }

    /** The type of this index. */
    public HeapType at(int index) {
        return byIndex[index - 1].type;
    }

    /** The type of an object. */
    HeapType of(long header) {
        return at(HeaderWord.type(Memory.getLong(header)));
    }

    /** Types so far. */
    public int count() {
        return byIndex.length;
    }

    /** Address of the descriptor of the type in a header's word A. */
    public long descriptor(long a) {
        return table.descriptor(a);
    }

    /** Makes types known; see {@link TypeTable#register}. */
    public synchronized void register(List<TypeInfo> infos, ToLongFunction<HeapType> live) {
        table.register(infos, live);
        SharedType[] all = new SharedType[table.count()];
        int highest = 0;
        for (int index = 1; index <= all.length; index++) {
            HeapType type = table.at(index);
            all[index - 1] = new SharedType(type, type.plainLeaf());
            highest = Math.max(highest, type.info.serial());
        }
        @Nullable SharedType[] serials = new @Nullable SharedType[highest + 1];
        for (SharedType each : all) {
            serials[each.type.info.serial()] = each;
        }
        byIndex = all;
        bySerial = serials; // last: an object can only be made of a type found here
    }

    /** Whether objects are counted for each type. */
    public boolean countsTypes() {
        return countTypes;
    }

    /** Counts an allocated object. */
    public void countAllocated(HeapType type) {
        long _ = Memory.getAndAdd(TypeTable.allocatedAt(type.descriptor), 1);
    }

    /** Counts a freed object. */
    void countFreed(long descriptor) {
        long _ = Memory.getAndAdd(TypeTable.freedAt(descriptor), 1);
    }
}
