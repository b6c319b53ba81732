package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.debug.Pattern;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.HeapType;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Description of a type of managed objects: size, alignment, fields, destructor, tracer. Immutable,
 * any thread; a heap makes it known to itself at its first allocation or by {@link Heap#register}.
 *
 * <p>Fields are laid out in the order given, each aligned to its size, as a C struct would be:
 *
 * {@snippet :
 * TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
 * long value = node.offset("value"); // 8
 * }
 *
 * <p>A reference field declares the type it may point to, by description, by name (a type that does
 * not exist yet, or itself) or as any. From the declarations of all its types a heap computes which
 * can be part of a cycle; the others never become candidates of the cycle collector.
 *
 * <p>Any number of heaps may use one description. The first confined one that is open finds its
 * form of it at once, the others in a table, a nanosecond later.
 */
public final class TypeInfo {
    /** In an array, where its elements start; its 64-bit length is at offset 0. */
    public static final long ARRAY_ELEMENTS = 8;

    /** In {@link #builder(RecordLayout, Map)}, the target of a reference to objects of any type. */
    public static final String ANY_TYPE = "any";

    private static final AtomicInteger NEXT_SERIAL = new AtomicInteger();

    private static final TypeInfo BYTES = array("byte[]", FieldKind.INT8, List.of());
    private static final TypeInfo SHORTS = array("short[]", FieldKind.INT16, List.of());
    private static final TypeInfo INTS = array("int[]", FieldKind.INT32, List.of());
    private static final TypeInfo LONGS = array("long[]", FieldKind.INT64, List.of());
    private static final TypeInfo FLOATS = array("float[]", FieldKind.FLOAT32, List.of());
    private static final TypeInfo DOUBLES = array("double[]", FieldKind.FLOAT64, List.of());

    private final int serial = NEXT_SERIAL.getAndIncrement();

    /**
     * What a confined heap made of this, at hand: the first that asked and is open. Whoever reads
     * it looks whose it is; that is all it is good for, so that threads may race for it.
     */
    @Nullable HeapType home;

    /**
     * Where in a class table the class of its blocks is, if that is the same in all heaps, or one
     * that never has a block. It is here so that allocation knows it before the heap's form of
     * this.
     */
    final long classAtHand;

    private final String name;
    private final long size;
    private final int align;
    private final List<Field> fields;
    private final Map<String, Field> fieldsByName = new HashMap<>();
    private final @Nullable FieldKind elementKind;
    private final List<DeclaredType> elementTypes;
    private final @Nullable Destructor drop;
    private final long nativeDrop;
    private final @Nullable Tracer trace;

    /**
     * One field.
     *
     * @param name its name
     * @param kind what it holds
     * @param offset bytes from the start of the payload
     * @param bytes its size
     * @param target what a reference may point to; null for other kinds
     */
    public record Field(
            String name, FieldKind kind, long offset, long bytes, @Nullable DeclaredType target) {}

    /**
     * What a reference may point to.
     *
     * @param name name of the type; null for any type
     * @param type its description if it was given
     */
    public record DeclaredType(@Nullable String name, @Nullable TypeInfo type) {
        /** Any type. */
        public static final DeclaredType ANY = new DeclaredType(null, null);

        /** {@return whether every type is allowed} */
        public boolean isAny() {
            return name == null;
        }

        @Override
        public String toString() {
            return name == null ? "any" : name;
        }
    }

    private TypeInfo(
            Builder from, @Nullable FieldKind elementKind, List<DeclaredType> elementTypes) {
        this.name = from.name;
        this.align = Math.max(from.align, 1);
        this.size = elementKind == null ? roundUp(from.end, align) : ARRAY_ELEMENTS;
        this.fields = List.copyOf(from.fields.values());
        this.fieldsByName.putAll(from.fields);
        this.drop = from.drop;
        this.nativeDrop = from.nativeDrop;
        this.trace = from.trace;
        this.elementKind = elementKind;
        this.elementTypes = elementTypes;
        boolean sameInAll = elementKind == null && align <= SizeClass.GRANULE_BYTES;
        long block = size + HeaderWord.BYTES + Pattern.REDZONE_BYTES;
        this.classAtHand =
                (long) Long.BYTES * (sameInAll ? SizeClass.ofAny(block) : SizeClass.LARGE);
    }

    // ---- factories

    /**
     * A type without references.
     *
     * @param name its name
     * @param size payload bytes, at least 1
     * @param align alignment of the payload: a power of two up to {@value Builder#MAX_ALIGN}
     * @return the type
     */
    public static TypeInfo leaf(String name, long size, int align) {
        return builder(name).opaque(size, align).build();
    }

    /**
     * A type without references that has a destructor.
     *
     * @param name its name
     * @param size payload bytes, at least 1
     * @param align alignment of the payload
     * @param drop run once when an object dies
     * @return the type
     */
    public static TypeInfo withDrop(String name, long size, int align, Destructor drop) {
        return builder(name).opaque(size, align).destructor(drop).build();
    }

    /**
     * Starts the description of a type with fields.
     *
     * @param name the name
     * @return the builder
     */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /**
     * Starts the description of a type from a C record: its size, alignment and members are those
     * of the layout.
     *
     * @param layout the record as it lies on this machine
     * @param references the members that are strong references, with the names of the types they
     *     may point to; {@link #ANY_TYPE} for any
     * @return the builder
     * @throws IllegalArgumentException if a reference is no 8-aligned pointer of 8 bytes, or the
     *     record has no such member
     */
    public static Builder builder(RecordLayout layout, Map<String, String> references) {
        Builder builder = builder(layout.record().name());
        for (FieldLayout field : layout.namedFields()) {
            String target = references.get(field.name());
            if (target != null) {
                if (field.isBitField() || field.bitSize() != Long.SIZE) {
                    throw new IllegalArgumentException(
                            "member is no 64-bit pointer: record=%s member=%s bits=%d"
                                    .formatted(
                                            layout.record().name(), field.name(), field.bitSize()));
                }
                DeclaredType type =
                        target.equals(ANY_TYPE) ? DeclaredType.ANY : new DeclaredType(target, null);
                builder.fieldAt(field.name(), FieldKind.REFERENCE, field.offsetBytes(), 1, type);
            } else if (!field.isBitField()) {
                long bytes = field.bitSize() / Byte.SIZE;
                if (bytes > 0) {
                    builder.fieldAt(
                            field.name(), FieldKind.BYTES, field.offsetBytes(), bytes, null);
                }
            }
        }
        for (String name : references.keySet()) {
            layout.field(name); // says which members there are, if it is none
        }
        builder.align((int) layout.alignmentBytes());
        builder.end = Math.max(builder.end, layout.sizeBytes());
        return builder;
    }

    /**
     * An array of strong references to objects of {@code elementType}.
     *
     * @param name the name
     * @param elementType what the elements may point to
     * @return the type
     */
    public static TypeInfo referenceArray(String name, TypeInfo elementType) {
        return array(
                name,
                FieldKind.REFERENCE,
                List.of(new DeclaredType(elementType.name(), elementType)));
    }

    /**
     * An array of strong references to objects of a type that may not be described yet.
     *
     * @param name the name
     * @param elementTypeName name of what the elements may point to
     * @return the type
     */
    public static TypeInfo referenceArray(String name, String elementTypeName) {
        return array(name, FieldKind.REFERENCE, List.of(new DeclaredType(elementTypeName, null)));
    }

    /**
     * An array of strong references to objects of any type.
     *
     * @param name the name
     * @return the type
     */
    public static TypeInfo referenceArray(String name) {
        return array(name, FieldKind.REFERENCE, List.of(DeclaredType.ANY));
    }

    /** {@return arrays of 8-bit integers; also the type of strings} */
    public static TypeInfo byteArray() {
        return BYTES;
    }

    /** {@return arrays of 16-bit integers} */
    public static TypeInfo shortArray() {
        return SHORTS;
    }

    /** {@return arrays of 32-bit integers} */
    public static TypeInfo intArray() {
        return INTS;
    }

    /** {@return arrays of 64-bit integers} */
    public static TypeInfo longArray() {
        return LONGS;
    }

    /** {@return arrays of 32-bit floating point numbers} */
    public static TypeInfo floatArray() {
        return FLOATS;
    }

    /** {@return arrays of 64-bit floating point numbers} */
    public static TypeInfo doubleArray() {
        return DOUBLES;
    }

    private static TypeInfo array(String name, FieldKind kind, List<DeclaredType> elementTypes) {
        return new TypeInfo(builder(name), kind, elementTypes);
    }

    // ---- questions

    /** {@return the name; one heap knows at most one type of a name} */
    public String name() {
        return name;
    }

    /** {@return payload bytes of an object; for arrays, those in front of the elements} */
    public long size() {
        return size;
    }

    /** {@return alignment of the payload} */
    public int align() {
        return align;
    }

    /** {@return the fields in order; empty for arrays and opaque types} */
    public List<Field> fields() {
        return fields;
    }

    /**
     * Where a field is.
     *
     * @param fieldName its name
     * @return bytes from the start of the payload
     * @throws IllegalArgumentException if there is no such field
     */
    public long offset(String fieldName) {
        return field(fieldName).offset();
    }

    /**
     * A field by its name.
     *
     * @param fieldName its name
     * @return the field
     * @throws IllegalArgumentException if there is no such field
     */
    public Field field(String fieldName) {
        Field field = fieldsByName.get(fieldName);
        if (field == null) {
            throw new IllegalArgumentException(
                    "type has no such field: type=%s field=%s fields=%s"
                            .formatted(name, fieldName, fieldsByName.keySet()));
        }
        return field;
    }

    /** {@return whether this is an array type} */
    public boolean isArray() {
        return elementKind != null;
    }

    /** {@return what an array's elements are; null for other types} */
    public @Nullable FieldKind elementKind() {
        return elementKind;
    }

    /** {@return what an array's references may point to; empty for other types} */
    List<DeclaredType> elementTypes() {
        return elementTypes;
    }

    /** {@return offsets of the strong reference fields; empty for arrays} */
    public long[] referenceOffsets() {
        return fields.stream()
                .filter(field -> field.kind() == FieldKind.REFERENCE)
                .mapToLong(Field::offset)
                .toArray();
    }

    /** {@return what strong references of this type may point to} */
    public List<DeclaredType> referencedTypes() {
        if (trace != null) {
            return List.of(DeclaredType.ANY);
        }
        List<DeclaredType> types = new ArrayList<>(elementTypes);
        for (Field field : fields) {
            if (field.kind() == FieldKind.REFERENCE && field.target() != null) {
                types.add(field.target());
            }
        }
        return types;
    }

    /** {@return the destructor in Java, if there is one} */
    public @Nullable Destructor drop() {
        return drop;
    }

    /**
     * {@return address of the destructor in C, {@code void drop(void *object)}; 0 if there is none}
     */
    public long nativeDrop() {
        return nativeDrop;
    }

    /** {@return the tracer, if there is one} */
    public @Nullable Tracer trace() {
        return trace;
    }

    /**
     * Whether an object of this type can hold references and so, as far as this type alone can
     * tell, be part of a cycle. A heap knows better: {@link Heap#canCycle}.
     *
     * @return whether it is so
     */
    public boolean canCycle() {
        return !referencedTypes().isEmpty();
    }

    /** {@return number of this description in this process, for tables indexed by type} */
    public int serial() {
        return serial;
    }

    @Override
    public String toString() {
        return name;
    }

    static long roundUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }

    /** Makes a {@link TypeInfo}; not thread-safe, use once. */
    public static final class Builder {
        /** Largest alignment of a payload: a heap page. */
        public static final int MAX_ALIGN = 65536;

        /** Most payload bytes of an object that is no array. */
        public static final long MAX_SIZE = 1L << 30;

        private final String name;
        private final Map<String, Field> fields = new LinkedHashMap<>();
        private long end;
        private int align = 1;
        private @Nullable Destructor drop;
        private long nativeDrop;
        private @Nullable Tracer trace;

        private Builder(String name) {
            if (name.isBlank()) {
                throw new IllegalArgumentException("type name is blank");
            }
            this.name = name;
        }

        /**
         * Adds a strong reference to objects of {@code type}.
         *
         * @param fieldName name of the field
         * @param type the type
         * @return this builder
         */
        public Builder reference(String fieldName, TypeInfo type) {
            return field(fieldName, FieldKind.REFERENCE, 1, new DeclaredType(type.name(), type));
        }

        /**
         * Adds a strong reference to objects of the type named {@code typeName}.
         *
         * @param fieldName name of the field
         * @param typeName name of the type
         * @return this builder
         */
        public Builder reference(String fieldName, String typeName) {
            return field(fieldName, FieldKind.REFERENCE, 1, new DeclaredType(typeName, null));
        }

        /**
         * Adds a strong reference to objects of any type.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder reference(String fieldName) {
            return field(fieldName, FieldKind.REFERENCE, 1, DeclaredType.ANY);
        }

        /**
         * Adds a weak reference to objects of {@code type}.
         *
         * @param fieldName name of the field
         * @param type the type
         * @return this builder
         */
        public Builder weakReference(String fieldName, TypeInfo type) {
            return field(
                    fieldName, FieldKind.WEAK_REFERENCE, 1, new DeclaredType(type.name(), type));
        }

        /**
         * Adds a weak reference to objects of the type named {@code typeName}.
         *
         * @param fieldName name of the field
         * @param typeName name of the type
         * @return this builder
         */
        public Builder weakReference(String fieldName, String typeName) {
            return field(fieldName, FieldKind.WEAK_REFERENCE, 1, new DeclaredType(typeName, null));
        }

        /**
         * Adds a weak reference to objects of any type.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder weakReference(String fieldName) {
            return field(fieldName, FieldKind.WEAK_REFERENCE, 1, DeclaredType.ANY);
        }

        /**
         * Adds a field for a Java object; see {@link JavaField}. It is let go of when its holder
         * dies.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder javaObject(String fieldName) {
            return field(fieldName, FieldKind.JAVA_OBJECT, 1, null);
        }

        /**
         * Adds an 8-bit integer.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder int8(String fieldName) {
            return field(fieldName, FieldKind.INT8, 1, null);
        }

        /**
         * Adds a 16-bit integer.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder int16(String fieldName) {
            return field(fieldName, FieldKind.INT16, 1, null);
        }

        /**
         * Adds a 32-bit integer.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder int32(String fieldName) {
            return field(fieldName, FieldKind.INT32, 1, null);
        }

        /**
         * Adds a 64-bit integer.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder int64(String fieldName) {
            return field(fieldName, FieldKind.INT64, 1, null);
        }

        /**
         * Adds a 32-bit floating point number.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder float32(String fieldName) {
            return field(fieldName, FieldKind.FLOAT32, 1, null);
        }

        /**
         * Adds a 64-bit floating point number.
         *
         * @param fieldName name of the field
         * @return this builder
         */
        public Builder float64(String fieldName) {
            return field(fieldName, FieldKind.FLOAT64, 1, null);
        }

        /**
         * Adds {@code count} bytes, unaligned.
         *
         * @param fieldName name of the field
         * @param count number of bytes
         * @return this builder
         */
        public Builder bytes(String fieldName, long count) {
            return field(fieldName, FieldKind.BYTES, count, null);
        }

        /**
         * Aligns the payload to at least {@code alignment} bytes.
         *
         * @param alignment a power of two
         * @return this builder
         */
        public Builder align(int alignment) {
            if (alignment < 1 || Integer.bitCount(alignment) != 1 || alignment > MAX_ALIGN) {
                throw new IllegalArgumentException(
                        "alignment is not a power of two up to %d: type=%s alignment=%d"
                                .formatted(MAX_ALIGN, name, alignment));
            }
            align = Math.max(align, alignment);
            return this;
        }

        /**
         * Sets a destructor written in Java.
         *
         * @param destructor run once when an object dies
         * @return this builder
         */
        public Builder destructor(Destructor destructor) {
            this.drop = Objects.requireNonNull(destructor, "destructor is null");
            return this;
        }

        /**
         * Sets a destructor written in C.
         *
         * @param function address of a {@code void drop(void *object)} that outlives the heap
         * @return this builder
         */
        public Builder destructor(long function) {
            this.nativeDrop = function;
            return this;
        }

        /**
         * Sets a tracer, which tells all strong references instead of the fields.
         *
         * @param tracer tells the references
         * @return this builder
         */
        public Builder tracer(Tracer tracer) {
            this.trace = Objects.requireNonNull(tracer, "tracer is null");
            return this;
        }

        /**
         * Adds {@code size} bytes without a name that the heap does not look into.
         *
         * @param size payload bytes
         * @param alignment a power of two
         * @return this builder
         */
        public Builder opaque(long size, int alignment) {
            if (size < 0) {
                throw new IllegalArgumentException(
                        "size is negative: type=%s size=%d".formatted(name, size));
            }
            align(alignment);
            long start = roundUp(end, alignment);
            checkSize(start, size);
            end = start + size;
            return this;
        }

        /**
         * Makes the type.
         *
         * @return the type
         * @throws IllegalArgumentException if it has both a Java and a C destructor, or a reference
         *     that shares its place with another field, as in a union
         */
        public TypeInfo build() {
            checkSize(0, end);
            Overlap.refuse(name, fields.values());
            if (drop != null && nativeDrop != 0) {
                throw new IllegalArgumentException("type has two destructors: type=" + name);
            }
            return new TypeInfo(this, null, List.of());
        }

        private Builder field(
                String fieldName, FieldKind kind, long count, @Nullable DeclaredType target) {
            return fieldAt(fieldName, kind, roundUp(end, kind.bytes()), count, target);
        }

        private void checkSize(long start, long bytes) {
            if (bytes > MAX_SIZE - start) {
                throw new IllegalArgumentException(
                        "type is too large: type=%s offset=%d bytes=%d most=%d; use an array"
                                .formatted(name, start, bytes, MAX_SIZE));
            }
        }

        Builder fieldAt(
                String fieldName,
                FieldKind kind,
                long offset,
                long count,
                @Nullable DeclaredType target) {
            if (fieldName.isEmpty()) {
                throw new IllegalArgumentException("field has no name: type=" + name);
            }
            if (count < 1) {
                throw new IllegalArgumentException(
                        "field is empty: type=%s field=%s count=%d"
                                .formatted(name, fieldName, count));
            }
            checkSize(offset, count > MAX_SIZE ? count : count * kind.bytes());
            long bytes = count * kind.bytes();
            if (kind.isReference() && offset % Long.BYTES != 0) {
                throw new IllegalArgumentException(
                        "reference field is not 8-aligned: type=%s field=%s offset=%d"
                                .formatted(name, fieldName, offset));
            }
            Field field = new Field(fieldName, kind, offset, bytes, target);
            if (fields.putIfAbsent(fieldName, field) != null) {
                throw new IllegalArgumentException(
                        "type has two fields of one name: type=%s field=%s"
                                .formatted(name, fieldName));
            }
            align = Math.max(align, kind.bytes());
            end = Math.max(end, offset + bytes);
            return this;
        }

        Collection<Field> fields() {
            return fields.values();
        }
    }
}
