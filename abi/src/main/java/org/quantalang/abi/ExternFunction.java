package org.quantalang.abi;

import java.util.Objects;
import java.util.Optional;

/**
 * A C function that is defined elsewhere.
 *
 * @param name its name in C
 * @param symbol its name in the object file, if a declaration sets it; else as the convention
 *     decorates the name
 * @param signature how to call it
 * @param library the library that has it, if known
 * @param weak whether it may be missing when linked
 * @param documentation what it does; empty if nothing is known
 */
public record ExternFunction(
        String name,
        Optional<String> symbol,
        CFunctionSignature signature,
        Optional<LibraryLink> library,
        boolean weak,
        String documentation) {
    /** Checks that nothing is null. */
    public ExternFunction {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(symbol, "symbol");
        Objects.requireNonNull(signature, "signature");
        Objects.requireNonNull(library, "library");
        Objects.requireNonNull(documentation, "documentation");
    }

    /**
     * A function of which only name and signature are known.
     *
     * @param name its name in C
     * @param signature how to call it
     * @return the function
     */
    public static ExternFunction of(String name, CFunctionSignature signature) {
        return new ExternFunction(name, Optional.empty(), signature, Optional.empty(), false, "");
    }

    @Override
    public String toString() {
        return signature.declare(name);
    }
}
