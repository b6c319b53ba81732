package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.SpinLock;

import java.util.ArrayList;
import java.util.List;

/**
 * Parent and children of a task; only tasks that have any carry one. The children's list and its
 * links belong to the lock of the parent's family.
 */
final class Family {
    final TaskCell<?> self;
    final @Nullable Family parent;

    private final SpinLock lock = new SpinLock();
    private @Nullable Family firstChild;
    private @Nullable Family previous;
    private @Nullable Family next;
    private boolean linked;

    Family(TaskCell<?> self, @Nullable Family parent) {
        this.self = self;
        this.parent = parent;
    }

    /** Adds a child, before it runs. */
    void link(Family child) {
        lock.lock();
        child.next = firstChild;
        if (firstChild != null) {
            firstChild.previous = child;
        }
        firstChild = child;
        child.linked = true;
        lock.unlock();
    }

    /** Takes a child out that has ended. */
    void unlink(Family child) {
        lock.lock();
        if (child.linked) {
            child.linked = false;
            if (child.previous == null) {
                firstChild = child.next;
            } else {
                child.previous.next = child.next;
            }
            if (child.next != null) {
                child.next.previous = child.previous;
            }
            child.previous = null;
            child.next = null;
        }
        lock.unlock();
    }

    /** The children at this moment. */
    List<TaskCell<?>> children() {
        var all = new ArrayList<TaskCell<?>>();
        lock.lock();
        for (Family child = firstChild; child != null; child = child.next) {
            all.add(child.self);
        }
        lock.unlock();
        return all;
    }
}
