package org.quantalang.memory;

/**
 * A field, or the elements of an array, of strong references to objects of one type. Immutable;
 * made by {@link RefType#refField} and {@link RefType#refElements}. Every access checks handles,
 * types and bounds.
 *
 * <p>{@link #get(Ref, Ref)} and all that stores make no garbage; {@link #get(Ref)} makes a handle.
 *
 * @param <T> Java name of the type of the objects it refers to
 */
public final class RefField<T> extends TypedField {
    private final RefType<T> target;
    private final TypeInfo targetInfo;

    RefField(TypeInfo holder, TypeInfo.Field field, RefType<T> target) {
        super(holder, field);
        this.target = target;
        this.targetInfo = target.info();
        checkDeclared(holder, field, target);
    }

    static void checkDeclared(TypeInfo holder, TypeInfo.Field field, RefType<?> target) {
        TypeInfo.DeclaredType declared = field.target();
        if (declared != null
                && !declared.isAny()
                && !target.info().name().equals(declared.name())) {
            throw new IllegalArgumentException(
                    "field is declared for another type: type=%s field=%s declared=%s wanted=%s"
                            .formatted(holder, field.name(), declared, target));
        }
    }

    /**
     * Lets a handle hold what the field refers to.
     *
     * @param holder holds the object
     * @param into empty afterwards if the field is null; may be {@code holder} itself if the types
     *     agree
     * @throws IllegalArgumentException if the field refers to an object of another type
     */
    public void get(Ref<?> holder, Ref<T> into) {
        load(holder, object(holder), offset(), into);
    }

    /**
     * Lets a handle hold what an element refers to.
     *
     * @param array holds the array
     * @param index index of the element
     * @param into empty afterwards if the element is null
     */
    public void get(Ref<?> array, long index, Ref<T> into) {
        long object = array(array);
        load(array, object, offset(array, object, index), into);
    }

    /**
     * A new handle for what the field refers to.
     *
     * @param holder holds the object
     * @return the handle, empty if the field is null; close it
     */
    public Ref<T> get(Ref<?> holder) {
        Ref<T> ref = target.empty(holder.heap);
        get(holder, ref);
        return ref;
    }

    /**
     * A new handle for what an element refers to.
     *
     * @param array holds the array
     * @param index index of the element
     * @return the handle, empty if the element is null; close it
     */
    public Ref<T> get(Ref<?> array, long index) {
        Ref<T> ref = target.empty(array.heap);
        get(array, index, ref);
        return ref;
    }

    private void load(Ref<?> holder, long object, long offset, Ref<T> into) {
        HandleTier heap = holder.heap;
        into.ofHeap(heap, targetInfo);
        into.hold(heap.loadTyped(object, offset, targetInfo));
    }

    /**
     * Stores a reference to what {@code value} holds; null if that is empty.
     *
     * @param holder holds the object
     * @param value keeps its own reference
     */
    public void set(Ref<?> holder, Ref<? extends T> value) {
        holder.heap.setReference(object(holder), offset(), value.ofHeap(holder.heap, targetInfo));
    }

    /**
     * Stores a reference into an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value keeps its own reference
     */
    public void set(Ref<?> array, long index, Ref<? extends T> value) {
        long object = array(array);
        long offset = offset(array, object, index);
        array.heap.setReference(object, offset, value.ofHeap(array.heap, targetInfo));
    }

    /**
     * Moves the reference that {@code value} holds into the field; it is empty afterwards.
     *
     * @param holder holds the object
     * @param value the handle
     */
    public void move(Ref<?> holder, Ref<? extends T> value) {
        long object = object(holder);
        long owned = value.ofHeap(holder.heap, targetInfo);
        value.forget();
        holder.heap.moveReference(object, offset(), owned);
    }

    /**
     * Moves the reference that {@code value} holds into an element.
     *
     * @param array holds the array
     * @param index index of the element
     * @param value the handle; empty afterwards
     */
    public void move(Ref<?> array, long index, Ref<? extends T> value) {
        long object = array(array);
        long offset = offset(array, object, index);
        long owned = value.ofHeap(array.heap, targetInfo);
        value.forget();
        array.heap.moveReference(object, offset, owned);
    }

    /**
     * Sets the field to null.
     *
     * @param holder holds the object
     */
    public void clear(Ref<?> holder) {
        holder.heap.setReference(object(holder), offset(), 0);
    }

    /**
     * Sets an element to null.
     *
     * @param array holds the array
     * @param index index of the element
     */
    public void clear(Ref<?> array, long index) {
        long object = array(array);
        array.heap.setReference(object, offset(array, object, index), 0);
    }

    /**
     * Whether the field is null.
     *
     * @param holder holds the object
     * @return whether it is so
     */
    public boolean isNull(Ref<?> holder) {
        return holder.heap.getReference(object(holder), offset()) == 0;
    }

    /**
     * Whether the field refers to what {@code other} holds, or both are null; counts nothing.
     *
     * @param holder holds the object
     * @param other another handle
     * @return whether it is so
     */
    public boolean refersTo(Ref<?> holder, Ref<? extends T> other) {
        return holder.heap.getReference(object(holder), offset()) == other.ofHeap(holder.heap);
    }

    /**
     * Whether an element refers to what {@code other} holds, or both are null; counts nothing.
     *
     * @param array holds the array
     * @param index index of the element
     * @param other another handle
     * @return whether it is so
     */
    public boolean refersTo(Ref<?> array, long index, Ref<? extends T> other) {
        long object = array(array);
        long value = array.heap.getReference(object, offset(array, object, index));
        return value == other.ofHeap(array.heap);
    }
}
