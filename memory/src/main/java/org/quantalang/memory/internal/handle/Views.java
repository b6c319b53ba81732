package org.quantalang.memory.internal.handle;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Segments over objects. Any thread. */
public final class Views {
    private Views() {}

    // Restricted: the object's block has these bytes, and keeps them until closed runs.
    /** A segment of {@code arena}; {@code closed} runs when the arena closes, on its thread. */
    @SuppressWarnings("restricted")
    public static MemorySegment open(long start, long bytes, Arena arena, Runnable closed) {
        return MemorySegment.ofAddress(start).reinterpret(bytes, arena, _ -> closed.run());
    }
}
