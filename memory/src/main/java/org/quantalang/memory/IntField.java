package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 32-bit integers. Immutable; made by {@link
 * RefType#intField} and {@link RefType#intElements}. Every access checks handle, type and bounds
 * and makes no garbage.
 */
public final class IntField extends TypedField {
    IntField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public int get(Ref<?> holder) {
        return holder.heap.getInt(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, int value) {
        holder.heap.putInt(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public int get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getInt(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, int value) {
        long object = array(array);
        array.heap.putInt(object, offset(array, object, index), value);
    }
}
