package org.quantalang.abi.internal.parse;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CallingConvention;

/** What attributes and alignment specifiers said about one declaration or type. */
final class Attributes {
    boolean packed;
    boolean weak;
    long aligned;
    long declspecAligned; // of that, what __declspec says: it is the record's, wherever it stands
    long alignas; // of that, what _Alignas says
    @Nullable Token alignasToken;
    @Nullable String mode;
    @Nullable CallingConvention convention;

    Attributes() {}

    void align(long bytes) {
        aligned = Math.max(aligned, bytes);
    }

    void alignas(Token where, long bytes) {
        align(bytes);
        alignas = Math.max(alignas, bytes);
        alignasToken = where;
    }

    boolean changesLayout() {
        return packed || aligned != 0 || mode != null;
    }

    void add(Attributes other) {
        packed |= other.packed;
        weak |= other.weak;
        align(other.aligned);
        declspecAligned = Math.max(declspecAligned, other.declspecAligned);
        alignas = Math.max(alignas, other.alignas);
        if (other.alignasToken != null) {
            alignasToken = other.alignasToken;
        }
        if (other.mode != null) {
            mode = other.mode;
        }
        if (other.convention != null) {
            convention = other.convention;
        }
    }
}
