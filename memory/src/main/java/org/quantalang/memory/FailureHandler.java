package org.quantalang.memory;

/**
 * Told of what a destructor or a tracer threw while an object died; the release that ran it goes on
 * afterwards.
 */
@FunctionalInterface
public interface FailureHandler {
    /** Writes the failure to the log of this package. */
    FailureHandler LOG =
            (type, object, failure) ->
                    System.getLogger("org.quantalang.memory")
                            .log(
                                    System.Logger.Level.ERROR,
                                    "destructor failed: type=%s address=0x%x"
                                            .formatted(type.name(), object),
                                    failure);

    /**
     * Called on the heap's owner thread. What it throws is ignored.
     *
     * @param type type of the object
     * @param object the object, still being destroyed; borrowed
     * @param failure what the destructor threw
     */
    void destructorFailed(TypeInfo type, long object, Throwable failure);

    /**
     * A tracer threw when a dead object's references were to be released. Those that it had told of
     * are, the others never will be: what they lead to leaks. Called as {@link #destructorFailed},
     * and unless overridden writes the failure to the log of this package.
     *
     * @param type type of the object
     * @param object the object, about to be freed; borrowed
     * @param failure what the tracer threw
     */
    default void tracerFailed(TypeInfo type, long object, Throwable failure) {
        System.getLogger("org.quantalang.memory")
                .log(
                        System.Logger.Level.ERROR,
                        "tracer failed, what it did not tell of leaks: type=%s address=0x%x"
                                .formatted(type.name(), object),
                        failure);
    }
}
