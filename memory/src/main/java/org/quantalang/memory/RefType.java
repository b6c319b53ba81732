package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.TypeInfo.DeclaredType;
import org.quantalang.memory.TypeInfo.Field;

import java.util.Objects;

/**
 * A type of managed objects for handles: its description, and a Java type by which the compiler
 * tells its handles from others.
 *
 * {@snippet :
 * interface Node {} // a name for the compiler; nothing implements it
 * static final RefType<Node> NODE = RefType.of(Node.class,
 *         TypeInfo.builder("Node").reference("next", "Node").int64("value").build());
 * static final LongField VALUE = NODE.longField("value");
 * static final RefField<Node> NEXT = NODE.refField("next", NODE);
 *
 * try (ConfinedHeap heap = ConfinedHeap.open();
 *         Ref<Node> a = NODE.allocate(heap);
 *         Ref<Node> b = NODE.allocate(heap)) {
 *     VALUE.set(a, 42);
 *     NEXT.set(a, b);
 * }
 * }
 *
 * <p>Immutable; any thread. Fields belong in constants, where they cost least.
 *
 * @param <T> the Java name of the type
 */
public final class RefType<T> {
    private final TypeInfo info;

    private RefType(TypeInfo info) {
        this.info = info;
    }

    /**
     * Gives a type a Java name.
     *
     * @param name the Java name; only the compiler looks at it
     * @param info what the objects are
     * @param <T> the Java name
     * @return the type
     */
    public static <T> RefType<T> of(Class<T> name, TypeInfo info) {
        Objects.requireNonNull(name);
        return new RefType<>(info);
    }

    /** {@return what the objects are} */
    public TypeInfo info() {
        return info;
    }

    // ---- handles

    /**
     * Allocates an object with a zeroed payload.
     *
     * @param heap the heap
     * @return a handle that holds it; close it
     * @throws HeapOutOfMemoryError if there is no room
     */
    public Ref<T> allocate(Heap heap) {
        Ref<T> ref = new Ref<>(HandleTier.of(heap), this);
        ref.allocate();
        return ref;
    }

    /**
     * Allocates an array with zeroed elements.
     *
     * @param heap the heap
     * @param length number of elements
     * @return a handle that holds it; close it
     * @throws HeapOutOfMemoryError if there is no room
     */
    public Ref<T> allocateArray(Heap heap, long length) {
        Ref<T> ref = new Ref<>(HandleTier.of(heap), this);
        ref.allocateArray(length);
        return ref;
    }

    /**
     * Makes a handle that holds nothing yet: for {@link Ref#set} and {@link RefField#get(Ref,
     * Ref)}.
     *
     * @param heap the heap
     * @return the handle; close it
     */
    public Ref<T> empty(Heap heap) {
        return new Ref<>(HandleTier.of(heap), this);
    }

    /**
     * Takes a reference over from the address tier.
     *
     * @param heap the heap
     * @param owned an object; the caller's reference to it becomes the handle's. 0, as {@link
     *     Heap#loadWeak} may answer, makes an empty handle
     * @return the handle; close it
     * @throws IllegalArgumentException if the object is of another type; then the caller still owns
     *     its reference
     */
    public Ref<T> adopt(Heap heap, long owned) {
        Ref<T> ref = new Ref<>(HandleTier.of(heap), this);
        ref.adopt(owned);
        return ref;
    }

    // ---- fields

    /**
     * A field that holds a 64-bit integer.
     *
     * @param name its name
     * @return the field
     */
    public LongField longField(String name) {
        return new LongField(info, field(name, FieldKind.INT64));
    }

    /**
     * A field that holds a 32-bit integer.
     *
     * @param name its name
     * @return the field
     */
    public IntField intField(String name) {
        return new IntField(info, field(name, FieldKind.INT32));
    }

    /**
     * A field that holds a 16-bit integer.
     *
     * @param name its name
     * @return the field
     */
    public ShortField shortField(String name) {
        return new ShortField(info, field(name, FieldKind.INT16));
    }

