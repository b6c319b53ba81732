package org.quantalang.memory.internal.type;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.FieldKind;
import org.quantalang.memory.Tracer;
import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.Arrays;

/** A type as one heap knows it: what allocation needs, at hand. Owner thread only. */
public final class HeapType {
    /** What the user described. */
    public final TypeInfo info;

    /** Index in the heap's type table; never 0, so that no live header word is zero. */
    public final int index;

    /** Address of the off-heap descriptor. */
    public final long descriptor;

    /** Payload bytes of a fixed object, or in front of an array's elements. */
    public final long payloadBytes;

    /** Payload bytes rounded up to whole words: what allocation zeroes. */
    public final long zeroBytes;

    /** Bytes of an array element, 0 for fixed objects. */
    public final int elementBytes;

    /** Elements of an array at most: of references, as many as a run of slots can have. */
    public final long mostElements;

    /** Elements are strong references. */
    public final boolean referenceArray;

    /** Class of a fixed object's block; 0 if it needs a run of pages. */
    public final int sizeClass;

    /** Where in a run of pages the block starts. */
    public final long firstBlock;

    /**
     * References of an object that has them first in its payload and nothing else to clear; {@link
     * #ZERO_OTHERWISE} if it is not that simple.
     */
    public final int leadingReferences;

    /** See {@link #leadingReferences}. */
    public static final int ZERO_OTHERWISE = -1;

    private final boolean plainLeaf;
    private final Failures failures;

    /** Whose type it is; null once that heap is closed. */
    private @Nullable TypeTable table;

    private boolean cyclic;
    private long header;

    HeapType(
            TypeTable table,
            TypeInfo info,
            int index,
            long descriptor,
            int sizeClass,
            long firstBlock,
            boolean cyclic,
            boolean countTypes,
            Failures failures) {
        this.table = table;
        this.failures = failures;
        this.info = info;
        this.index = index;
        this.descriptor = descriptor;
        this.sizeClass = sizeClass;
        this.firstBlock = firstBlock;
        FieldKind elements = info.elementKind();
        this.elementBytes = elements == null ? 0 : elements.bytes();
        this.referenceArray = elements == FieldKind.REFERENCE;
        this.mostElements = referenceArray ? TypeDescriptor.MOST_SLOTS : Memory.ADDRESS_LIMIT - 1;
        this.payloadBytes = info.size();
        this.zeroBytes = (payloadBytes + Long.BYTES - 1) & -Long.BYTES;
        boolean fieldsOnly = info.trace() == null && !hasWeakFields(info);
        this.leadingReferences = fieldsOnly ? leading(info.referenceOffsets()) : ZERO_OTHERWISE;
        this.plainLeaf =
                leadingReferences == 0
                        && !referenceArray
                        && info.drop() == null
                        && info.nativeDrop() == 0
                        && !countTypes;
        cyclic(cyclic);
    }

    private static boolean hasWeakFields(TypeInfo info) {
        return info.fields().stream().anyMatch(field -> TypeTable.isWeakSlot(field.kind()));
    }

    /** How many references there are, if they are the first words of the payload. */
    private static int leading(long[] offsets) {
        long last = Arrays.stream(offsets).max().orElse(-Long.BYTES);
        return last == (offsets.length - 1L) * Long.BYTES ? offsets.length : ZERO_OTHERWISE;
    }

    /** Whether it is that heap's, and the heap open. */
    public boolean isOf(TypeTable asking) {
        return table == asking;
    }

    /** Whether its heap is open. Only {@link #isOf} is sure for other threads than its owner. */
    public boolean isOpen() {
        return table != null;
    }

    void close() {
        table = null;
    }

    /** The header word of a fresh object. */
    public long header() {
        return header;
    }

    /** Whether nothing but the block of an object of this type needs to be freed. */
    public boolean plainLeaf() {
        return plainLeaf;
    }

    /** Whether an object of this type can be part of a cycle of references. */
    public boolean cyclic() {
        return cyclic;
    }

    /**
     * Tells the slots of a traced object, which may be about to die: what the tracer throws goes to
     * the handler of failures, and slots that it has not told of are left out.
     */
    public void releaseInto(long header, Tracer.SlotVisitor visitor) {
        try {
            traceInto(header, visitor);
        } catch (Throwable failure) {
            failures.ofTracer(info, header + HeaderWord.BYTES, failure);
        }
    }

    /** Tells the slots of a traced object; what the tracer throws goes to the caller. */
    public void traceInto(long header, Tracer.SlotVisitor visitor) {
        Tracer tracer = info.trace();
        if (tracer != null) {
            tracer.trace(header + HeaderWord.BYTES, visitor);
        }
    }

    /**
     * Clears the references of a fresh object. Unrolled for the usual few: a loop costs more than
     * the stores.
     */
    public void zeroReferences(long header) {
        switch (leadingReferences) {
            case 0 -> {}
            case 1 -> Memory.putLong(header, HeaderWord.BYTES, 0);
            case 2 -> {
                Memory.putLong(header, HeaderWord.BYTES, 0);
                Memory.putLong(header, HeaderWord.BYTES + 8, 0);
            }
            case 3 -> {
                Memory.putLong(header, HeaderWord.BYTES, 0);
                Memory.putLong(header, HeaderWord.BYTES + 8, 0);
                Memory.putLong(header, HeaderWord.BYTES + 16, 0);
            }
            case 4 -> {
                Memory.putLong(header, HeaderWord.BYTES, 0);
                Memory.putLong(header, HeaderWord.BYTES + 8, 0);
                Memory.putLong(header, HeaderWord.BYTES + 16, 0);
                Memory.putLong(header, HeaderWord.BYTES + 24, 0);
            }
            default -> zeroRuns(header);
        }
    }

    private void zeroRuns(long header) {
        int flags = TypeDescriptor.flags(descriptor);
        if ((flags & (TypeDescriptor.TRACED | TypeDescriptor.WEAK_FIELDS)) != 0) {
            // A tracer may look anywhere; weak fields are few: the whole payload is simplest.
            long payload = header + HeaderWord.BYTES;
            Memory.zeroWords(payload, payload + zeroBytes);
            return;
        }
        int runs = TypeDescriptor.runCount(descriptor);
        for (int i = 0; i < runs; i++) {
            long run = TypeDescriptor.run(descriptor, flags, header, i);
            Memory.zeroWords(TypeDescriptor.start(header, run), TypeDescriptor.end(header, run));
        }
    }

    void cyclic(boolean canCycle) {
        cyclic = canCycle;
        header = HeaderWord.fresh(index, !canCycle) | (plainLeaf ? HeaderWord.PLAIN_LEAF : 0);
    }
}
