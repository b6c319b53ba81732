package org.quantalang.abi.internal.record;

import java.util.ArrayList;
import java.util.List;

/**
 * What the rules found for one record. The two arrays are the result's own and never changed after
 * {@link Collector#finish}.
 */
public final class Placement {
    private final long sizeBytes;
    private final long alignmentBytes;
    private final long requiredAlignmentBytes;
    private final long[] bitOffsets;
    private final long[] bitSizes;

    private Placement(Collector from, long size, long alignment, long required) {
        sizeBytes = size;
        alignmentBytes = alignment;
        requiredAlignmentBytes = required;
        bitOffsets = from.offsets.stream().mapToLong(Long::longValue).toArray();
        bitSizes = from.sizes.stream().mapToLong(Long::longValue).toArray();
    }

    /** Returns the record's size. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Returns the record's alignment. */
    public long alignmentBytes() {
        return alignmentBytes;
    }

    /** Returns the alignment that a pragma around the record cannot lower. */
    public long requiredAlignmentBytes() {
        return requiredAlignmentBytes;
    }

    /** Returns where each member starts, in bits. */
    public long[] bitOffsets() {
        return bitOffsets;
    }

    /** Returns how long each member is, in bits. */
    public long[] bitSizes() {
        return bitSizes;
    }

    /** Takes the places of the members one by one. */
    static final class Collector {
        private final List<Long> offsets = new ArrayList<>();
        private final List<Long> sizes = new ArrayList<>();

        Collector() {}

        void add(long bitOffset, long bitSize) {
            offsets.add(bitOffset);
            sizes.add(bitSize);
        }

        Placement finish(long size, long alignment, long required) {
            return new Placement(this, size, alignment, required);
        }
    }

    /** Rounds up to a multiple of a power of two. */
    static long roundUp(long value, long alignment) {
        return Math.addExact(value, alignment - 1) & -alignment;
    }
}
