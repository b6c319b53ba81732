package org.quantalang.scheduler.internal.wait;

import org.jspecify.annotations.Nullable;

/** Operations that wait, first come first served; under the lock of its primitive. */
public final class WaitQueue {
    private @Nullable Wait first;
    private @Nullable Wait last;
    private int size;

    /** Makes an empty queue. */
    public WaitQueue() {}

    /** Returns the one that waits longest, or null. */
    public @Nullable Wait first() {
        return first;
    }

    /** Returns the one that came after another, or null. */
    public @Nullable Wait after(Wait wait) {
        return wait.next;
    }

    /** Returns how many wait. */
    public int size() {
        return size;
    }

    /** Adds one at the end. */
    public void add(Wait wait) {
        wait.state = Wait.QUEUED;
        wait.previous = last;
        if (last == null) {
            first = wait;
        } else {
            last.next = wait;
        }
        last = wait;
        size++;
    }

    /** Takes one out, wherever it stands. The caller says what it is from now on. */
    public void remove(Wait wait) {
        if (wait.previous == null) {
            first = wait.next;
        } else {
            wait.previous.next = wait.next;
        }
        if (wait.next == null) {
            last = wait.previous;
        } else {
            wait.next.previous = wait.previous;
        }
        wait.previous = null;
        wait.next = null;
        size--;
    }
}
