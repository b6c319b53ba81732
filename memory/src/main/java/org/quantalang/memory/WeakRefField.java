package org.quantalang.memory;

/**
 * A field of weak references to objects of one type. Immutable; made by {@link
 * RefType#weakRefField}. Every access checks handles and types and makes no garbage.
 *
 * @param <T> Java name of the type of the objects it refers to
 */
public final class WeakRefField<T> extends TypedField {
    private final TypeInfo targetInfo;

    WeakRefField(TypeInfo holder, TypeInfo.Field field, RefType<T> target) {
        super(holder, field);
        this.targetInfo = target.info();
        RefField.checkDeclared(holder, field, target);
    }

    /**
     * Lets a handle hold what the field refers to.
     *
     * @param holder holds the object
     * @param into empty afterwards if the field is null or its object dead
     * @return whether there is a living object
     */
    public boolean get(Ref<?> holder, Ref<T> into) {
        HandleTier heap = holder.heap;
        long object = object(holder);
        into.ofHeap(heap, targetInfo);
        long value = heap.loadWeak(object, offset());
        if (value != 0) {
            heap.checkTypeOrRelease(value, targetInfo);
        }
        into.hold(value);
        return value != 0;
    }

    /**
     * Stores a weak reference to what {@code value} holds; null if that is empty.
     *
     * @param holder holds the object
     * @param value keeps its own reference
     */
    public void set(Ref<?> holder, Ref<? extends T> value) {
        holder.heap.setWeakReference(
                object(holder), offset(), value.ofHeap(holder.heap, targetInfo));
    }

    /**
     * Sets the field to null.
     *
     * @param holder holds the object
     */
    public void clear(Ref<?> holder) {
        holder.heap.setWeakReference(object(holder), offset(), 0);
    }
}
