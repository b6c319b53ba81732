package org.quantalang.memory.internal.handle;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.Site;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * What outlives a call in a heap: whether the heap has ended, views that are open, references that
 * other threads have let go of and that the owner must release.
 *
 * <p>Any thread.
 */
public final class HeapLife {
    private static final int MOST_VIEWS_NAMED = 5;

    private final ConcurrentLinkedQueue<Long> letGo = new ConcurrentLinkedQueue<>();
    private final Set<OpenView> views = ConcurrentHashMap.newKeySet();
    private final Set<HandleState> handles = ConcurrentHashMap.newKeySet();
    private volatile boolean ended;

    /** A view whose arena is open; where it was opened is known in full checked mode. */
    public static final class OpenView {
        private final String type;
        private final long address;
        private final String thread = Thread.currentThread().getName();
        private final @Nullable Site opened = CheckedLevel.ALL ? Site.here() : null;

        private OpenView(String type, long address) {
            this.type = type;
            this.address = address;
        }

        @Override
        public String toString() {
            String where = opened == null ? "" : System.lineSeparator() + opened.lines("    ");
            return "view of type=%s address=0x%x opened by thread %s%s"
                    .formatted(type, address, thread, where);
        }
    }

    public HeapLife() {}

    /** Whether the heap has closed. */
    public boolean ended() {
        return ended;
    }

    /** The heap closes. */
    public void end() {
        ended = true;
        handles.clear();
    }

    /** A view of an object opens; it holds a reference. */
    public OpenView viewOpened(String type, long address) {
        OpenView view = new OpenView(type, address);
        views.add(view);
        return view;
    }

    /** A view's arena closed, on whatever thread: the owner releases its reference later. */
    public void viewClosed(OpenView view) {
        synchronized (views) {
            if (views.remove(view)) {
                letGo.add(view.address);
            }
        }
    }

    void handleMade(HandleState handle) {
        handles.add(handle);
    }

    void handleGone(HandleState handle) {
        handles.remove(handle);
    }

    /**
     * Tells the object of every open handle and view. What a view let go of is told, or among what
     * {@link #takeLetGo} hands out afterwards; never neither.
     */
    public void forEachHeld(LongConsumer visitor) {
        synchronized (views) {
            views.forEach(view -> visitor.accept(view.address));
        }
        for (HandleState handle : handles) {
            if (handle.address != 0) {
                visitor.accept(handle.address);
            }
        }
    }

    /** Views whose arenas are open. */
    public long openViews() {
        return views.size();
    }

    /** The first few of them, each on a line of its own. */
    public String namesOfViews() {
        return views.stream()
                .limit(MOST_VIEWS_NAMED)
                .map(view -> System.lineSeparator() + "  " + view)
                .collect(Collectors.joining());
    }

    /** Whether anything was let go of that nobody has taken. */
    public boolean hasLetGo() {
        return !letGo.isEmpty();
    }

    /** Hands what was let go of to the owner thread, which calls this. */
    public void takeLetGo(LongConsumer release) {
        for (Long address = letGo.poll(); address != null; address = letGo.poll()) {
            release.accept(address);
        }
    }
}
