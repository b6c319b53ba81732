package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.CType;
import org.quantalang.abi.DataModel.FloatFormat;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * System V on x86-64 (psABI 1.0, section 3.2.3). Each eightbyte of a value up to 16 bytes has a
 * class; a value goes to registers only if all of it fits.
 *
 * <pre>
 * INTEGER  rdi rsi rdx rcx r8 r9     returned in rax rdx
 * SSE      xmm0 ... xmm7             returned in xmm0 xmm1
 * X87      the stack                 returned in st0 (complex: st0 st1)
 * MEMORY   the stack, in 8-byte slots; returned through a pointer in rdi, which comes back in rax
 * </pre>
 */
final class SysVX64 extends Convention {
    private static final List<String> INTEGER = List.of("rdi", "rsi", "rdx", "rcx", "r8", "r9");
    private static final int SSE_REGISTERS = 8;
    private static final int EIGHTBYTE = 8;

    private enum EightbyteClass {
        NO_CLASS,
        INTEGER,
        SSE,
        SSE_UP,
        X87,
        MEMORY
    }

    /** Each record once, however often a union of unions leads to it. */
    private final IdentityHashMap<CType, EightbyteClass[]> classified = new IdentityHashMap<>();

    /** Where records were looked at for members off their alignment. */
    private final IdentityHashMap<CStructDef, Set<Long>> lookedAt = new IdentityHashMap<>();

    private int integers;
    private int floats;

