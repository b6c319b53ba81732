package org.quantalang.memory;

/**
 * A field, or the elements of an array, of 8-bit integers. Immutable; made by {@link
 * RefType#byteField} and {@link RefType#byteElements}. Every access checks handle, type and bounds
 * and makes no garbage.
 */
public final class ByteField extends TypedField {
    ByteField(TypeInfo holder, TypeInfo.Field field) {
        super(holder, field);
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the value
     */
    public byte get(Ref<?> holder) {
        return holder.heap.getByte(object(holder), offset());
    }

    /**
     * Writes the field.
     *
     * @param holder holds the object
     * @param value the value
     */
    public void set(Ref<?> holder, byte value) {
        holder.heap.putByte(object(holder), offset(), value);
    }

    /**
     * Reads an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the value
     */
    public byte get(Ref<?> array, long index) {
        long object = array(array);
        return array.heap.getByte(object, offset(array, object, index));
    }

    /**
     * Writes an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the value
     */
    public void set(Ref<?> array, long index, byte value) {
        long object = array(array);
        array.heap.putByte(object, offset(array, object, index), value);
    }

    /**
     * Copies elements out.
     *
     * @param array holds the array
     * @param first index of the first element
     * @param into filled whole
     */
    public void get(Ref<?> array, long first, byte[] into) {
        long object = array(array);
        long offset = range(array, object, first, into.length);
        array.heap.copyOut(object, offset, into, 0, into.length);
    }

    /**
     * Copies elements in.
     *
     * @param array holds the array
     * @param first index of the first element
     * @param values the elements
     */
    public void set(Ref<?> array, long first, byte[] values) {
        long object = array(array);
        long offset = range(array, object, first, values.length);
        array.heap.copyIn(values, 0, object, offset, values.length);
    }

    /**
     * Gives elements the same value.
     *
     * @param array holds the array
     * @param first index of the first element
     * @param count how many
     * @param value the value
     */
    public void fill(Ref<?> array, long first, long count, byte value) {
        long object = array(array);
        array.heap.fill(object, range(array, object, first, count), count, value);
    }
}
