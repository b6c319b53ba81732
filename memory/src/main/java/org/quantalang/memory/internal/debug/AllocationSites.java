package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;

/** Where objects were allocated, as far as that was taken down. Owner thread only. */
@FunctionalInterface
public interface AllocationSites {
    /** The place where the object with this header was allocated, or null. */
    @Nullable Site of(long header);
}
