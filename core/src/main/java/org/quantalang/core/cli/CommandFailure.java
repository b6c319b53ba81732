package org.quantalang.core.cli;

import org.jspecify.annotations.Nullable;

/**
 * Says that a command cannot do what it was asked: the input is wrong, or the work failed. The
 * message is printed after {@code quanta:} and is all that the user sees, so it names what
 * happened, the values, and what to do. The process ends with exit code 1.
 */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates a failure.
     *
     * @param message what happened, the values, what to do; lower case, no full stop
     */
    public CommandFailure(String message) {
        this(message, null);
    }

    /**
     * Creates a failure with the exception behind it, which {@code --debug} shows.
     *
     * @param message what happened, the values, what to do; lower case, no full stop
     * @param cause the exception behind it, or null
     */
    public CommandFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
