package org.quantalang.memory;

/** Told of what a destructor threw; the release that ran it goes on afterwards. */
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
}
