package org.quantalang.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;

/**
 * What a caller must know of a C function: result, parameters, whether more may follow, convention.
 *
 * <pre>{@code
 * // int snprintf(char *buffer, size_t size, const char *format, ...)
 * CFunctionSignature.builder(CTypes.INT)
 *         .parameter("buffer", CTypes.CHAR_POINTER)
 *         .parameter("size", CTypes.SIZE_T)
 *         .parameter("format", CTypes.CONST_CHAR_POINTER)
 *         .variadic()
 *         .build();
 * }</pre>
 *
 * @param returnType the result; {@link CTypes#VOID} for none
 * @param parameters types of the fixed parameters, arrays and functions already as pointers
 * @param parameterNames their names, empty where there is none; as long as {@code parameters}
 * @param variadic whether {@code ...} follows
 * @param convention how the function is called
 */
public record CFunctionSignature(
        CType returnType,
        List<CType> parameters,
        List<String> parameterNames,
        boolean variadic,
        CallingConvention convention) {

    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the result is an array or a function, which no C function
     *     returns, or the names are not as many as the parameters
     */
    public CFunctionSignature {
        Objects.requireNonNull(returnType, "returnType");
        Objects.requireNonNull(convention, "convention");
        if (returnType.unwrap() instanceof CType.Array
                || returnType.unwrap() instanceof CType.Function) {
            throw new IllegalArgumentException(
                    "a function cannot return type=%s; return a pointer"
                            .formatted(returnType.spelling()));
        }
        parameters = List.copyOf(parameters);
        parameterNames = List.copyOf(parameterNames);
        if (parameters.size() != parameterNames.size()) {
            throw new IllegalArgumentException(
                    "parameters=%d names=%d: give each parameter a name, empty if it has none"
                            .formatted(parameters.size(), parameterNames.size()));
        }
    }

    /**
     * Makes a signature in the platform's C convention.
     *
     * @param returnType the result
     * @param parameters types of the parameters
     * @return the signature
     */
    public static CFunctionSignature of(CType returnType, CType... parameters) {
        Builder builder = builder(returnType);
        for (CType parameter : parameters) {
            builder.parameter("", parameter);
        }
        return builder.build();
    }

    /**
     * Starts a signature.
     *
     * @param returnType the result
     * @return the builder
     */
    public static Builder builder(CType returnType) {
        return new Builder(returnType);
    }

    /**
     * Returns the same signature under another convention.
     *
     * @param other how the function is called
     * @return the signature
     */
    public CFunctionSignature withConvention(CallingConvention other) {
        return new CFunctionSignature(returnType, parameters, parameterNames, variadic, other);
    }

    /**
     * Returns the prototype in C.
     *
     * @param name the function's name
     * @return for example {@code int f(int, ...)}
     */
    public String declare(String name) {
        StringJoiner list = new StringJoiner(", ", "(", ")");
        for (int i = 0; i < parameters.size(); i++) {
            list.add(parameters.get(i).declare(parameterNames.get(i)));
        }
        if (variadic) {
            list.add("...");
        } else if (parameters.isEmpty()) {
            list.add("void");
        }
        return returnType.declare(name + list);
    }

    @Override
    public String toString() {
        return declare("");
    }

    /** Collects the parts of a signature. Not thread-safe. */
    public static final class Builder {
        private final CType returnType;
        private final List<CType> parameters = new ArrayList<>();
        private final List<String> names = new ArrayList<>();
        private boolean variadic;
        private CallingConvention convention = CallingConvention.C;

        private Builder(CType returnType) {
            this.returnType = Objects.requireNonNull(returnType, "returnType");
        }

        /**
         * Adds a parameter. An array becomes a pointer to its element and a function a pointer to
         * it, as C says.
         *
         * @param name its name; may be empty
         * @param type its type
         * @return this
         */
        public Builder parameter(String name, CType type) {
            Objects.requireNonNull(name, "name");
            parameters.add(Objects.requireNonNull(type, "type").decayed());
            names.add(name);
            return this;
        }

        /**
         * Lets any number of arguments follow.
         *
         * @return this
         */
        public Builder variadic() {
            variadic = true;
            return this;
        }

        /**
         * Sets the convention; {@link CallingConvention#C} without.
         *
         * @param wanted how the function is called
         * @return this
         */
        public Builder convention(CallingConvention wanted) {
            convention = Objects.requireNonNull(wanted, "wanted");
            return this;
        }

        /**
         * Returns the signature.
         *
         * @return the signature
         */
        public CFunctionSignature build() {
            return new CFunctionSignature(returnType, parameters, names, variadic, convention);
        }
    }
}
