package org.quantalang.abi;

import org.quantalang.abi.Target.Architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Writes random records and prototypes: all scalar kinds, nested structs and unions, variadic
 * calls.
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

    /** A function and the types of the arguments after its fixed ones. */
    record Signature(String name, String prototype, List<String> further) {}

    private final Random random;
    private final Target target;
    private final CallingConvention convention;
    private final List<String> scalars = new ArrayList<>(List.of(SCALARS));
    private final List<String> promoted = new ArrayList<>(List.of(PROMOTED));
    private final List<String> records = new ArrayList<>();

    SignatureGenerator(Random random, Target target, CallingConvention convention) {
        this.random = random;
        this.target = target;
        this.convention = convention;
        if (target.dataModel().hasInt128()) {
            scalars.add("__int128");
            scalars.add("unsigned __int128");
            promoted.add("__int128");
        }
        // Microsoft's compiler, which vectorcall is of, has no _Float16.
        if (target.architecture() == Architecture.X86_64
                && convention != CallingConvention.VECTORCALL) {
            scalars.add("_Float16");
        }
        if (target == Target.X86_64_LINUX_GNU) {
            scalars.add("__float128");
            promoted.add("__float128");
        }
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
            String keyword = random.nextInt(6) == 0 ? "union" : "struct";
            String name = keyword + " S" + records.size();
            String definition = name + " " + members() + ";\n";
            CDeclarations ours = CDeclarations.parse(text + definition, target);
            if (ours.record("S" + records.size()).size(target) <= MOST_BYTES) {
                text.append(definition);
                records.add(name);
            }
        }
        return text.toString();
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String scalar() {
        return pick(scalars);
    }

    private String members() {
        StringBuilder text = new StringBuilder("{");
        int members = 1 + random.nextInt(4);
        boolean uniform = random.nextInt(3) == 0;
        String one = scalar();
        for (int i = 0; i < members; i++) {
            boolean nested = !uniform && !records.isEmpty() && random.nextInt(5) == 0;
            String type = uniform ? one : nested ? pick(records) : scalar();
            String name = "m" + i;
            String array = random.nextInt(6) == 0 ? "[" + (1 + random.nextInt(3)) + "]" : "";
            text.append(' ').append(type).append(' ').append(name + array).append(';');
        }
        return text.append(" }").toString();
    }

    private String any() {
        int kind = random.nextInt(12);
        if (kind == 0) {
            return random.nextBoolean() ? "_Complex float" : "_Complex double";
        }
        if (kind < 5) {
            return pick(records);
        }
        return scalar();
    }

    /**
     * A random signature; the prototype has a gap for attributes, and a name for each parameter.
     */
    Signature signature(String name) {
        String result = random.nextInt(5) == 0 ? "void" : any();
        StringBuilder list = new StringBuilder("(");
        int parameters = random.nextInt(13);
        for (int i = 0; i < parameters; i++) {
            // The first argument of a method is its object.
            String type = i == 0 && convention == CallingConvention.THISCALL ? "void *" : any();
            list.append(i == 0 ? "" : ", ").append(type).append(" p" + i);
        }
        List<String> further = new ArrayList<>();
        boolean variadic = parameters > 0 && takesVariadic() && random.nextInt(4) == 0;
        for (int i = 0; variadic && i < random.nextInt(8); i++) {
            boolean record = random.nextInt(3) == 0;
            further.add(record ? pick(records) : pick(promoted));
        }
        list.append(variadic ? ", ...)" : parameters == 0 ? "void)" : ")");
        return new Signature(name, result + " %s " + name + list, further);
    }
}
