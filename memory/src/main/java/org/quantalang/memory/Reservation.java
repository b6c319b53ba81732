package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.debug.OpenHeaps;

import java.util.function.Consumer;

/** What must be given back, also when the heap was forgotten. */
final class Reservation implements Runnable {
    private final HeapSpace space;
    private final Runnable others;
    private final String name;
    private final Consumer<String> notices;
    private volatile boolean closed;

    /** {@code others} gives back what lies outside the space; it must not lead to the heap. */
    Reservation(HeapSpace space, Runnable others, HeapConfig config) {
        this.space = space;
        this.others = others;
        this.name = config.name();
        this.notices = config.notices();
    }

    /** The owner closes the heap: nothing is to be reported. */
    void closing() {
        closed = true;
    }

    @Override
    public void run() {
        if (!closed) {
            notices.accept(
                    ("heap was never closed: name=%s reservedBytes=%d; close it, or open it in"
                                    + " try-with-resources")
                            .formatted(name, space.bytes));
        }
        others.run();
        OpenHeaps.closed(space);
        space.release();
    }
}
