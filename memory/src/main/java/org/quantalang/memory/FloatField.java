package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 32-bit floating point numbers. Immutable; made by {@link
 * RefType#floatField} and {@link RefType#floatElements}. Every access checks handle, type and
 * bounds and makes no garbage.
 */
public final class FloatField extends TypedField {
    FloatField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public float get(Ref<?> holder) {
        return holder.heap.getFloat(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, float value) {
        holder.heap.putFloat(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public float get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getFloat(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, float value) {
        long object = array(array);
        array.heap.putFloat(object, offset(array, object, index), value);
    }
}
