package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.ArgumentPlan.Passing;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One call being classified: asked for the result first, then for each argument in order, and keeps
 * count of the registers and stack bytes in use.
 */
abstract class Convention {
    final Target target;
    final boolean variadicFunction;
    long stack; // bytes of the argument area in use

    Convention(Target target, boolean variadicFunction) {
        this.target = target;
        this.variadicFunction = variadicFunction;
    }

    /** Classifies the result; takes the register or slot of a hidden pointer. */
    abstract ArgumentPlan result(CType type);

    /** Called between the result and the first argument. */
    void begin() {}

    /** Classifies the next argument; {@code named} is false behind the {@code ...}. */
    abstract ArgumentPlan argument(CType type, boolean named);

    /** How many bytes of the argument area the callee removes, after all arguments. */
    long calleePops() {
        return 0;
    }

    /** Size of the argument area, after all arguments. */
    long stackBytes() {
        return roundUp(stack, target.dataModel().pointerBytes());
    }

    static long roundUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }

    /** Copies a value to the next stack place. */
    Part onStack(long size, long alignment, long slot, long offset) {
        stack = roundUp(stack, alignment);
        Part part = Part.onStack(stack, offset, size);
        stack += roundUp(size, slot);
        return part;
    }

    static ArgumentPlan direct(List<Part> parts, Extension extension) {
        return new ArgumentPlan(Passing.DIRECT, parts, extension);
    }

    static ArgumentPlan direct(Part... parts) {
        return direct(List.of(parts), Extension.NONE);
    }

    static ArgumentPlan indirect(Part pointer) {
        return new ArgumentPlan(Passing.INDIRECT, List.of(pointer), Extension.NONE);
    }

    static ArgumentPlan ignored() {
        return new ArgumentPlan(Passing.IGNORED, List.of(), Extension.NONE);
    }

    /** Sign or zero extension of integers below {@code int}, by what the type is. */
    Extension extension(CType type) {
        CType plain = type.unwrap();
        if (!plain.isInteger() || plain.size(target) >= Integer.BYTES) {
            return Extension.NONE;
        }
        return plain.isSigned(target) ? Extension.SIGN : Extension.ZERO;
    }

    /** Puts each scalar of a value into a register of its own: {@code prefix + first}, ... */
    static List<Part> inRegisters(List<Leaf> leaves, String prefix, int first) {
        List<Part> parts = new ArrayList<>();
        for (Leaf leaf : leaves) {
            parts.add(
                    Part.in(
                            prefix + (first + parts.size()),
                            leaf.bitOffset() / Byte.SIZE,
                            leaf.bitSize() / Byte.SIZE));
        }
        return parts;
    }

    /** Cuts a value into register-sized parts. */
    static List<Part> chunks(long size, long width, List<String> registers) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i * width < size; i++) {
            parts.add(Part.in(registers.get(i), i * width, Math.min(width, size - i * width)));
        }
        return parts;
    }

    /**
     * Returns the one floating type that a value is made of, with no gaps, if there are at most
     * four of it: a homogeneous floating aggregate.
     */
    Optional<List<Leaf>> homogeneous(CType type) {
        List<Leaf> leaves = distinct(Leaf.of(type, target));
        if (leaves.isEmpty() || leaves.size() > 4) {
            return Optional.empty();
        }
        long each = leaves.getFirst().bitSize();
        long end = 0;
        for (Leaf leaf : leaves) {
            if (!leaf.isFloat()
                    || !leaf.type()
                            .llvmType(target)
                            .equals(leaves.getFirst().type().llvmType(target))
                    || leaf.bitOffset() != end) {
                return Optional.empty();
            }
            end += each;
        }
        return end == type.size(target) * Byte.SIZE ? Optional.of(leaves) : Optional.empty();
    }

    /** Members of a union that lie in the same place with the same type count once. */
    private static List<Leaf> distinct(List<Leaf> leaves) {
        return leaves.stream()
                .distinct()
                .sorted(java.util.Comparator.comparingLong(Leaf::bitOffset))
                .toList();
    }
}
