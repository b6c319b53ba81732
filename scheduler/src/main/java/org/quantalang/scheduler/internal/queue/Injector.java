package org.quantalang.scheduler.internal.queue;

import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.task.TaskList;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Supplier;

/**
 * Takes tasks from threads that are no workers, and what does not fit a worker's ring. Threads that
 * add meet only those with the same stripe; who takes holds a stripe's token meanwhile, and passes
 * by a stripe that another holds. First in, first out for the tasks of one thread, unless memory
 * runs out: what a stripe finds none for is kept in a list through the tasks themselves, and taken
 * before all others. Any thread.
 */
public final class Injector {
    private static final int CHUNK = 512;
    private static final int STRIPES = 4; // a power of two

    private final Stripe[] stripes = new Stripe[STRIPES];
    private final TaskList withoutMemory = new TaskList();

    /** Makes an empty injector. */
    public Injector() {
        this(() -> new MpscUnboundedVarHandleArrayQueue<>(CHUNK));
    }

    /** For tests, whose queues may find no memory. */
    Injector(Supplier<MpscUnboundedVarHandleArrayQueue<TaskCell<?>>> queues) {
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe(queues.get());
        }
    }

    /** Adds a task; never fails for want of memory. */
    public void add(TaskCell<?> task) {
        try {
            // Thread numbers are given out in turn: the lowest bits spread them best.
            stripes[(int) Thread.currentThread().threadId() & (STRIPES - 1)].tasks.offer(task);
        } catch (OutOfMemoryError e) {
            withoutMemory.add(task); // the queue is as it was before
        }
    }

    private @Nullable TaskCell<?> pollWithoutMemory() {
        return withoutMemory.isEmpty() ? null : withoutMemory.poll();
    }

    /** Takes a task, or null if there is none or another worker is about to take it. */
    public @Nullable TaskCell<?> poll(int start) {
        TaskCell<?> spilled = pollWithoutMemory();
        if (spilled != null) {
            return spilled;
        }
        for (int i = 0; i < STRIPES; i++) {
            Stripe stripe = stripes[(start + i) & (STRIPES - 1)];
            if (!stripe.tasks.isEmpty() && stripe.tryTake()) {
                TaskCell<?> task = stripe.tasks.poll();
                stripe.putBack();
                if (task != null) {
                    return task;
                }
            }
        }
        return null;
    }

    /**
     * Takes a share of one stripe: the first to run at once, the others into a worker's own ring,
     * which has room for them.
     *
     * @param start stripe to look at first
     * @param ring of the calling worker
     * @param sharers among how many workers the tasks are divided
     * @param most tasks to take at most
     */
    public @Nullable TaskCell<?> pollInto(int start, RunQueue ring, int sharers, int most) {
        TaskCell<?> spilled = pollWithoutMemory();
        if (spilled != null) {
            return spilled;
        }
        for (int i = 0; i < STRIPES; i++) {
            Stripe stripe = stripes[(start + i) & (STRIPES - 1)];
            if (stripe.tasks.isEmpty() || !stripe.tryTake()) {
                continue;
            }
            TaskCell<?> first = stripe.tasks.relaxedPoll();
            if (first != null) {
                int share = Math.min(most - 1, stripe.tasks.size() / sharers);
                for (int k = 0; k < share; k++) {
                    TaskCell<?> more = stripe.tasks.relaxedPoll();
                    if (more == null) {
                        break;
                    }
                    if (!ring.push(more)) {
                        throw new IllegalStateException("no room in the ring: share=" + share);
                    }
                }
            }
            stripe.putBack();
            if (first != null) {
                return first;
            }
        }
        return null;
    }

    /** Whether there is nothing at this moment. */
    public boolean isEmpty() {
        if (!withoutMemory.isEmpty()) {
            return false;
        }
        for (Stripe stripe : stripes) {
            if (!stripe.tasks.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Tasks at this moment. */
    public long size() {
        long sum = withoutMemory.size();
        for (Stripe stripe : stripes) {
            sum += stripe.tasks.size();
        }
        return sum;
    }

    /** A queue of JCTools for many producers and the one consumer that holds the token. */
    private static final class Stripe {
        private static final VarHandle TOKEN;

        final MpscUnboundedVarHandleArrayQueue<TaskCell<?>> tasks;

        @SuppressWarnings("UnusedVariable") // reached through TOKEN alone
        private volatile int taking;

        static {
            try {
                TOKEN =
                        MethodHandles.lookup()
                                .findVarHandle(Stripe.class, "taking", int.class)
                                .withInvokeExactBehavior();
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        Stripe(MpscUnboundedVarHandleArrayQueue<TaskCell<?>> tasks) {
            this.tasks = tasks;
        }

        boolean tryTake() {
            // Acquire: pairs with the release in putBack; the consumer's side of the queue.
            return (int) TOKEN.getOpaque(this) == 0 && TOKEN.compareAndSet(this, 0, 1);
        }

        void putBack() {
            TOKEN.setRelease(this, 0);
        }
    }
}
