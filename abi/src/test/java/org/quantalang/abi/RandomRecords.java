package org.quantalang.abi;

import java.util.Random;

/** The random records {@code R0}, {@code R1}, ... of one seed as C text. */
public final class RandomRecords {
    /** What a compiler needs in front of the text; our parser knows these names. */
    public static final String COMPILER_PRELUDE = RecordGenerator.COMPILER_PRELUDE;

    private RandomRecords() {}

    /** Returns definitions of {@code count} records. */
    public static String text(Random random, Target target, int count) {
        RecordGenerator generator = new RecordGenerator(random, target);
        StringBuilder text = new StringBuilder(RecordGenerator.PRELUDE);
        for (int i = 0; i < count; i++) {
            text.append(generator.record(i));
        }
        return text.toString();
    }
}
