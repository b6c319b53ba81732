package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.Foreign;
import org.quantalang.scheduler.internal.wait.SpinLock;
import org.quantalang.scheduler.internal.wait.Wait;
import org.quantalang.scheduler.internal.wait.WaitQueue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Objects;

/**
 * A bounded queue between tasks: any number send, any number receive, first in, first out; who
 * waits longest is served first. Any thread.
 *
 * <p>An element goes straight to a receiver that waits. If that receiver's task ends before it has
 * seen the element, the next receiver gets it, or it returns to the front: none is lost. Where that
 * happens after {@link #close}, whoever receives afterwards gets it; a receiver that was told of
 * the end before does not. Several elements that return so do in the order in which their receivers
 * end, each before the last, which need not be the order in which they were sent.
 *
 * @param <T> type of the elements, which are never null
 */
public final class Channel<T> implements AutoCloseable {
    /** What {@link #trySend} has done. */
    public enum SendResult {
        /** The element is in the channel or with a receiver. */
        SENT,
        /** There is no room; the caller keeps the element. */
        FULL,
        /** The channel is closed; the caller keeps the element. */
        CLOSED
    }

    private static final int INITIAL_SLOTS = 64;

    private final SpinLock lock = new SpinLock();
    private final ArrayDeque<T> buffer;
    private final int capacity;
    private final WaitQueue senders = new WaitQueue();
    private final WaitQueue receivers = new WaitQueue();
    private boolean closed;

