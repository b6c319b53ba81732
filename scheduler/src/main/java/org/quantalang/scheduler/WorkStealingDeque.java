package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.SpinLock;

import java.util.ArrayDeque;
import java.util.Objects;

/**
 * A queue with an owner, who pushes and pops the newest, and thieves, who steal the oldest. The
 * executor's own workers use a ring that is stolen from in halves without a lock; this type is for
 * other uses, where order at both ends and any number of elements matter more than the last
 * nanosecond.
 *
 * @param <T> type of the elements, which are never null
 */
public final class WorkStealingDeque<T> {
    private final SpinLock lock = new SpinLock();
    private final ArrayDeque<T> elements = new ArrayDeque<>();

    /** Makes an empty deque. */
    public WorkStealingDeque() {}

    /** The owner adds the newest element. */
    public void push(T element) {
        Objects.requireNonNull(element, "element is null");
        lock.lock();
        try {
            elements.addLast(element);
        } finally {
            lock.unlock();
        }
    }

    /** The owner takes the newest element, or null. */
    public @Nullable T pop() {
        lock.lock();
        try {
            return elements.pollLast();
        } finally {
            lock.unlock();
        }
    }

    /** Anyone takes the oldest element, or null. */
    public @Nullable T steal() {
        lock.lock();
        try {
            return elements.pollFirst();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Anyone moves the oldest elements to the end of another deque: half of them, rounded up, and
     * not more than {@code max}.
     *
     * @return how many were moved
     * @throws IllegalArgumentException if {@code max} is negative or {@code target} is this deque
     */
    public int stealBatch(WorkStealingDeque<? super T> target, int max) {
        if (max < 0) {
            throw new IllegalArgumentException("max is negative: max=" + max);
        }
        if (target == this) {
            throw new IllegalArgumentException("a deque cannot steal from itself");
        }
        // Taken out first: two deques that steal from each other never hold both locks.
        var moved = new ArrayDeque<T>();
        lock.lock();
        try {
            int count = Math.min(max, elements.size() - elements.size() / 2);
            for (int i = 0; i < count; i++) {
                T oldest = elements.pollFirst();
                if (oldest == null) {
                    break;
                }
                moved.addLast(oldest);
            }
        } finally {
            lock.unlock();
        }
        target.lock.lock();
        try {
            target.elements.addAll(moved);
        } finally {
            target.lock.unlock();
        }
        return moved.size();
    }

    /** Returns the number of elements at this moment. */
    public int size() {
        lock.lock();
        try {
            return elements.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whether there is no element at this moment. */
    public boolean isEmpty() {
        return size() == 0;
    }
}
