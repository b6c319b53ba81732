package org.quantalang.abi;

import org.quantalang.abi.Target.Architecture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Writes random records and prototypes: all scalar kinds, nested structs and unions with packing,
 * alignments, bit-fields, empty and flexible members, variadic calls.
 */
final class SignatureGenerator {
    /** For the compiler only: our parser knows these names. */
    static final String COMPILER_PRELUDE = RecordGenerator.COMPILER_PRELUDE;

    private static final int MOST_BYTES = 64; // above, compilers copy with a loop or a call

    private static final String PRELUDE =
            """
            enum small { S0, S1 }; enum negative { N0 = -1, N1 };
            enum wide { W0, W1 = 0x100000000LL };
            enum __attribute__((packed)) tiny { T0, T1 = 3 };
            typedef int (*callback)(void);
            """;

    private static final String[] SCALARS = {
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
        "float",
        "double",
        "float",
        "double",
        "long double",
        "void *",
        "enum small",
        "enum negative",
        "enum wide",
        "enum tiny",
        "wchar_t",
        "char16_t",
        "char32_t",
        "size_t",
        "float",
        "double",
        "callback"
    };
    private static final String[] PROMOTED = {
        "int",
        "unsigned",
        "long",
        "unsigned long long",
        "double",
        "double",
        "long double",
        "void *",
        "enum wide",
        "size_t"
    };
    private static final String[] BIT_TYPES = {
        "_Bool", "char", "unsigned short", "int", "unsigned", "long long", "enum small"
    };
    private static final int[] PACKS = {1, 2, 4, 8};

    /** A function, its parameters in parentheses, the types of the arguments after those. */
    record Signature(String name, String result, String parameters, List<String> further) {
        String prototype(String attribute) {
            return "%s %s %s%s".formatted(result, attribute, name, parameters);
        }

        String pointerType() {
            return result + " (*)" + parameters;
        }
    }

    private final Random random;
    private final Target target;
    private final CallingConvention convention;
    private final List<String> scalars = new ArrayList<>(List.of(SCALARS));
    private final List<String> promoted = new ArrayList<>(List.of(PROMOTED));
    private final List<String> records = new ArrayList<>();
    private final Map<String, String> definitions = new LinkedHashMap<>(); // by tag
    private int names;
    private final Set<String> flexible = new LinkedHashSet<>();

    SignatureGenerator(Random random, Target target, CallingConvention convention) {
        this.random = random;
        this.target = target;
        this.convention = convention;
        if (target.dataModel().hasInt128()) {
            scalars.add("__int128");
            scalars.add("unsigned __int128");
            promoted.add("__int128");
        }
        // Microsoft's compiler, which vectorcall is of, has no _Float16; clang has none on wasm.
        if (target.architecture() != Architecture.WASM32
                && convention != CallingConvention.VECTORCALL) {
            scalars.add("_Float16");
        }
        if (hasFloat128()) {
            scalars.add("__float128");
            promoted.add("__float128");
        }
    }

    private boolean hasFloat128() {
        return switch (target) {
            case X86_64_LINUX_GNU, X86_64_WINDOWS_GNU, I686_LINUX_GNU, I686_WINDOWS_GNU, WASM32 ->
                    convention != CallingConvention.VECTORCALL;
            default -> false;
        };
    }

    /** clang refuses variadic functions in the conventions whose callees pop. */
    private boolean takesVariadic() {
        return switch (convention) {
            case STDCALL, FASTCALL, THISCALL, VECTORCALL -> false;
            default -> true;
        };
    }

    /** Definitions of the records that the signatures use; for the compiler and for us. */
    String records(int count) {
        StringBuilder text = new StringBuilder(PRELUDE);
        while (records.size() < count) {
            String tag = "S" + records.size();
            String definition = definition(tag);
            CStructDef ours = CDeclarations.parse(text + definition, target).record(tag);
            if (ours.size(target) <= MOST_BYTES) {
                text.append(definition);
                records.add(ours.spelling());
                definitions.put(tag, definition);
                if (definition.contains("flexible")) {
                    flexible.add(ours.spelling());
                }
            }
        }
        return text.toString();
    }

