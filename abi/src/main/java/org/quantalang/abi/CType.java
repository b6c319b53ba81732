package org.quantalang.abi;

import java.util.OptionalLong;

/**
 * A C type. What depends on the platform is asked together with a {@link Target}; the type itself
 * is the same everywhere.
 *
 * <pre>{@code
 * CTypes.LONG.size(Target.X86_64_LINUX_GNU);    // 8
 * CTypes.LONG.size(Target.X86_64_WINDOWS_MSVC); // 4
 * }</pre>
 *
 * <p>Immutable, apart from a {@link CStructDef} between its declaration and its definition.
 */
public sealed interface CType
        permits CPrimitive,
                CStructDef,
                CEnum,
                CType.Pointer,
                CType.Array,
                CType.Function,
                WrappedType,
                CType.Complex,
                CType.Opaque {
    /**
     * Returns the size.
     *
     * @param target the platform
     * @return size in bytes
     * @throws IllegalArgumentException if the type has none there ({@code void}, a function, an
     *     incomplete record, {@code __int128} on 32-bit targets)
     */
    long size(Target target);

    /**
     * Returns the alignment, as {@code _Alignof} gives it and as fields of the type get it.
     *
     * @param target the platform
     * @return alignment in bytes, a power of two
     * @throws IllegalArgumentException if the type has none there
     */
    long alignment(Target target);

    /**
     * Returns this type with a name in it, as a C declaration has it.
     *
     * @param name the declared name, empty for the type alone
     * @return for example {@code int (*name)(void)}
     */
    String declare(String name);

    /**
     * Returns whether it is a pointer, to data or to a function.
     *
     * @return whether it is a pointer
     */
    default boolean isPointer() {
        return false;
    }

    /**
     * Returns whether it is an integer type; {@code _Bool} and enums are.
     *
     * @return whether it is an integer
     */
    default boolean isInteger() {
        return false;
    }

    /**
     * Returns whether it is a real floating type.
     *
     * @return whether it is floating
     */
    default boolean isFloat() {
        return false;
    }

    /**
     * Returns whether it is an arithmetic type with a sign.
     *
     * @param target the platform, which decides for {@code char} and {@code wchar_t}
     * @return whether it is signed
     */
    default boolean isSigned(Target target) {
        return false;
    }

    /**
     * Returns the type without typedef names, qualifiers and {@code _Atomic} at the outside. Its
     * size and alignment may differ: a typedef can be aligned, and an atomic type padded.
     *
     * @return the type behind the names
     */
    default CType unwrap() {
        return this;
    }

    /**
     * Returns a pointer to this type.
     *
     * @return the pointer type
     */
    default CType pointer() {
        return new Pointer(this);
    }

    /**
     * Returns the spelling in C.
     *
     * @return for example {@code char *[4]}
     */
    default String spelling() {
        return declare("");
    }

    /**
     * Returns what a value of this type is in an expression, and a parameter that is declared with
     * it: a pointer to the element for an array (what qualifies an array qualifies its elements), a
     * pointer to a function, else the type itself.
     *
     * @return the type of the value
     */
    default CType decayed() {
        boolean isConst = false;
        boolean isVolatile = false;
        CType type = this;
        while (type instanceof WrappedType wrapped) {
            if (type instanceof Qualified qualified) {
                isConst |= qualified.isConst();
                isVolatile |= qualified.isVolatile();
            }
            type = wrapped.type();
        }
        if (type instanceof Array array) {
            return array.element().qualified(isConst, isVolatile).pointer();
        }
        return type instanceof Function ? pointer() : this;
    }

    /**
     * Returns this type with qualifiers; those of an array are its elements'.
     *
     * @param isConst whether {@code const}
     * @param isVolatile whether {@code volatile}
     * @return the type; this one if neither
     */
    private CType qualified(boolean isConst, boolean isVolatile) {
        if (!isConst && !isVolatile) {
            return this;
        }
        return this instanceof Array array
                ? new Array(array.element().qualified(isConst, isVolatile), array.length())
                : new Qualified(this, isConst, isVolatile);
    }

    /**
     * Returns what an argument of this type becomes after the fixed parameters of a variadic
     * function: {@code double} for {@code float}, {@code int} for smaller integers, a pointer for
     * an array or a function.
     *
     * @param target the platform
     * @return the promoted type, without typedefs and qualifiers
     */
    default CType promoted(Target target) {
        CType plain = unwrap();
        if (plain == CPrimitive.FLOAT) {
            return CPrimitive.DOUBLE;
        }
        if (plain instanceof Array || plain instanceof Function) {
            return decayed();
        }
        boolean small = plain.isInteger() && plain.size(target) < Integer.BYTES;
        return small ? CPrimitive.INT : plain;
    }

    /**
     * Returns the LLVM type of a value in memory. Pointers are opaque, records go by name.
     *
     * @param target the platform
     * @return for example {@code i64}
     */
    default String llvmType(Target target) {
        CType type = unwrap();
        return switch (type) {
            case CStructDef record -> "%" + record.keyword() + "." + record.name();
            case Opaque opaque -> "%struct." + opaque.name();
            case Array array ->
                    "[%d x %s]"
                            .formatted(array.length().orElse(0), array.element().llvmType(target));
            case Complex complex -> {
                String part = complex.part().llvmType(target);
                yield "{ " + part + ", " + part + " }";
            }
            case CPrimitive primitive when primitive == CPrimitive.VOID -> "void";
            case CPrimitive primitive when primitive.isFloat() ->
                    switch (primitive) {
                        case FLOAT16 -> "half";
                        case FLOAT -> "float";
                        case DOUBLE -> "double";
                        case FLOAT128 -> "fp128";
                        default ->
                                switch (target.dataModel().longDoubleFormat()) {
                                    case BINARY64 -> "double";
                                    case X87 -> "x86_fp80";
                                    case BINARY128 -> "fp128";
                                };
                    };
            case CPrimitive primitive when primitive == CPrimitive.VA_LIST ->
                    CPrimitive.vaListIsPointer(target)
                            ? "ptr"
                            : "[%d x i8]".formatted(primitive.size(target));
            case CPrimitive primitive -> "i" + 8 * primitive.size(target);
            case CEnum enumeration -> enumeration.underlying(target).llvmType(target);
            case Pointer _, Function _ -> "ptr";
            case Typedef _, Qualified _, Atomic _ -> throw new AssertionError(type);
        };
    }

    /**
     * Returns {@code const T *}.
     *
     * @param pointee what it points to
     * @return the pointer type
     */
    static CType constPointer(CType pointee) {
        return new Pointer(new Qualified(pointee, true, false));
    }

    /**
     * Returns an array type.
     *
     * @param element type of the elements
     * @param length number of elements
     * @return the array type
     */
    static CType array(CType element, long length) {
        return new Array(element, OptionalLong.of(length));
    }

    /**
     * Returns a pointer to a function.
     *
     * @param signature the function's type
     * @return the pointer type
     */
    static CType functionPointer(CFunctionSignature signature) {
        return new Pointer(new Function(signature));
    }

    /**
     * A pointer.
     *
     * @param pointee what it points to
     */
    record Pointer(CType pointee) implements CType {
        @Override
        public long size(Target target) {
            return target.dataModel().pointerBytes();
        }

        @Override
        public long alignment(Target target) {
            return target.dataModel().pointerBytes();
        }

        @Override
        public boolean isPointer() {
            return true;
        }

        @Override
        public String declare(String name) {
            boolean inner = pointee instanceof Array || pointee instanceof Function;
            return pointee.declare(inner ? "(*" + name + ")" : "*" + name);
        }
    }

    /**
     * An array.
     *
     * @param element type of the elements
     * @param length number of elements; empty for a flexible or incomplete array
     */
    record Array(CType element, OptionalLong length) implements CType {
        /** Checks the length. */
        public Array {
            if (length.orElse(0) < 0) {
                throw new IllegalArgumentException(
                        "array length is negative: length=" + length.getAsLong());
            }
        }

        @Override
        public long size(Target target) {
            try {
                return Math.multiplyExact(length.orElse(0), element.size(target));
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException(
                        "array too large: length=%d element=%s"
                                .formatted(length.orElse(0), element.spelling()),
                        e);
            }
        }

        @Override
        public long alignment(Target target) {
            return element.alignment(target);
        }

        @Override
        public String declare(String name) {
            String bound = length.isPresent() ? Long.toString(length.getAsLong()) : "";
            return element.declare(name + "[" + bound + "]");
        }
    }

    /**
     * The type of a function; values of it exist only behind pointers.
     *
     * @param signature result and parameters
     */
    record Function(CFunctionSignature signature) implements CType {
        @Override
        public long size(Target target) {
            throw new IllegalArgumentException(
                    "a function has no size, use a pointer: type=" + spelling());
        }

        @Override
        public long alignment(Target target) {
            return size(target);
        }

        @Override
        public String declare(String name) {
            return signature.declare(name);
        }
    }

    /**
     * A type under another name.
     *
     * @param name the typedef name
     * @param type what it names
     * @param declaredAlignment what an {@code aligned} attribute on the typedef says, in bytes; 0
     *     without one
     */
    record Typedef(String name, CType type, long declaredAlignment) implements WrappedType {
        /**
         * A typedef without attributes.
         *
         * @param name the typedef name
         * @param type what it names
         */
        public Typedef(String name, CType type) {
            this(name, type, 0);
        }

        @Override
        public long size(Target target) {
            return type.size(target);
        }

        @Override
        public long alignment(Target target) {
            return declaredAlignment == 0 ? type.alignment(target) : declaredAlignment;
        }

        @Override
        public String declare(String declared) {
            return declared.isEmpty() ? name : name + " " + declared;
        }
    }

    /**
     * A type with qualifiers.
     *
     * @param type the type without them
     * @param isConst whether {@code const}
     * @param isVolatile whether {@code volatile}
     */
    record Qualified(CType type, boolean isConst, boolean isVolatile) implements WrappedType {
        @Override
        public long size(Target target) {
            return type.size(target);
        }

        @Override
        public long alignment(Target target) {
            return type.alignment(target);
        }

        @Override
        public String declare(String name) {
            String words = (isConst ? "const " : "") + (isVolatile ? "volatile " : "");
            if (type instanceof Pointer) { // the qualifier belongs to the pointer: char *const p
                return type.declare((words + name).strip());
            }
            return words + type.declare(name);
        }
    }

    /**
     * An atomic type. Where the processor has atomic accesses of that width, a type that is no
     * power of two long is padded to one, and every one is aligned to its size; so clang has it.
     * (gcc pads nothing: to it {@code _Atomic} of a record of 3 bytes is 3 bytes long.)
     *
     * @param type the type without it
     */
    record Atomic(CType type) implements WrappedType {
        @Override
        public long size(Target target) {
            long plain = type.size(target);
            if (plain == 0) {
                return 1;
            }
            return isPromoted(plain, target) ? nextPowerOfTwo(plain) : plain;
        }

        @Override
        public long alignment(Target target) {
            long plain = type.size(target);
            return plain != 0 && isPromoted(plain, target)
                    ? nextPowerOfTwo(plain)
                    : type.alignment(target);
        }

        private static boolean isPromoted(long bytes, Target target) {
            return bytes <= target.widestAtomicBytes();
        }

        private static long nextPowerOfTwo(long bytes) {
            return Math.max(1, Long.highestOneBit(bytes - 1) << 1);
        }

        @Override
        public String llvmType(Target target) {
            String plain = type.llvmType(target);
            long padding = size(target) - type.size(target);
            return padding == 0 ? plain : "{ %s, [%d x i8] }".formatted(plain, padding);
        }

        @Override
        public String declare(String name) {
            String word = "_Atomic(" + type.spelling() + ")";
            return name.isEmpty() ? word : word + " " + name;
        }
    }

    /**
     * A complex number: two parts after each other.
     *
     * @param part type of the real and of the imaginary part
     */
    record Complex(CType part) implements CType {
        @Override
        public long size(Target target) {
            return 2 * part.size(target);
        }

        @Override
        public long alignment(Target target) {
            return part.alignment(target);
        }

        @Override
        public String declare(String name) {
            return "_Complex " + part.declare(name);
        }
    }

    /**
     * A type known by name only.
     *
     * @param name what C calls it
     */
    record Opaque(String name) implements CType {
        @Override
        public long size(Target target) {
            throw new IllegalArgumentException(
                    "opaque type has no size, use a pointer: type=" + name);
        }

        @Override
        public long alignment(Target target) {
            return size(target);
        }

        @Override
        public String declare(String declared) {
            return declared.isEmpty() ? name : name + " " + declared;
        }
    }
}
