package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CallingConvention;

/** What attributes and alignment specifiers said about one declaration or type. */
final class Attributes {
    boolean packed;
    boolean weak;
    long aligned;
    @Nullable String mode;
    @Nullable CallingConvention convention;

    Attributes() {}

    void align(long bytes) {
        aligned = Math.max(aligned, bytes);
    }

    void add(Attributes other) {
        packed |= other.packed;
        weak |= other.weak;
        align(other.aligned);
        if (other.mode != null) {
            mode = other.mode;
        }
        if (other.convention != null) {
            convention = other.convention;
        }
    }
}
