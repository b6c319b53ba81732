package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.HeapSpace;
import org.quantalang.memory.internal.cycle.LongStack;

import java.util.List;
import java.util.function.Consumer;

/** What must be given back, also when the heap was forgotten. */
final class Reservation implements Runnable {
    private final HeapSpace space;
    private final List<LongStack> buffers;
    private final String name;
    private final Consumer<String> notices;
    private volatile boolean closed;

    Reservation(HeapSpace space, List<LongStack> buffers, HeapConfig config) {
        this.space = space;
        this.buffers = buffers;
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
        buffers.forEach(LongStack::close);
        space.release();
    }
}
