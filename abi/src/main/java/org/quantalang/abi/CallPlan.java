package org.quantalang.abi;

import org.quantalang.abi.internal.convention.Conventions;

import java.util.List;

/**
 * How a call of a function goes on one target: where the result and every argument travel.
 *
 * <p>Immutable data; works for every target on every host.
 *
 * @param target the platform
 * @param convention the convention in force: {@link CallingConvention#C} for a variadic function of
 *     one in which callees pop their arguments; what that stands for is not resolved here
 * @param signature the function
 * @param result how the return value travels
 * @param arguments how each argument travels, the variadic ones last
 * @param argumentTypes the type of each argument
 * @param stackBytes size of the argument area
 * @param calleePops how many bytes of it the callee removes
 */
public record CallPlan(
        Target target,
        CallingConvention convention,
        CFunctionSignature signature,
        ArgumentPlan result,
        List<ArgumentPlan> arguments,
        List<CType> argumentTypes,
        long stackBytes,
        long calleePops) {
    /** Copies the lists. */
    public CallPlan {
        arguments = List.copyOf(arguments);
        argumentTypes = List.copyOf(argumentTypes);
    }

    /**
     * Classifies a call.
     *
     * @param signature the function, with its convention
     * @param variadic types of the arguments that follow the fixed ones, promoted already
     * @param target the platform
     * @return where everything goes
     * @throws IllegalArgumentException if the target lacks the convention (the message says which
     *     it has), or further arguments are given for a function that takes none
     */
    public static CallPlan of(CFunctionSignature signature, List<CType> variadic, Target target) {
        return Conventions.plan(signature, variadic, target);
    }

    /**
     * Returns the name of the function in an object file.
     *
     * @param name its name in C
     * @return the decorated name
     */
    public String symbol(String name) {
        return Conventions.symbol(name, this);
    }
}
