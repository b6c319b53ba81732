package org.quantalang.abi;

import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Writes random records and prototypes, and picks scalars inside their arguments. */
final class SignatureGenerator {
    /**
     * A scalar inside a parameter.
     *
     * @param type its type
     * @param expression how C reads it
     * @param offset where it starts in the parameter
     */
    record Path(CType type, String expression, long offset) {}

    private static final String[] SCALARS = {
        "_Bool", "char", "signed char", "unsigned char", "short", "unsigned short", "int",
        "unsigned", "long", "unsigned long", "long long", "unsigned long long", "float", "double",
        "float", "double", "long double", "void *", "enum small"
    };

    private final Random random;
    private final Target target;
    private final String convention;
    private final List<String> scalars = new ArrayList<>(List.of(SCALARS));
    private final List<String> records = new ArrayList<>();

    SignatureGenerator(Random random, Target target, String convention) {
        this.random = random;
        this.target = target;
        this.convention = convention;
        boolean systemV = target == Target.X86_64_LINUX_GNU || target == Target.X86_64_DARWIN;
        // clang 19 wastes r9 before an __int128 that no longer fits (fixed in 20): not its judge
        // there
        if (target.dataModel().hasInt128() && !systemV) {
            scalars.add("__int128");
        }
    }

    String signatures(int count) {
        StringBuilder text = new StringBuilder("enum small { S0, S1 };\n");
        for (int i = 0; i < 40; i++) {
            text.append(record("S" + i));
        }
        for (int i = 0; i < count; i++) {
            text.append(prototype("f" + i)).append(";\n");
        }
        return text.toString();
    }

    private String scalar() {
        return scalars.get(random.nextInt(scalars.size()));
    }

    private String record(String tag) {
        boolean union = random.nextInt(6) == 0;
        String keyword = union ? "union" : "struct";
        StringBuilder text = new StringBuilder(keyword + " " + tag + " {");
        int members = 1 + random.nextInt(4);
        boolean uniform = random.nextInt(3) == 0;
        String type = scalar();
        for (int i = 0; i < members; i++) {
            String of = type(uniform, type);
            String array = random.nextInt(6) == 0 ? "[" + (1 + random.nextInt(3)) + "]" : "";
            text.append(" ").append(of).append(" m").append(i).append(array).append(";");
        }
        records.add(keyword + " " + tag);
        return text.append(" };\n").toString();
    }

    private String type(boolean uniform, String type) {
        if (uniform) {
            return type;
        }
        boolean nested = !records.isEmpty() && random.nextInt(5) == 0;
        return nested ? records.get(random.nextInt(records.size())) : scalar();
    }

    private String any() {
        int kind = random.nextInt(10);
        if (kind == 0) {
            return random.nextBoolean() ? "_Complex float" : "_Complex double";
        }
        return kind < 4 ? records.get(random.nextInt(records.size())) : scalar();
    }

    private String prototype(String name) {
        String result = random.nextInt(4) == 0 ? "void" : any();
        StringBuilder text =
                new StringBuilder(result).append(' ').append(convention).append(' ').append(name);
        int parameters = 1 + random.nextInt(12);
        boolean variadic = random.nextInt(5) == 0;
        text.append('(');
        for (int i = 0; i < parameters; i++) {
            text.append(i == 0 ? "" : ", ").append(any()).append(" p").append(i);
        }
        return text.append(variadic ? ", ...)" : ")").toString();
    }

    /** Picks a scalar of a value. */
    Path leaf(CType type, String expression) {
        return leaf(type, expression, 0);
    }

    private Path leaf(CType type, String expression, long offset) {
        CType plain = type.unwrap();
        return switch (plain) {
            case CStructDef record -> {
                List<FieldLayout> fields = RecordLayout.of(record, target).fields();
                FieldLayout field = fields.get(random.nextInt(fields.size()));
                yield leaf(
                        field.field().type(),
                        expression + "." + field.name(),
                        offset + field.offsetBytes());
            }
            case CType.Array array -> {
                long index = random.nextLong(array.length().orElseThrow());
                yield leaf(
                        array.element(),
                        "%s[%d]".formatted(expression, index),
                        offset + index * array.element().size(target));
            }
            case CType.Complex complex -> {
                boolean real = random.nextBoolean();
                yield new Path(
                        complex.part(),
                        (real ? "__real " : "__imag ") + expression,
                        real ? offset : offset + complex.part().size(target));
            }
            default -> new Path(plain, expression, offset);
        };
    }
}
