package org.quantalang.core.cli;

/**
 * Adds a command to {@code quanta}. Implementations are found with {@link java.util.ServiceLoader},
 * on the module path and on the class path alike, so that a jar beside the runtime can bring
 * commands of its own.
 */
public interface CommandProvider {
    /**
     * Returns a new instance of a class annotated with {@link picocli.CommandLine.Command}; its
     * name becomes the name of the command. Called at most once for each start of {@code quanta}.
     *
     * @return the command, not null
     */
    Object command();
}
