package org.quantalang.scheduler.internal.queue;

import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Takes tasks from threads that are no workers, and what does not fit a worker's ring. Threads that
 * add meet only those with the same stripe; who takes holds a stripe's token meanwhile, and passes
 * by a stripe that another holds. First in, first out for the tasks of one thread. Any thread.
 */
public final class Injector {
    private static final int CHUNK = 512;
    private static final int STRIPES = 4; // a power of two

    private final Stripe[] stripes = new Stripe[STRIPES];

    /** Makes an empty injector. */
    public Injector() {
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe();
        }
    }

    /** Adds a task; never fails. */
    public void add(TaskCell<?> task) {
        // Thread numbers are given out in turn: the lowest bits spread them best.
        stripes[(int) Thread.currentThread().threadId() & (STRIPES - 1)].tasks.offer(task);
    }

    /** Takes a task, or null if there is none or another worker is about to take it. */
    public @Nullable TaskCell<?> poll(int start) {
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
        for (Stripe stripe : stripes) {
            if (!stripe.tasks.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Tasks at this moment. */
    public long size() {
        long sum = 0;
        for (Stripe stripe : stripes) {
            sum += stripe.tasks.size();
        }
        return sum;
    }

    /** A queue of JCTools for many producers and the one consumer that holds the token. */
    private static final class Stripe {
        private static final VarHandle TOKEN;

        final MpscUnboundedVarHandleArrayQueue<TaskCell<?>> tasks =
                new MpscUnboundedVarHandleArrayQueue<>(CHUNK);

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

        boolean tryTake() {
            // Acquire: pairs with the release in putBack; the consumer's side of the queue.
            return (int) TOKEN.getOpaque(this) == 0 && TOKEN.compareAndSet(this, 0, 1);
        }

        void putBack() {
            TOKEN.setRelease(this, 0);
        }
    }
}
