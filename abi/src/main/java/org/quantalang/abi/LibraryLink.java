package org.quantalang.abi;

import java.util.Objects;
import java.util.Optional;

/**
 * A library that declared functions come from.
 *
 * @param name its name, as the linker's {@code -l} takes it
 * @param path where it is, if it is not searched for
 * @param kind how it is linked
 */
public record LibraryLink(String name, Optional<String> path, LinkKind kind) {
    /** Checks that nothing is null. */
    public LibraryLink {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(kind, "kind");
    }

    /**
     * A shared library that is searched for.
     *
     * @param name its name
     * @return the link
     */
    public static LibraryLink dynamic(String name) {
        return new LibraryLink(name, Optional.empty(), LinkKind.DYNAMIC);
    }
}
