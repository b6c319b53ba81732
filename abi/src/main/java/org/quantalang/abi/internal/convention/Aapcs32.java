package org.quantalang.abi.internal.convention;

import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CPrimitive;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The procedure call standard of 32-bit Arm (AAPCS, section 6), in core registers or with VFP.
 *
 * <pre>
 * core  r0 ... r3; a value aligned to 8 starts at an even register; a record may be split between
 *       registers and stack as long as nothing is on the stack
 * VFP   s0 ... s15 = d0 ... d7, the lowest free ones that fit: a float fills a gap left by a double
 * </pre>
 */
final class Aapcs32 extends Convention {
    private static final int CORE = 4;
    private static final int WORD = 4;
    private static final int SINGLES = 16;

    private final boolean vfp;
    private final boolean[] singles = new boolean[SINGLES];
    private int core; // NCRN
    private boolean vfpFull;

    Aapcs32(Target target, boolean vfp, boolean variadicFunction) {
        super(target, variadicFunction);
        this.vfp = vfp && !variadicFunction;
    }

    @Override
    ArgumentPlan result(CType type) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        List<Leaf> hfa = vfpScalars(plain);
        if (!hfa.isEmpty()) {
            return direct(registers(hfa, 0).toArray(Part[]::new));
        }
        if (isComposite(plain) && size > WORD) {
            return indirect(Part.in("r" + core++, 0, WORD));
        }
        return direct(chunks(size, WORD, List.of("r0", "r1")), extension(plain));
    }

    private static boolean isComposite(CType type) {
        return Leaf.isAggregate(type)
                || type instanceof CType.Complex
                || type == CPrimitive.VA_LIST;
    }

    /** The scalars of a value for VFP registers; a record of half precision is none (7.1.2). */
    private List<Leaf> vfpScalars(CType type) {
        List<Leaf> scalars = vfp ? homogeneous(type).orElse(List.of()) : List.<Leaf>of();
        boolean halves = !scalars.isEmpty() && scalars.getFirst().type() == CPrimitive.FLOAT16;
        return halves && isComposite(type) ? List.of() : scalars;
    }

    /** Names the VFP registers of a homogeneous value that starts at a single register. */
    private static List<Part> registers(List<Leaf> hfa, int single) {
        List<Part> parts = new ArrayList<>();
        for (Leaf leaf : hfa) {
            long size = leaf.bitSize() / Byte.SIZE;
            int width = (int) Math.max(1, size / WORD);
            int at = single + parts.size() * width;
            String name = width == 1 ? "s" + at : "d" + at / 2;
            parts.add(Part.in(name, leaf.bitOffset() / Byte.SIZE, size));
        }
        return parts;
    }

    @Override
    ArgumentPlan argument(CType type, boolean named) {
        CType plain = type.unwrap();
        long size = plain.size(target);
        if (size == 0 || Leaf.isEmpty(plain)) {
            return ignored();
        }
        long align = Math.max(WORD, Math.min(8, memberAlignment(plain)));
        List<Leaf> hfa = vfpScalars(plain);
        if (!hfa.isEmpty()) {
            int width = (int) Math.max(1, hfa.getFirst().bitSize() / Byte.SIZE / WORD);
            int at = vfpFull ? -1 : findSingles(width, width * hfa.size());
            if (at >= 0) {
                return direct(registers(hfa, at).toArray(Part[]::new));
            }
            vfpFull = true;
            return direct(onStack(size, align, WORD, 0));
        }
        if (align == 8) {
            core += core & 1;
        }
        long needs = (size + WORD - 1) / WORD;
        if (core + needs <= CORE) {
            List<String> free = new ArrayList<>();
            for (int i = 0; i < needs; i++) {
                free.add("r" + core++);
            }
            return direct(chunks(size, WORD, free), extension(plain));
        }
        if (core < CORE && stack == 0 && isComposite(plain)) {
            List<Part> parts = new ArrayList<>();
            long offset = 0;
            while (core < CORE) {
                parts.add(Part.in("r" + core++, offset, WORD));
                offset += WORD;
            }
            parts.add(onStack(size - offset, WORD, WORD, offset));
            return direct(parts.toArray(Part[]::new));
        }
        core = CORE;
        return direct(List.of(onStack(size, align, WORD, 0)), extension(plain));
    }

    @Override
    boolean homogeneousWithZeroWidthBits() {
        return true;
    }

    /** Takes the lowest free run of single registers, or returns -1. */
    private int findSingles(int step, int count) {
        for (int at = 0; at + count <= SINGLES; at += step) {
            boolean free = true;
            for (int i = at; i < at + count; i++) {
                free &= !singles[i];
            }
            if (free) {
                Arrays.fill(singles, at, at + count, true);
                return at;
            }
        }
        return -1;
    }
}
