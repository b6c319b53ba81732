package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Extension;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.ArgumentPlan.Passing;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One call being classified: asked for the result first, then for each argument in order, and keeps
 * count of the registers and stack bytes in use.
 */
abstract class Convention {
    private static final int WIDEST_FLOAT = 16;

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
     * Returns the members of a value that is made of one floating type, with no gaps, if there are
     * at most four: a homogeneous floating aggregate.
     */
    Optional<List<Leaf>> homogeneous(CType type) {
        if (type.size(target) > 4 * WIDEST_FLOAT || !mayBeHomogeneous(type, Leaf.records())) {
            return Optional.empty();
        }
        List<Leaf> all = Leaf.of(type, target);
        String one = all.isEmpty() ? "" : all.getFirst().type().llvmType(target);
        Map<Long, Leaf> byOffset = new TreeMap<>(); // members of a union lie one over the other
        for (Leaf leaf : all) {
            if (!leaf.isFloat() || !leaf.type().llvmType(target).equals(one)) {
                return Optional.empty();
            }
            byOffset.put(leaf.bitOffset(), leaf);
        }
        long end = 0;
        for (Leaf leaf : byOffset.values()) {
            if (leaf.bitOffset() != end) {
                return Optional.empty();
            }
            end += leaf.bitSize();
        }
        boolean fills = end == type.size(target) * Byte.SIZE;
        return !all.isEmpty() && byOffset.size() <= 4 && fills
                ? Optional.of(List.copyOf(byOffset.values()))
                : Optional.empty();
    }

    /** What the scalars alone do not show: bit-fields without a name, arrays of no length. */
    private boolean mayBeHomogeneous(CType type, Set<CStructDef> seen) {
        CType plain = type.unwrap();
        if (plain instanceof CType.Array array) {
            return array.length().orElse(0) > 0 && mayBeHomogeneous(array.element(), seen);
        }
        if (!(plain instanceof CStructDef record)) {
            return true;
        }
        if (!seen.add(record) || Leaf.isEmpty(record)) {
            return true;
        }
        for (CStructField field : record.fields()) {
            boolean may =
                    field.bitWidth().isPresent()
                            ? field.bitWidth().getAsInt() == 0 && homogeneousWithZeroWidthBits()
                            : mayBeHomogeneous(field.type(), seen);
            if (!may) {
                return false;
            }
        }
        return true;
    }

    /** Whether a bit-field of width 0 leaves a record homogeneous: only Arm's standards say so. */
    boolean homogeneousWithZeroWidthBits() {
        return false;
    }

    /**
     * Returns the one scalar that a record consists of, with no byte beside it; of an array of one
     * element that element.
     */
    Optional<CType> singleElement(CType type) {
        CType plain = type.unwrap();
        if (plain instanceof CType.Array array) {
            return array.length().orElse(0) == 1
                    ? singleElement(array.element())
                    : Optional.empty();
        }
        if (!(plain instanceof CStructDef record)) {
            return plain instanceof CType.Complex ? Optional.empty() : Optional.of(plain);
        }
        Optional<CType> only = Optional.empty();
        for (CStructField field : record.fields()) {
            boolean unnamedBits = field.bitWidth().isPresent() && field.name().isEmpty();
            if (unnamedBits || Leaf.isEmptyMember(field.type())) {
                continue;
            }
            if (only.isPresent()) {
                return Optional.empty();
            }
            only = singleElement(field.type());
            if (only.isEmpty()) {
                return Optional.empty();
            }
        }
        return only.filter(scalar -> scalar.size(target) == record.size(target));
    }

    /** The alignment of a type as its members ask for it, without what the record itself says. */
    long memberAlignment(CType type) {
        if (type.unwrap() instanceof CStructDef record && record.aligned() != 0) {
            return CStructDef.declare(record.isUnion(), record.name())
                    .define(record.fields(), record.isPacked(), 0, record.pragmaPack())
                    .alignment(target);
        }
        return type.unwrap().alignment(target);
    }
}