    /**
     * Makes an empty channel.
     *
     * @param capacity elements it holds at most
     * @throws IllegalArgumentException if {@code capacity} is not positive
     */
    public Channel(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be positive: capacity=" + capacity);
        }
        this.capacity = capacity;
        this.buffer = new ArrayDeque<>(Math.min(capacity, INITIAL_SLOTS));
    }

    /** Sends without waiting. */
    public SendResult trySend(T element) {
        Objects.requireNonNull(element, "element is null");
        Waker whom;
        lock.lock();
        try {
            if (closed) {
                return SendResult.CLOSED;
            }
            if (receivers.first() == null && buffer.size() >= capacity) {
                return SendResult.FULL;
            }
            whom = putLocked(element);
        } finally {
            lock.unlock();
        }
        if (whom != null) {
            Foreign.wake(whom);
        }
        return SendResult.SENT;
    }

    /** Receives without waiting: null if there is nothing, see {@link #isDrained}. */
    public @Nullable T tryReceive() {
        T element;
        Waker whom;
        lock.lock();
        try {
            element = buffer.poll();
            whom = element == null ? null : refillLocked();
        } finally {
            lock.unlock();
        }
        if (whom != null) {
            Foreign.wake(whom);
        }
        return element;
    }

    /**
     * Returns an operation that sends one element: ready with true once it is in the channel, with
     * false if the channel was closed first. One that is cancelled may have been sent all the same,
     * if a place became free before it was polled again. Belongs to one task.
     */
    public Pollable<Boolean> send(T element) {
        return new Send(Objects.requireNonNull(element, "element is null"));
    }

    /**
     * Returns an operation that receives an element: ready with it, or with null once the channel
     * is closed and empty. Polled again after that, it receives the next one. Belongs to one task.
     */
    public Pollable<@Nullable T> receive() {
        return new Receive();
    }

    private @Nullable Waker putLocked(T element) {
        Wait first = receivers.first();
        if (first == null) {
            buffer.add(element);
            return null;
        }
        return give(first, element);
    }

    @SuppressWarnings("unchecked") // the queue of receivers holds nothing else
    private @Nullable Waker give(Wait receiver, T element) {
        receivers.remove(receiver);
        return ((Receive) receiver).granted(element);
    }

    /** A place has become free: the sender that waits longest gets it. */
    @SuppressWarnings("unchecked") // the queue of senders holds nothing else
    private @Nullable Waker refillLocked() {
        Wait first = senders.first();
        if (first == null || buffer.size() >= capacity) {
            return null;
        }
        senders.remove(first);
        var sender = (Send) first;
        buffer.add(sender.element);
        return sender.accepted();
    }

    /**
     * Ends the channel: nothing can be sent any more, what is in it can still be received. Those
     * that wait are woken: senders get false, receivers null. Repeatable.
     */
    @Override
    @SuppressWarnings("unchecked") // each queue holds one kind
    public void close() {
        var whom = new ArrayList<@Nullable Waker>();
        lock.lock();
        try {
            closed = true;
            for (Wait next = senders.first(); next != null; next = senders.first()) {
                senders.remove(next);
                whom.add(((Send) next).refused());
            }
            for (Wait next = receivers.first(); next != null; next = receivers.first()) {
                receivers.remove(next);
                whom.add(((Receive) next).ended());
            }
        } finally {
            lock.unlock();
        }
        for (Waker each : whom) {
            if (each != null) {
                Foreign.wake(each);
            }
        }
    }

    /** Whether the channel was closed. */
    public boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the channel was closed and everything in it received. */
    public boolean isDrained() {
        lock.lock();
        try {
            return closed && buffer.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many elements are in the channel at this moment. */
    public int size() {
        lock.lock();
        try {
            return buffer.size();
        } finally {
            lock.unlock();
        }
    }

    private final class Send extends Wait implements Pollable<Boolean> {
        private final T element;

        Send(T element) {
            this.element = element;
        }

        @Override
        public Poll<Boolean> poll(Context context) {
            if (!context.mayGoOn()) {
                return Poll.pending();
            }
            boolean sent;
            Waker whom = null;
            Waker own = context.waker(); // may be foreign code: not under the lock
            lock.lock();
            try {
                sent = state == GRANTED;
                if (state == IDLE
                        && !closed
                        && senders.first() == null
                        && (receivers.first() != null || buffer.size() < capacity)) {
                    whom = putLocked(element);
                    sent = true;
                }
                if (!sent && state != CLOSED && !closed) {
                    wakeWith(own);
                    if (state == IDLE) {
                        senders.add(this);
                    }
                    attach(context);
                    return Poll.pending();
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
            if (whom != null) {
                Foreign.wake(whom);
            }
            detach();
            return Poll.ready(sent);
        }

        @Nullable Waker accepted() {
            return settle(GRANTED);
        }

        @Nullable Waker refused() {
            return settle(CLOSED);
        }

        @Override
        public void cancelled() {
            giveUp();
        }

        @Override
        public void abort() {
            lock.lock();
            try {
                if (state == QUEUED) {
                    senders.remove(this);
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
        }
    }

    private final class Receive extends Wait implements Pollable<@Nullable T> {
        private @Nullable T received;

        @Override
        @SuppressWarnings("NullAway") // null is the value for closed and empty
        public Poll<@Nullable T> poll(Context context) {
            if (!context.mayGoOn()) {
                return Poll.pending();
            }
            T element;
            Waker whom = null;
            Waker own = context.waker(); // may be foreign code: not under the lock
            lock.lock();
            try {
                if (state == GRANTED) {
                    element = received;
                    received = null;
                } else {
                    element = state == IDLE ? buffer.poll() : null;
                    if (element != null) {
                        whom = refillLocked();
                    } else if (state != CLOSED && !closed) {
                        wakeWith(own);
                        if (state == IDLE) {
                            receivers.add(this);
                        }
                        attach(context);
                        return Poll.pending();
                    }
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
            if (whom != null) {
                Foreign.wake(whom);
            }
            detach();
            return Poll.ready(element);
        }

        @Nullable Waker granted(T element) {
            received = element;
            return settle(GRANTED);
        }

        @Nullable Waker ended() {
            return settle(CLOSED);
        }

        @Override
        public void cancelled() {
            giveUp();
        }

        @Override
        public void abort() {
            Waker whom = null;
            lock.lock();
            try {
                if (state == QUEUED) {
                    receivers.remove(this);
                } else if (state == GRANTED && received != null) {
                    Wait first = receivers.first();
                    if (first != null) {
                        whom = give(first, received);
                    } else {
                        buffer.addFirst(received); // may stand above the capacity for a while
                    }
                    received = null;
                }
                state = IDLE;
            } finally {
                lock.unlock();
            }
            if (whom != null) {
                Foreign.wake(whom);
            }
        }
    }
}
