package org.quantalang.memory.internal.handle;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.Site;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * What is known of a handle when the handle itself is gone: whether it still held a reference, and
 * where it was made. It must not lead to the handle or its heap.
 *
 * <p>The place is taken down for every handle in full checked mode, else for one in {@value
 * #SAMPLE}: a stack costs a microsecond.
 *
 * <p>Written by the heap's thread, read by the cleaner after the handle is unreachable.
 */
public final class HandleState implements Runnable {
    private static final int SAMPLE = 128;
    private static final AtomicLong MADE = new AtomicLong();

    private final String what;
    private final String heapName;
    private final Consumer<String> notices;
    private final HeapLife life;
    private final @Nullable Site made;

    /** What the handle holds a reference to; 0 for nothing. */
    public long address;

    /** Where the handle was closed, if that is known. */
    public @Nullable Site closedAt;

    /**
     * Makes the state of one handle.
     *
     * @param strong whether the handle keeps its object alive
     */
    public HandleState(
            String what, String heapName, Consumer<String> notices, HeapLife life, boolean strong) {
        this.what = what;
        this.heapName = heapName;
        this.notices = notices;
        this.life = life;
        boolean take = CheckedLevel.ALL || MADE.incrementAndGet() % SAMPLE == 1;
        this.made = take ? Site.here() : null;
        if (strong) {
            life.handleMade(this);
        }
    }

    /** The handle was closed, or nobody can reach it any more. */
    @Override
    public void run() {
        life.handleGone(this);
        if (address != 0 && !life.ended()) {
            notices.accept(
                    ("handle was never closed: %s address=0x%x heap=%s; its reference stays until"
                                    + " the heap closes; close handles, or open them in"
                                    + " try-with-resources; made %s")
                            .formatted(what, address, heapName, madeWhere()));
        }
    }

    private String madeWhere() {
        return made == null
                ? "at a place that was not taken down (-D%s=full takes all down)"
                        .formatted(CheckedLevel.PROPERTY)
                : "by thread %s:%n%s".formatted(made.thread(), made.lines("    "));
    }
}