    /** The definitions of the records that a text names, and of those inside them. */
    String definitionsFor(String text) {
        StringBuilder needed = new StringBuilder(text);
        List<String> found = new ArrayList<>();
        List.copyOf(definitions.keySet())
                .reversed()
                .forEach(
                        tag -> {
                            if (Pattern.compile("\\b" + tag + "\\b").matcher(needed).find()) {
                                needed.append(definitions.get(tag));
                                found.addFirst(definitions.get(tag));
                            }
                        });
        return String.join("", found);
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private String scalar() {
        return pick(scalars);
    }

    private String definition(String tag) {
        boolean adorned = chance(2);
        String body = record(tag, adorned, 1) + ";\n";
        boolean packed = adorned && chance(5);
        int pack = PACKS[random.nextInt(PACKS.length)];
        return packed
                ? "#pragma pack(push, %d)%n%s#pragma pack(pop)%n".formatted(pack, body)
                : body;
    }

    /** A definition with attributes in front of the tag, where every compiler minds them. */
    private String record(String tag, boolean adorned, int depth) {
        boolean union = chance(6);
        StringBuilder text = new StringBuilder(union ? "union" : "struct");
        if (adorned && chance(4)) {
            text.append(" __attribute__((packed))");
        }
        if (adorned && chance(8)) {
            text.append(" __attribute__((aligned(").append(1 << random.nextInt(6)).append(")))");
        }
        text.append(' ').append(tag).append(" {");
        int members = adorned && chance(16) ? 0 : 1 + random.nextInt(4);
        boolean uniform = chance(3);
        String one = scalar();
        for (int i = 0; i < members; i++) {
            String name = "m" + names++;
            String member = uniform ? declared(one, name, 6) : member(name, adorned, depth);
            text.append(' ').append(member).append(adorned ? attributes() : "").append(';');
        }
        if (!union && depth == 1 && adorned && members > 0 && chance(12)) {
            text.append(" char before; short flexible[];");
        }
        return text.append(" }").toString();
    }

    private String declared(String type, String name, int arrays) {
        String array = chance(arrays) ? "[" + (1 + random.nextInt(3)) + "]" : "";
        return type + " " + name + array;
    }

    private String member(String name, boolean adorned, int depth) {
        if (adorned && chance(3)) {
            return bitField(name);
        }
        if (depth == 1 && chance(10)) {
            return record("", adorned, 2);
        }
        String nested = records.isEmpty() || !chance(5) ? "" : pick(records);
        if (!nested.isEmpty() && !flexible.contains(nested)) {
            return declared(nested, name, 6);
        }
        boolean alignas = adorned && chance(12);
        return (alignas ? "_Alignas(" + (16 << random.nextInt(2)) + ") " : "")
                + declared(scalar(), name, adorned && chance(20) ? 1 : 6);
    }

    private String bitField(String name) {
        String type = BIT_TYPES[random.nextInt(BIT_TYPES.length)];
        int most =
                switch (type) {
                    case "_Bool" -> 1;
                    case "char" -> 8;
                    case "unsigned short" -> 16;
                    case "long long" -> 64;
                    default -> 32;
                };
        if (chance(4)) {
            return type + " : " + (chance(2) ? 0 : 1 + random.nextInt(most));
        }
        return type + " " + name + " : " + (1 + random.nextInt(most));
    }

    private String attributes() {
        if (chance(12)) {
            return " __attribute__((packed))";
        }
        return chance(12) ? " __attribute__((aligned(%d)))".formatted(1 << random.nextInt(6)) : "";
    }

    private String any() {
        int kind = random.nextInt(12);
        if (kind == 0) {
            return switch (random.nextInt(5)) {
                case 0, 1 -> "_Complex float";
                case 2, 3 -> "_Complex double";
                default -> "_Complex long double";
            };
        }
        if (kind < 5) {
            return pick(records);
        }
        return scalar();
    }

    /** A random signature with a name for each parameter. */
    Signature signature(String name) {
        String result = chance(5) ? "void" : any();
        StringBuilder list = new StringBuilder("(");
        int parameters = random.nextInt(13);
        for (int i = 0; i < parameters; i++) {
            // The first argument of a method is its object.
            String type = i == 0 && convention == CallingConvention.THISCALL ? "void *" : any();
            list.append(i == 0 ? "" : ", ").append(type).append(" p" + i);
        }
        List<String> further = new ArrayList<>();
        boolean variadic = parameters > 0 && takesVariadic() && chance(4);
        int most = random.nextInt(8);
        for (int i = 0; variadic && i < most; i++) {
            further.add(chance(3) ? pick(records) : pick(promoted));
        }
        list.append(variadic ? ", ...)" : parameters == 0 ? "void)" : ")");
        return new Signature(name, result, list.toString(), further);
    }
}
