package org.quantalang.memory;

import org.jspecify.annotations.Nullable;

/**
 * A field that holds a Java object, through the heap's table of Java objects; the object is let go
 * of when its holder dies. Immutable; made by {@link RefType#javaField}.
 *
 * <p>A Java object that in turn holds the handle of its holder keeps both alive: neither collector
 * sees that cycle.
 *
 * @param <V> type of the Java objects
 */
public final class JavaField<V> extends TypedField {
    private final Class<V> type;

    JavaField(TypeInfo holder, TypeInfo.Field field, Class<V> type) {
        super(holder, field);
        this.type = type;
    }

    /**
     * Reads the field.
     *
     * @param holder holds the object
     * @return the Java object, or null
     * @throws ClassCastException if a field of another Java type stored it
     */
    public @Nullable V get(Ref<?> holder) {
        long object = object(holder);
        return type.cast(holder.heap.javaObject(object, offset()));
    }

    /**
     * Writes the field; lets go of what it held.
     *
     * @param holder holds the object
     * @param value the Java object, or null
     */
    public void set(Ref<?> holder, @Nullable V value) {
        long object = object(holder);
        holder.heap.javaObject(object, offset(), value);
    }
}