    /**
     * A field that holds an 8-bit integer.
     *
     * @param name its name
     * @return the field
     */
    public ByteField byteField(String name) {
        return new ByteField(info, field(name, FieldKind.INT8));
    }

    /**
     * A field that holds a 64-bit floating point number.
     *
     * @param name its name
     * @return the field
     */
    public DoubleField doubleField(String name) {
        return new DoubleField(info, field(name, FieldKind.FLOAT64));
    }

    /**
     * A field that holds a 32-bit floating point number.
     *
     * @param name its name
     * @return the field
     */
    public FloatField floatField(String name) {
        return new FloatField(info, field(name, FieldKind.FLOAT32));
    }

    /**
     * A field that holds a strong reference.
     *
     * @param name its name
     * @param target type of the objects that handles may store and load
     * @param <U> Java name of that type
     * @return the field
     * @throws IllegalArgumentException if the field is declared for objects of another type
     */
    public <U> RefField<U> refField(String name, RefType<U> target) {
        return new RefField<>(info, field(name, FieldKind.REFERENCE), target);
    }

    /**
     * A field that holds a weak reference.
     *
     * @param name its name
     * @param target type of the objects that handles may store and load
     * @param <U> Java name of that type
     * @return the field
     * @throws IllegalArgumentException if the field is declared for objects of another type
     */
    public <U> WeakRefField<U> weakRefField(String name, RefType<U> target) {
        return new WeakRefField<>(info, field(name, FieldKind.WEAK_REFERENCE), target);
    }

    /**
     * A field that holds a Java object.
     *
     * @param name its name
     * @param type type of the Java objects
     * @param <V> type of the Java objects
     * @return the field
     */
    public <V> JavaField<V> javaField(String name, Class<V> type) {
        Objects.requireNonNull(type, "type is null");
        return new JavaField<>(info, field(name, FieldKind.JAVA_OBJECT), type);
    }

    // ---- elements of arrays

    /** {@return the elements of an array of 64-bit integers} */
    public LongField longElements() {
        return new LongField(info, elements(FieldKind.INT64));
    }

    /** {@return the elements of an array of 32-bit integers} */
    public IntField intElements() {
        return new IntField(info, elements(FieldKind.INT32));
    }

    /** {@return the elements of an array of 16-bit integers} */
    public ShortField shortElements() {
        return new ShortField(info, elements(FieldKind.INT16));
    }

    /** {@return the elements of an array of 8-bit integers} */
    public ByteField byteElements() {
        return new ByteField(info, elements(FieldKind.INT8));
    }

    /** {@return the elements of an array of 64-bit floating point numbers} */
    public DoubleField doubleElements() {
        return new DoubleField(info, elements(FieldKind.FLOAT64));
    }

    /** {@return the elements of an array of 32-bit floating point numbers} */
    public FloatField floatElements() {
        return new FloatField(info, elements(FieldKind.FLOAT32));
    }

    /**
     * The elements of an array of references.
     *
     * @param target type of the elements
     * @param <U> Java name of that type
     * @return the elements
     */
    public <U> RefField<U> refElements(RefType<U> target) {
        return new RefField<>(info, elements(FieldKind.REFERENCE), target);
    }

    private Field elements(FieldKind kind) {
        FieldKind actual = info.elementKind();
        if (actual != kind) {
            throw new IllegalArgumentException(
                    "type has no such elements: type=%s elements=%s wanted=%s"
                            .formatted(info, actual, kind));
        }
        @Nullable DeclaredType target =
                info.elementTypes().isEmpty() ? null : info.elementTypes().getFirst();
        return new Field("elements", kind, TypeInfo.ARRAY_ELEMENTS, kind.bytes(), target);
    }

    private Field field(String name, FieldKind kind) {
        Field field = info.field(name);
        if (field.kind() != kind) {
            throw new IllegalArgumentException(
                    "field holds something else: type=%s field=%s kind=%s wanted=%s"
                            .formatted(info, name, field.kind(), kind));
        }
        return field;
    }

    @Override
    public String toString() {
        return info.name();
    }
}
