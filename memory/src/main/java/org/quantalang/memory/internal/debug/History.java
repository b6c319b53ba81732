package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.type.HeapType;

/** What full checked mode knows of the last object at an address. Who may use the heap. */
final class History {
    final HeapType type;
    final long payloadBytes;

    /** Whether the payload was left as it was, and so holds {@link Pattern#FRESH}. */
    final boolean unwritten;

    final Site allocated;

    /** Where it lost its last reference. */
    volatile @Nullable Site released;

    /** Where its block was freed, if by the death of another object or a collection. */
    volatile @Nullable Site freed;

    /**
     * References that are not in fields of the heap, as far as stores went through the heap's own
     * methods; see {@link ObjectChecks#releasing}.
     */
    long outside = 1;

    /** Whether this object of the sample has a weak reference of the checks' own. */
    boolean heldWeakly;

    History(HeapType type, long payloadBytes, boolean unwritten) {
        this.type = type;
        this.payloadBytes = payloadBytes;
        this.unwritten = unwritten;
        this.allocated = Site.here();
    }
}
