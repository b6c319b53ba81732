package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.TaskFailedException;
import org.quantalang.scheduler.TaskState;
import org.quantalang.scheduler.Waker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;

/**
 * A task, with its waker, context and join handle in the same object: a spawn allocates this and
 * nothing else.
 *
 * @param <T> type of its value
 */
public final class TaskCell<T extends @Nullable Object> extends TaskWord
        implements JoinHandle<T>, Waker, Context {
    private static final Waiter CLOSED = new Waiter(null, null);
    private static final VarHandle WAITERS = waitersHandle();

    private final long id;
    private final TaskQueue queue;
    private @Nullable Pollable<T> pollable;
    private @Nullable Object outcome; // the value or the exception; read after isFinished
    private volatile @Nullable Waiter waiters;

    /** A thread that joins; the list is a Treiber stack that {@code CLOSED} ends for good. */
    private static final class Waiter {
        final @Nullable Thread thread;
        final @Nullable Waiter next;

        Waiter(@Nullable Thread thread, @Nullable Waiter next) {
            this.thread = thread;
            this.next = next;
        }
    }

    /** Makes a task that is ready; the caller enqueues it. */
    public TaskCell(long id, Pollable<T> pollable, TaskQueue queue) {
        this.id = id;
        this.pollable = pollable;
        this.queue = queue;
    }

    private static VarHandle waitersHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(TaskCell.class, "waiters", Waiter.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public Waker waker() {
        return this;
    }

    // ---- the worker that runs it

    /** Polls the task once, having taken it out of a queue. Nothing that it throws escapes. */
    public void run() {
        if (startTransition() == Next.ANNOUNCE_CANCELLED) {
            announceEnd();
            return;
        }
        Pollable<T> running = pollable;
        if (running == null) {
            throw new IllegalStateException("task runs after its end: id=" + id);
        }
        Poll<T> answer;
        try {
            answer = running.poll(this);
            if (answer == null) {
                throw new NullPointerException("poll answered null: " + running);
            }
        } catch (Throwable failure) { // an Error too: the task has failed, the worker lives on
            outcome = failure;
            endTransition(true);
            announceEnd();
            return;
        }
        if (answer instanceof Poll.Ready<T>(T value)) {
            outcome = value;
            endTransition(false);
            announceEnd();
            return;
        }
        switch (pendTransition()) {
            case ENQUEUE -> queue.enqueue(this);
            case ANNOUNCE_CANCELLED -> announceEnd();
            default -> {} // whoever has the waker brings it back
        }
    }

    private void announceEnd() {
        pollable = null; // a waker may be kept for long; what the task held may not
        // Acquire and release: pairs with the push in awaitEnd; after this no waiter can be added.
        Waiter waiter = (Waiter) WAITERS.getAndSet(this, CLOSED);
        for (; waiter != null; waiter = waiter.next) {
            LockSupport.unpark(waiter.thread);
        }
        queue.ended(this);
    }

    // ---- anyone

    @Override
    public void wake() {
        if (wakeTransition() == Next.ENQUEUE) {
            queue.enqueue(this);
        }
    }

    @Override
    public void cancel() {
        if (cancelTransition() == Next.ENQUEUE) {
            queue.enqueue(this);
        }
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // of a completed task the outcome is its value
    public T join() throws InterruptedException {
        awaitEnd();
        TaskState end = state();
        if (end == TaskState.CANCELLED) {
            throw new CancellationException("task was cancelled: id=" + id);
        }
        if (end == TaskState.PANICKED && outcome instanceof Throwable failure) {
            throw new TaskFailedException(id, failure);
        }
        return (T) outcome;
    }

    private void awaitEnd() throws InterruptedException {
        if (isFinished()) {
            return;
        }
        if (queue.isWorkerThread()) {
            throw new IllegalStateException(
                    "a worker must not block on a task: id=%d; poll it instead".formatted(id));
        }
        Waiter before;
        do {
            before = waiters;
            if (before == CLOSED) {
                return;
            }
        } while (!WAITERS.compareAndSet(this, before, new Waiter(Thread.currentThread(), before)));
        while (!isFinished()) {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while joining a task: id=" + id);
            }
            LockSupport.park(this);
        }
    }

    @Override
    public String toString() {
        return "task " + id + " " + state();
    }
}
