package org.quantalang.memory;

import org.quantalang.memory.TypeInfo.Field;

/**
 * Where a field is, and what must hold before it is touched: the handle is open and not empty, of
 * this type, on its owner's thread; the index of an element is below the array's length.
 */
abstract sealed class TypedField
        permits LongField,
                IntField,
                ShortField,
                ByteField,
                DoubleField,
                FloatField,
                RefField,
                WeakRefField,
                JavaField {
    private final TypeInfo holder;
    private final String name;
    private final long start;
    private final int bytes;

    TypedField(TypeInfo holder, Field field) {
        this.holder = holder;
        this.name = field.name();
        this.start = field.offset();
        this.bytes = field.kind().bytes();
    }

    final TypeInfo holder() {
        return holder;
    }

    /** The holder of a field of a fixed object, checked; its offset is {@link #offset()}. */
    final long object(Ref<?> ref) {
        if (holder.isArray()) {
            throw new IllegalArgumentException("elements need an index: type=%s".formatted(holder));
        }
        return ref.at(holder);
    }

    /** Offset of the field in a fixed object. */
    final long offset() {
        return start;
    }

    /** The array, checked; {@link #offset(Ref, long, long)} checks the index. */
    final long array(Ref<?> ref) {
        return ref.at(holder);
    }

    /** Offset of an element, checked. */
    final long offset(Ref<?> ref, long array, long index) {
        if (!holder.isArray()) {
            throw new IllegalArgumentException(
                    "field takes no index: type=%s field=%s".formatted(holder, name));
        }
        long length = ref.heap.length(array);
        if (index < 0 || index >= length) {
            throw new IndexOutOfBoundsException(
                    "index is out of bounds: type=%s index=%d length=%d"
                            .formatted(holder, index, length));
        }
        return start + index * bytes;
    }

    /** Offset of the first of {@code count} elements, all checked. */
    final long range(Ref<?> ref, long array, long first, long count) {
        long length = ref.heap.length(array);
        if (first < 0 || count < 0 || first > length - count) {
            throw new IndexOutOfBoundsException(
                    "range is out of bounds: type=%s first=%d count=%d length=%d"
                            .formatted(holder, first, count, length));
        }
        return count == 0 ? start : offset(ref, array, first);
    }

    @Override
    public String toString() {
        return holder + "." + name;
    }
}
