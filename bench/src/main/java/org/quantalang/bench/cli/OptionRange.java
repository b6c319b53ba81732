package org.quantalang.bench.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Refuses numbers that an option does not take. */
final class OptionRange {
    private OptionRange() {}

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
