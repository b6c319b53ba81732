package org.quantalang.bench.cli;

/**
 * Adds a subcommand to {@code quanta bench}; found with {@link java.util.ServiceLoader}, so that a
 * package of benchmarks brings its command without being named here.
 */
public interface BenchSubcommand {
    /**
     * Returns a new instance of a class annotated with {@link picocli.CommandLine.Command}.
     *
     * @return the command, not null
     */
    Object command();
}
