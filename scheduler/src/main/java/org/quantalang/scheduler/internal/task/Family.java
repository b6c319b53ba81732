package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.SpinLock;

import java.util.ArrayList;
import java.util.List;

/**
 * Parent and children of a task; only tasks that have any carry one. All families of one tree share
 * a lock, to which the lists, their links and the marks belong.
 *
 * <p>A task that ends hands its children to its parent, so that the tree holds no chain of tasks
 * that have ended, and a cancellation from above reaches all: if one is on its way, the task that
 * ends passes it on. The first of a tree, which has nobody above it, keeps its children; so does
 * one that was cancelled, whose children end by that.
 */
final class Family {
    final TaskCell<?> self;

    private final SpinLock lock;
    private volatile @Nullable Family parent; // written under the lock
    private @Nullable Family firstChild;
    private @Nullable Family previous;
    private @Nullable Family next;
    private boolean linked;
    private boolean ended;
    private boolean cancelled;

    /** The first of a tree. */
    Family(TaskCell<?> self) {
        this.self = self;
        this.lock = new SpinLock();
    }

    private Family(TaskCell<?> self, SpinLock lock) {
        this.self = self;
        this.lock = lock;
    }

    @Nullable Family parent() {
        return parent;
    }

    /** Makes the family of a child, which has not run yet and is not linked. */
    Family ofChild(TaskCell<?> child) {
        return new Family(child, lock);
    }

    /**
     * Adds a child. If this has ended, it is its parent's.
     *
     * @return whether the cancellation of those above reached this before, so that it does not
     *     reach the child by itself
     */
    boolean link(Family child) {
        lock.lock();
        try {
            Family to = this;
            boolean anyCancelled = cancelled;
            for (Family above = to.parent; to.ended && above != null; above = to.parent) {
                to = above;
                anyCancelled |= to.cancelled;
            }
            to.add(child);
            return anyCancelled;
        } finally {
            lock.unlock();
        }
    }

    private void add(Family child) {
        child.parent = this;
        child.previous = null;
        child.next = firstChild;
        if (firstChild != null) {
            firstChild.previous = child;
        }
        firstChild = child;
        child.linked = true;
    }

    /**
     * The task has ended: it leaves its parent, and its children become that one's.
     *
     * @return those children for the caller to cancel: the cancellation of the parent has read its
     *     list before, and finds none at this task
     */
    List<TaskCell<?>> end() {
        lock.lock();
        try {
            ended = true;
            Family above = parent;
            if (above == null) {
                return List.of();
            }
            if (linked) {
                above.remove(this);
            }
            if (cancelled || firstChild == null) {
                return List.of();
            }
            List<TaskCell<?>> missed = above.cancelled ? copy() : List.of();
            while (firstChild != null) {
                Family child = firstChild;
                remove(child);
                above.add(child);
            }
            return missed;
        } finally {
            lock.unlock();
        }
    }

    private void remove(Family child) {
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

    /** The children at this moment. */
    List<TaskCell<?>> children() {
        lock.lock();
        try {
            return copy();
        } finally {
            lock.unlock();
        }
    }

    /** The same, for a cancellation that goes on to them; those added later hear of it by that. */
    List<TaskCell<?>> cancel() {
        lock.lock();
        try {
            cancelled = true;
            return copy();
        } finally {
            lock.unlock();
        }
    }

    private List<TaskCell<?>> copy() {
        var all = new ArrayList<TaskCell<?>>();
        for (Family child = firstChild; child != null; child = child.next) {
            all.add(child.self);
        }
        return all;
    }
}
