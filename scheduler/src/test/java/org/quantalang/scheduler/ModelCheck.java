package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;

/**
 * Lets Lincheck run small programs of a class's operations in many interleavings, and hold their
 * results against those of some order of the operations.
 */
public final class ModelCheck {
    private static final int PROGRAMS = 30;
    private static final int INTERLEAVINGS = 120;
    private static final int MORE = 4;

    private ModelCheck() {}

    private static ModelCheckingOptions options(int times) {
        return new ModelCheckingOptions()
                .iterations(times * PROGRAMS)
                .invocationsPerIteration(times * INTERLEAVINGS)
                .threads(3)
                .actorsBefore(3)
                .actorsPerThread(2)
                .actorsAfter(2);
    }

    /** Checks a class against itself, run by one thread. */
    public static void passes(Class<?> operations) {
        passes(operations, operations);
    }

    /** Checks a class against a plain one with the same operations. */
    public static void passes(Class<?> operations, Class<?> specification) {
        options(1).sequentialSpecification(specification).check(operations);
    }

    /** The same, for minutes. */
    public static void passesMore(Class<?> operations, Class<?> specification) {
        options(MORE).sequentialSpecification(specification).check(operations);
    }

    /** That the check finds the fault of a class. */
    public static void fails(Class<?> operations) {
        var failure =
                assertThrows(
                        LincheckAssertionError.class,
                        () -> options(2).minimizeFailedScenario(false).check(operations));
        assertTrue(String.valueOf(failure.getMessage()).contains("Invalid execution results"));
    }
}
