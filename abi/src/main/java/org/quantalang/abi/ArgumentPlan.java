package org.quantalang.abi;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How one argument or a return value travels.
 *
 * @param passing whether the value itself travels, or a pointer to a copy of it
 * @param parts where it goes; of an indirect value where the pointer goes
 * @param extension how a small integer fills its register
 */
public record ArgumentPlan(Passing passing, List<Part> parts, Extension extension) {
    /** Copies the list. */
    public ArgumentPlan {
        parts = List.copyOf(parts);
    }

    /** Whether the value travels. */
    public enum Passing {
        /** The value itself, in registers or copied into the argument area. */
        DIRECT,
        /** A pointer to a copy of the value. */
        INDIRECT,
        /** Nothing travels: the value has no bytes. */
        IGNORED,
        /** There is no value. */
        VOID
    }

    /** What fills the rest of a register behind a small integer. */
    public enum Extension {
        /** Copies of the sign bit. */
        SIGN,
        /** Zeros. */
        ZERO,
        /** Nothing that the callee may rely on. */
        NONE
    }

    /**
     * Some bytes of a value and their place: one of register, stack and parameter is present.
     *
     * @param register name of a register
     * @param stack bytes from the first stack argument
     * @param parameter index of a WebAssembly parameter
     * @param offset the byte of the value that the part begins with
     * @param size how many bytes of the value it holds
     */
    public record Part(
            Optional<String> register,
            OptionalLong stack,
            OptionalLong parameter,
            long offset,
            long size) {
        /**
         * Bytes in a register.
         *
         * @param register its name
         * @param offset first byte of the value
         * @param size number of bytes
         * @return the part
         */
        public static Part in(String register, long offset, long size) {
            return new Part(
                    Optional.of(register),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    offset,
                    size);
        }

        /**
         * Bytes in the argument area.
         *
         * @param stack bytes from the first stack argument
         * @param offset first byte of the value
         * @param size number of bytes
         * @return the part
         */
        public static Part onStack(long stack, long offset, long size) {
            return new Part(
                    Optional.empty(), OptionalLong.of(stack), OptionalLong.empty(), offset, size);
        }

        /**
         * Bytes in a WebAssembly parameter.
         *
         * @param index of the parameter
         * @param offset first byte of the value
         * @param size number of bytes
         * @return the part
         */
        public static Part parameter(long index, long offset, long size) {
            return new Part(
                    Optional.empty(), OptionalLong.empty(), OptionalLong.of(index), offset, size);
        }
    }
}
