package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 16-bit integers. Immutable; made by {@link
 * RefType#shortField} and {@link RefType#shortElements}. Every access checks handle, type and
 * bounds and makes no garbage.
 */
public final class ShortField extends TypedField {
    ShortField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public short get(Ref<?> holder) {
        return holder.heap.getShort(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, short value) {
        holder.heap.putShort(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public short get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getShort(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, short value) {
        long object = array(array);
        array.heap.putShort(object, offset(array, object, index), value);
    }
}
