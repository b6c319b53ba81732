package org.quantalang.memory.internal.handle;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * What outlives a call in a heap: whether the heap has ended, views that are open, references that
 * other threads have let go of and that the owner must release.
 *
 * <p>Any thread.
 */
public final class HeapLife {
    private final ConcurrentLinkedQueue<Long> letGo = new ConcurrentLinkedQueue<>();
    private final AtomicLong views = new AtomicLong();
    private volatile boolean ended;

    public HeapLife() {}

    /** Whether the heap has closed. */
    public boolean ended() {
        return ended;
    }

    /** The heap closes. */
    public void end() {
        ended = true;
    }

    /** A view of an object opens; it holds a reference. */
    public void viewOpened() {
        views.incrementAndGet();
    }

    /** A view's arena closed, on whatever thread: the owner releases its reference later. */
    public void viewClosed(long address) {
        letGo.add(address);
        views.decrementAndGet();
    }

    /** Views whose arenas are open. */
    public long openViews() {
        return views.get();
    }

    /** Hands what was let go of to the owner thread, which calls this. */
    public void takeLetGo(LongConsumer release) {
        for (Long address = letGo.poll(); address != null; address = letGo.poll()) {
            release.accept(address);
        }
    }
}
