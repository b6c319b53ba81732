package org.quantalang.bench.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Refuses numbers that an option does not take. */
final class OptionRange {
    /** A repetition of so many operations takes hours; its time and its sums fit in a long. */
    static final long MOST_OPERATIONS = 1_000_000_000_000L;

    private OptionRange() {}

    /** For what a workload does so often in a repetition. */
    static void operations(CommandSpec spec, String option, long value, long least) {
        within(spec, option, value, least, MOST_OPERATIONS);
    }

    static void atLeast(CommandSpec spec, String option, long value, long least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s is too small: value=%d least=%d".formatted(option, value, least));
        }
    }

    static void within(CommandSpec spec, String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s is out of range: value=%d range=%d..%d"
                            .formatted(option, value, least, most));
        }
    }
}
