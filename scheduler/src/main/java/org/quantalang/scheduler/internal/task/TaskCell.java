package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Task;
import org.quantalang.scheduler.TaskFailedException;
import org.quantalang.scheduler.TaskState;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * A task, with its waker, context and join handle in the same object: a spawn allocates this and
 * nothing else.
 *
 * @param <T> type of its value
 */
public final class TaskCell<T extends @Nullable Object> extends TaskWord
        implements JoinHandle<T>, Waker, Context {
    /**
     * Operations in one poll before others get their turn. Free permits and filled channels cost
     * some 15 ns each, so that a poll of them alone lasts 30 us, a few times what a wake costs.
     * With Tokio's 128, tasks that contend changed workers so often that it took half of their
     * time; with 512, an eighth.
     */
    private static final int BUDGET = 2048;

    /** How far back a repeated poll of a join looks for its own registration. */
    private static final int REGISTRATIONS_SEARCHED = 8;

    /** Waiters from which on those that want to hear no more are looked for. */
    private static final int FIRST_SWEEP = 32;

    private static final EndWaiter NO_MORE = new EndWaiter(new Object(), null);
    private static final VarHandle WAITERS = handle("waiters", EndWaiter.class);
    private static final VarHandle FAMILY = handle("family", Family.class);

    private final long id;
    private final TaskQueue queue;
    private int budget;
    private @Nullable Pollable<T> pollable;
    // The value, the exception or an UnaskedFailure of it; read after isFinished.
    private @Nullable Object outcome;
    private volatile @Nullable EndWaiter waiters;
    private volatile @Nullable Family family;
    @Nullable TaskCell<?> following; // in a TaskList, whose it is

    /**
     * Who hears of the end: a thread to unpark, a waker or an action. The list is a Treiber stack
     * that {@code NO_MORE} ends for good. A node is not changed once it is in the list, but for the
     * end's turning it round.
     */
    private static final class EndWaiter {
        private final Object whom;
        private final int size;
        private final int sweepAt; // when the list has grown to this

        private @Nullable EndWaiter next;

        EndWaiter(Object whom, @Nullable EndWaiter next) {
            this(whom, next, next == null ? FIRST_SWEEP : next.sweepAt);
        }

        EndWaiter(Object whom, @Nullable EndWaiter next, int sweepAt) {
            this.whom = whom;
            this.next = next;
            this.size = next == null ? 1 : next.size + 1;
            this.sweepAt = sweepAt;
        }

        /** Whoever has ended otherwise, and will not look any more. */
        boolean isOver() {
            return switch (whom) {
                case TaskCell<?> task -> task.isFinished();
                case BlockingPoll poll -> poll.isOver();
                case Thread thread -> !thread.isAlive();
                default -> false;
            };
        }
    }

    /** Makes a task that is ready; the caller enqueues it. */
    public TaskCell(long id, Pollable<T> pollable, TaskQueue queue) {
        this.id = id;
        this.pollable = pollable;
        this.queue = queue;
    }

    private static VarHandle handle(String field, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(TaskCell.class, field, type);
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

    @Override
    public Timers timers() {
        return queue.timers();
    }

    @Override
    public boolean mayGoOn() {
        if (--budget >= 0) {
            return true;
        }
        wake();
        return false;
    }

    /** Whether this is a task of the executor that {@code other} is to its tasks. */
    @SuppressWarnings("ReferenceEquality") // the same executor, not an equal one
    public boolean belongsTo(TaskQueue other) {
        return queue == other;
    }

    // ---- the worker that runs it

    /** Polls the task once, having taken it out of a queue. Nothing that it throws escapes. */
    public void run() {
        if (startTransition() == Next.ANNOUNCE_CANCELLED) {
            endCancelled();
            return;
        }
        Pollable<T> running = pollable;
        if (running == null) {
            throw new IllegalStateException("task runs after its end: id=" + id);
        }
        budget = BUDGET;
        Poll<T> answer;
        try {
            answer = running.poll(this);
            if (answer == null) {
                throw new NullPointerException("poll answered null: " + running);
            }
        } catch (Throwable failure) { // an Error too: the task has failed, the worker lives on
            try {
                keep(failure, running);
            } finally {
                end(TaskState.PANICKED);
            }
            return;
        }
        if (answer instanceof Poll.Ready<T>(T value)) {
            outcome = value;
            end(TaskState.COMPLETED);
            return;
        }
        switch (pendTransition()) {
            case ENQUEUE -> queue.requeue(this);
            case ANNOUNCE_CANCELLED -> endCancelled();
            default -> {} // whoever has the waker brings it back
        }
    }

    private void keep(Throwable failure, Pollable<T> failed) {
        outcome = failure;
        try {
            outcome = queue.failed(this, failed, failure);
        } catch (Throwable further) { // memory has run out
            Foreign.report(further);
        }
    }

    /** Ends a task that is in no queue yet, since memory ran out while it was spawned. */
    public void abandon() {
        Next _ = startTransition();
        end(TaskState.CANCELLED);
    }

    private void endCancelled() {
        Pollable<T> held = pollable;
        try {
            if (held != null) {
                held.cancelled();
            }
        } catch (Throwable failure) {
            Foreign.report(failure);
        } finally {
            end(TaskState.CANCELLED);
        }
    }

    /**
     * Gives back what the task holds, and only then ends it and tells who waits: whoever sees the
     * end may take away what the task used. Allocates nothing itself, unless children have to be
     * cancelled: memory may have run out, and others wait for this.
     */
    private void end(TaskState end) {
        try {
            pollable = null; // a waker may be kept for long; what the task held may not
            if (isWaiting()) {
                abortWaits();
            }
            Family own = family;
            if (own != null) {
                own.end().forEach(TaskCell::cancel);
            }
        } catch (Throwable failure) {
            Foreign.report(failure);
        } finally {
            try {
                announce(end);
            } finally {
                queue.ended(this);
            }
        }
    }

    private void announce(TaskState end) {
        endTransition(end);
        // Acquire and release: pairs with the push in register; after this none can be added.
        EndWaiter waiter = inOrder((EndWaiter) WAITERS.getAndSet(this, NO_MORE));
        for (; waiter != null; waiter = waiter.next) {
            tell(waiter.whom);
        }
    }

    /** Turns the stack round: whoever came first hears first. */
    private static @Nullable EndWaiter inOrder(@Nullable EndWaiter newest) {
        EndWaiter turned = null;
        EndWaiter at = newest;
        while (at != null) {
            EndWaiter older = at.next;
            at.next = turned;
            turned = at;
            at = older;
        }
        return turned;
    }

    private static void tell(Object whom) {
        // No switch over types: it makes a class at its first use, and memory may have run out.
        if (whom instanceof Thread thread) {
            LockSupport.unpark(thread);
        } else if (whom instanceof Waker waker) {
            Foreign.wake(waker);
        } else if (whom instanceof Runnable action) {
            Foreign.run(action);
        }
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
        List<TaskCell<?>> children = cancelButDescendants();
        if (children.isEmpty()) {
            return;
        }
        // By a work list: descendants may be deeper than any stack.
        var left = new ArrayDeque<>(children);
        for (TaskCell<?> next = left.poll(); next != null; next = left.poll()) {
            left.addAll(next.cancelButDescendants());
        }
    }

    /**
     * Asks this task alone to end; returns its children. These are marked before the task, which
     * may end at once and hand them on; a family that is made beside this is seen by the second
     * look, or its maker sees the task's word.
     */
    private List<TaskCell<?>> cancelButDescendants() {
        Family own = family;
        List<TaskCell<?>> children = own == null ? List.of() : own.cancel();
        cancelAlone();
        if (own == null) {
            own = family;
            children = own == null ? List.of() : own.cancel();
        }
        return children;
    }

    private void cancelAlone() {
        if (cancelTransition() == Next.ENQUEUE) {
            queue.enqueue(this);
        }
    }

    /** Makes {@code child}, which has not run yet, a child of this task. */
    public void adopt(TaskCell<?> child) {
        Family own = family;
        if (own == null) {
            var made = new Family(this);
            own = FAMILY.compareAndSet(this, null, made) ? made : family;
        }
        if (own == null) {
            throw new IllegalStateException("family vanished: id=" + id);
        }
        Family childs = own.ofChild(child);
        child.family = childs;
        boolean cancelled = own.link(childs);
        // Linked, then looked: a cancellation that saw no family before sees to it that this does.
        VarHandle.fullFence();
        if (cancelled || cancelRequested()) {
            child.cancel(); // in no queue yet; somebody may have found it and given it children
        }
    }

    @Override
    public @Nullable Task parent() {
        Family own = family;
        Family above = own == null ? null : own.parent();
        return above == null ? null : above.self;
    }

    @Override
    public List<Task> children() {
        Family own = family;
        return own == null ? List.of() : List.copyOf(own.children());
    }

    @Override
    public T join() throws InterruptedException {
        awaitEnd();
        return outcome();
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // of a completed task the outcome is its value
    private T outcome() {
        TaskState end = state();
        if (end == TaskState.CANCELLED) {
            throw new CancellationException("task was cancelled: id=" + id);
        }
        Throwable failure = failure(end);
        if (failure != null) {
            throw new TaskFailedException(id, failure);
        }
        return (T) outcome;
    }

    /** What the task threw, if it ended so; whoever gets it here has asked for it. */
    private @Nullable Throwable failure(TaskState end) {
        if (end != TaskState.PANICKED) {
            return null;
        }
        try {
            return outcome instanceof UnaskedFailure unasked ? unasked.ask() : (Throwable) outcome;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void awaitEnd() throws InterruptedException {
        refuseToBlock(isFinished());
        register(Thread.currentThread());
        while (!isFinished()) {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while joining a task: id=" + id);
            }
            LockSupport.park(this);
        }
    }

    private void refuseToBlock(boolean over) {
        String refusal = over ? null : queue.whyNotBlock(id);
        if (refusal != null) {
            throw new IllegalStateException(refusal);
        }
    }

    @Override
    public Poll<T> poll(Context context) {
        if (!context.mayGoOn()) {
            return Poll.pending();
        }
        // Registered, then looked at again: an end between the two is seen by one of them.
        if (isFinished() || !register(context.waker())) {
            return Poll.ready(outcome());
        }
        return Poll.pending();
    }

    /** Returns whether the waiter will hear of the end; if not, the task has ended. */
    @SuppressWarnings("ReferenceEquality") // the same waiter, not an equal one
    private boolean register(Object whom) {
        while (true) {
            EndWaiter before = waiters;
            if (before == NO_MORE) {
                return false;
            }
            EndWaiter at = before;
            for (int i = 0; at != null && i < REGISTRATIONS_SEARCHED; i++, at = at.next) {
                if (at.whom == whom) {
                    return true; // polled again without having been told
                }
            }
            EndWaiter kept =
                    before != null && before.size >= before.sweepAt ? swept(before) : before;
            if (WAITERS.compareAndSet(this, before, new EndWaiter(whom, kept))) {
                return true;
            }
        }
    }

    /**
     * A list without those that are over, each once; the next sweep is due when it has doubled. So
     * that a handle which is polled for long holds no more than twice as many as wait.
     */
    private static @Nullable EndWaiter swept(EndWaiter newest) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        var wanted = new ArrayDeque<Object>(); // oldest first
        for (EndWaiter at = newest; at != null; at = at.next) {
            if (!at.isOver() && seen.add(at.whom)) {
                wanted.addFirst(at.whom);
            }
        }
        int sweepAt = Math.max(FIRST_SWEEP, 2 * wanted.size());
        EndWaiter list = null;
        for (Object whom : wanted) {
            list = new EndWaiter(whom, list, sweepAt);
        }
        return list;
    }

    @Override
    public void onEnd(Runnable action) {
        Objects.requireNonNull(action, "action is null");
        if (!register(new Action(action))) {
            Foreign.run(action);
        }
    }

    /** Makes every action a waiter of its own, even if it is a waker or a thread as well. */
    private record Action(Runnable action) implements Runnable {
        @Override
        public void run() {
            action.run();
        }
    }

    @Override
    public CompletableFuture<T> toFuture() {
        var future =
                new CompletableFuture<T>() {
                    @Override
                    public boolean cancel(boolean mayInterruptIfRunning) {
                        if (!isDone()) {
                            TaskCell.this.cancel();
                        }
                        return super.cancel(mayInterruptIfRunning);
                    }

                    @Override
                    public T get() throws InterruptedException, ExecutionException {
                        refuseToBlock(isDone());
                        return super.get();
                    }

                    @Override
                    public T get(long timeout, TimeUnit unit)
                            throws InterruptedException, ExecutionException, TimeoutException {
                        refuseToBlock(isDone());
                        return super.get(timeout, unit);
                    }

                    @Override
                    public T join() {
                        refuseToBlock(isDone());
                        return super.join();
                    }
                };
        onEnd(
                () -> {
                    Throwable failure = failure(state());
                    if (failure != null) {
                        future.completeExceptionally(failure);
                    } else {
                        try {
                            future.complete(outcome());
                        } catch (CancellationException cancelled) {
                            future.completeExceptionally(cancelled);
                        }
                    }
                });
        return future;
    }

    @Override
    public String toString() {
        return "task " + id + " " + state();
    }
}
