package org.quantalang.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Writes random C records with everything that changes a layout. Every nested record has a tag, and
 * attributes stand in front of it, since clang's layout dump misses those behind the members.
 */
final class RecordGenerator {
    /** For the compiler only: our parser knows these names. */
    static final String COMPILER_PRELUDE =
            """
            typedef __WCHAR_TYPE__ wchar_t; typedef __CHAR16_TYPE__ char16_t;
            typedef __CHAR32_TYPE__ char32_t; typedef __SIZE_TYPE__ size_t;
            typedef __INT64_TYPE__ int64_t; typedef __UINT8_TYPE__ uint8_t;
            typedef __PTRDIFF_TYPE__ ptrdiff_t;
            typedef __builtin_va_list va_list;
            """;

    static final String PRELUDE =
            """
            enum small { S0, S1 = 200 }; enum negative { N0 = -1, N1 = 5 };
            enum wide { W0, W1 = 0x100000000LL };
            enum __attribute__((packed)) tiny { T0, T1 = 3 };
            typedef int aligned_int __attribute__((aligned(16)));
            typedef double loose_double __attribute__((aligned(4)));
            struct three { char c[3]; }; struct nine { char c[9]; };
            """;

    private static final String[] BIT_TYPES = {
        "_Bool",
        "char",
        "signed char",
        "unsigned char",
        "short",
        "unsigned short",
        "int",
        "unsigned",
        "long",
        "unsigned long",
        "long long",
        "unsigned long long",
        "enum small",
        "enum negative",
        "int64_t",
        "uint8_t"
    };
    private static final int[] PACKS = {1, 2, 4, 8, 16};

    private final Random random;
    private final Target target;
    private final List<String> scalars = new ArrayList<>();
    private int tags;

    RecordGenerator(Random random, Target target) {
        this.random = random;
        this.target = target;
        scalars.addAll(List.of(BIT_TYPES));
        scalars.addAll(
                List.of(
                        "float",
                        "double",
                        "long double",
                        "wchar_t",
                        "char16_t",
                        "char32_t",
                        "size_t",
                        "void *",
                        "int (*)(void)",
                        "enum wide",
                        "enum tiny",
                        "va_list",
                        "_Complex float",
                        "_Complex double",
                        "_Complex long double",
                        "aligned_int",
                        "loose_double",
                        "_Atomic short",
                        "_Atomic long long",
                        "_Atomic(double)",
                        "const _Atomic long double",
                        "_Atomic struct three",
                        "_Atomic(struct nine)"));
        if (target.dataModel().hasInt128()) {
            scalars.addAll(List.of("__int128", "unsigned __int128"));
        }
        if (target == Target.X86_64_LINUX_GNU) {
            scalars.addAll(List.of("_Float16", "__float128"));
        }
    }

    /** Returns the definition of {@code struct R<index>} or {@code union R<index>}. */
    String record(int index) {
        StringBuilder text = new StringBuilder();
        boolean packed = chance(4);
        if (packed) {
            text.append("#pragma pack(push, ").append(pick(PACKS)).append(")\n");
        }
        text.append(body("R" + index, 3, false)).append(";\n");
        if (packed) {
            text.append("#pragma pack(pop)\n");
        }
        return text.toString();
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private int pick(int[] from) {
        return from[random.nextInt(from.length)];
    }

    private String body(String tag, int depth, boolean untagged) {
        boolean union = chance(4);
        StringBuilder text = new StringBuilder(union ? "union" : "struct");
        if (chance(5)) {
            text.append(" __attribute__((packed))");
        }
        if (chance(7)) {
            text.append(" __attribute__((aligned(").append(1 << random.nextInt(6)).append(")))");
        }
        text.append(untagged ? "" : " " + tag).append(" {");
        int members = chance(20) ? 0 : 1 + random.nextInt(6);
        for (int i = 0; i < members; i++) {
            text.append(' ').append(member(tag + "_" + i, depth - 1)).append(';');
        }
        boolean flexible = !union && !untagged && members > 0 && depth == 3 && chance(12);
        if (flexible) {
            text.append(" int named_before_it; short flexible[];");
        }
        return text.append(" }").toString();
    }

    private String member(String name, int depth) {
        int kind = depth > 0 ? random.nextInt(10) : random.nextInt(8);
        if (kind < 3) {
            return bitField(name);
        }
        if (kind == 8) {
            String array = chance(3) ? "[" + (1 + random.nextInt(3)) + "]" : "";
            return body("T" + tags++ + name, depth, false) + " " + name + array + attributes();
        }
        if (kind == 9) {
            return body("a" + tags++ + name, depth, true);
        }
        String scalar = scalars.get(random.nextInt(scalars.size()));
        boolean attributed = scalar.endsWith("aligned_int") || scalar.startsWith("loose");
        String array = !attributed && chance(5) ? "[" + (1 + random.nextInt(4)) + "]" : "";
        String declared =
                scalar.contains("(*)")
                        ? scalar.replace("(*)", "(*" + name + array + ")")
                        : scalar + " " + name + array;
        boolean alignas = chance(15);
        return (alignas ? "_Alignas(" + (16 << random.nextInt(2)) + ") " : "")
                + declared
                + attributes();
    }

    private String bitField(String name) {
        String type = BIT_TYPES[random.nextInt(BIT_TYPES.length)];
        int most =
                type.equals("_Bool")
                        ? 1
                        : (int)
                                        CDeclarations.parse(PRELUDE, target)
                                                .types(type)
                                                .getFirst()
                                                .size(target)
                                * 8;
        if (chance(5)) {
            return type + " : " + (chance(2) ? 0 : 1 + random.nextInt(most)) + attributes();
        }
        return type + " " + name + " : " + (1 + random.nextInt(most)) + attributes();
    }

    private String attributes() {
        StringBuilder text = new StringBuilder();
        if (chance(8)) {
            text.append(" __attribute__((packed))");
        }
        if (chance(8)) {
            text.append(" __attribute__((aligned(").append(1 << random.nextInt(6)).append(")))");
        }
        return text.toString();
    }
}