    SysVX64(Target target, boolean variadicFunction) {
        super(target, variadicFunction);
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0) {
            return ignored();
        }
        if (plain instanceof CType.Complex complex && isX87(complex.part())) {
            return direct(Part.in("st0", 0, size / 2), Part.in("st1", size / 2, size / 2));
        }
        EightbyteClass[] classes = classify(plain);
        if (classes[0] == EightbyteClass.X87 && size == 16) {
            return direct(Part.in("st0", 0, size));
        }
        if (Arrays.asList(classes).contains(EightbyteClass.MEMORY)
                || Arrays.asList(classes).contains(EightbyteClass.X87)) {
            return indirect(Part.in(INTEGER.get(integers++), 0, EIGHTBYTE));
        }
        return direct(
                parts(classes, size, List.of("rax", "rdx"), List.of("xmm0", "xmm1")),
                extension(plain));
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap() == CPrimitive.VA_LIST ? CPrimitive.UINTPTR_T : type.unwrap();
        long size = plain.size(target);
        if (size == 0) {
            return ignored();
        }
        EightbyteClass[] classes = classify(plain);
        int needsIntegers = count(classes, EightbyteClass.INTEGER);
        int needsFloats = count(classes, EightbyteClass.SSE);
        boolean memory =
                Arrays.asList(classes).contains(EightbyteClass.MEMORY)
                        || classes[0] == EightbyteClass.X87;
        if (memory
                || integers + needsIntegers > INTEGER.size()
                || floats + needsFloats > SSE_REGISTERS) {
            long align = Math.max(EIGHTBYTE, plain.alignment(target));
            return direct(List.of(onStack(size, align, EIGHTBYTE, 0)), extension(plain));
        }
        List<String> free = new ArrayList<>();
        for (int i = floats; i < SSE_REGISTERS; i++) {
            free.add("xmm" + i);
        }
        List<Part> parts = parts(classes, size, INTEGER.subList(integers, INTEGER.size()), free);
        integers += needsIntegers;
        floats += needsFloats;
        return parts.isEmpty() ? ignored() : direct(parts, extension(plain));
    }

    private static int count(EightbyteClass[] classes, EightbyteClass wanted) {
        int count = 0;
        for (EightbyteClass each : classes) {
            count += each == wanted ? 1 : 0;
        }
        return count;
    }

    private static List<Part> parts(
            EightbyteClass[] classes, long size, List<String> integers, List<String> floats) {
        List<Part> parts = new ArrayList<>();
        int integer = 0;
        int sse = 0;
        for (int i = 0; i < classes.length; i++) {
            long offset = (long) i * EIGHTBYTE;
            boolean wide = i + 1 < classes.length && classes[i + 1] == EightbyteClass.SSE_UP;
            long length = Math.min(wide ? 2 * EIGHTBYTE : EIGHTBYTE, size - offset);
            if (classes[i] == EightbyteClass.INTEGER) {
                parts.add(Part.in(integers.get(integer++), offset, length));
            } else if (classes[i] == EightbyteClass.SSE) {
                parts.add(Part.in(floats.get(sse++), offset, length));
            }
        }
        return parts;
    }

    private boolean isX87(CType type) {
        return type.unwrap() == CPrimitive.LONG_DOUBLE
                && target.dataModel().longDoubleFormat() == FloatFormat.X87;
    }

    /** Returns the class of each eightbyte, after merging and clean-up. */
    private EightbyteClass[] classify(CType type) {
        long size = type.size(target);
        lookedAt.clear();
        return size > 2 * EIGHTBYTE || hasUnalignedField(type, 0)
                ? new EightbyteClass[] {EightbyteClass.MEMORY}
                : classifyAligned(type, size);
    }

    private EightbyteClass[] classifyAligned(CType type, long size) {
        EightbyteClass[] known = classified.get(type);
        if (known == null) {
            known = classifyAfresh(type, size);
            classified.put(type, known);
        }
        return known.clone();
    }

    private EightbyteClass[] classifyAfresh(CType type, long size) {
        if (containsMemory(type)) {
            return new EightbyteClass[] {EightbyteClass.MEMORY};
        }
        EightbyteClass[] classes = new EightbyteClass[(int) ((size + EIGHTBYTE - 1) / EIGHTBYTE)];
        Arrays.fill(classes, EightbyteClass.NO_CLASS);
        for (Leaf leaf : Leaf.of(type, target)) {
            merge(classes, leaf);
        }
        if (classes.length == 2
                && classes[0] == EightbyteClass.X87
                && classes[1] != EightbyteClass.X87) {
            return new EightbyteClass[] {EightbyteClass.MEMORY};
        }
        if (classes.length == 2
                && classes[0] != EightbyteClass.X87
                && classes[1] == EightbyteClass.X87) {
            if (target.os() != Target.Os.DARWIN) {
                return new EightbyteClass[] {EightbyteClass.MEMORY};
            }
            classes[1] = EightbyteClass.SSE; // Apple kept the rule from before revision 0.98
        }
        if (classes.length == 2
                && classes[1] == EightbyteClass.SSE_UP
                && classes[0] != EightbyteClass.SSE) {
            classes[1] = EightbyteClass.SSE;
        }
        return Arrays.asList(classes).contains(EightbyteClass.MEMORY)
                ? new EightbyteClass[] {EightbyteClass.MEMORY}
                : classes;
    }

    /**
     * Whether a member, bit-fields apart, lies off its type's alignment. A record has the alignment
     * that its attributes gave it; gcc asks the scalars only and differs there.
     */
    private boolean hasUnalignedField(CType type, long at) {
        switch (type.unwrap()) {
            case CStructDef record -> {
                if (!lookedAt.computeIfAbsent(record, _ -> new HashSet<>()).add(at)) {
                    return false; // as before, in a union
                }
                for (FieldLayout field : RecordLayout.of(record, target).fields()) {
                    CType its = field.field().type().unwrap();
                    long offset = at + field.bitOffset();
                    if (!field.isBitField()
                            && (offset % (its.alignment(target) * Byte.SIZE) != 0
                                    || hasUnalignedField(its, offset))) {
                        return true;
                    }
                }
            }
            case CType.Array array -> {
                long step = array.element().size(target) * Byte.SIZE;
                for (long i = 0; step > 0 && i < array.length().orElse(0); i++) {
                    if (hasUnalignedField(array.element(), at + i * step)) {
                        return true;
                    }
                }
            }
            default -> {
                return false;
            }
        }
        return false;
    }

    /**
     * Records inside are classified first, each with its own clean-up, by the same rules; where
     * their members lie is asked from the start of the whole.
     */
    private boolean containsMemory(CType type) {
        if (!(type instanceof CStructDef record)) {
            return false;
        }
        for (CStructField field : record.fields()) {
            CType inner = field.type().unwrap();
            while (inner instanceof CType.Array array) {
                inner = array.element().unwrap();
            }
            if (inner instanceof CStructDef
                    && Arrays.asList(classifyAligned(inner, inner.size(target)))
                            .contains(EightbyteClass.MEMORY)) {
                return true;
            }
        }
        return false;
    }

    private void merge(EightbyteClass[] classes, Leaf leaf) {
        int first = (int) (leaf.bitOffset() / Byte.SIZE / EIGHTBYTE);
        int last = (int) ((leaf.bitOffset() + leaf.bitSize() - 1) / Byte.SIZE / EIGHTBYTE);
        for (int i = first; i <= last; i++) {
            EightbyteClass its = EightbyteClass.INTEGER;
            if (leaf.isFloat()) {
                its =
                        isX87(leaf.type())
                                ? EightbyteClass.X87
                                : i == first ? EightbyteClass.SSE : EightbyteClass.SSE_UP;
            }
            classes[i] = merge(classes[i], its);
        }
    }

    private static EightbyteClass merge(EightbyteClass a, EightbyteClass b) {
        if (a == b || b == EightbyteClass.NO_CLASS) {
            return a;
        }
        if (a == EightbyteClass.NO_CLASS) {
            return b;
        }
        if (a == EightbyteClass.MEMORY || b == EightbyteClass.MEMORY) {
            return EightbyteClass.MEMORY;
        }
        if (a == EightbyteClass.INTEGER || b == EightbyteClass.INTEGER) {
            return EightbyteClass.INTEGER;
        }
        return a == EightbyteClass.X87 || b == EightbyteClass.X87
                ? EightbyteClass.MEMORY
                : EightbyteClass.SSE;
    }
}
