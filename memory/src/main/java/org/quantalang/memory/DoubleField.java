package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 64-bit floating point numbers. Immutable; made by {@link
 * RefType#doubleField} and {@link RefType#doubleElements}. Every access checks handle, type and
 * bounds and makes no garbage.
 */
public final class DoubleField extends TypedField {
    DoubleField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public double get(Ref<?> holder) {
        return holder.heap.getDouble(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, double value) {
        holder.heap.putDouble(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public double get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getDouble(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, double value) {
        long object = array(array);
        array.heap.putDouble(object, offset(array, object, index), value);
    }
}
