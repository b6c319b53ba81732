package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 64-bit integers. Immutable; made by {@link
 * RefType#longField} and {@link RefType#longElements}. Every access checks handle, type and bounds
 * and makes no garbage.
 */
public final class LongField extends TypedField {
    LongField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public long get(Ref<?> holder) {
        return holder.heap.getLong(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, long value) {
        holder.heap.putLong(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public long get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getLong(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, long value) {
        long object = array(array);
        array.heap.putLong(object, offset(array, object, index), value);
    }
}
