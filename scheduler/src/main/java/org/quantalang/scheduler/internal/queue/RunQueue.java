package org.quantalang.scheduler.internal.queue;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A worker's ring of ready tasks: the owner pushes at the tail and pops at the head, thieves take
 * half from the head with one compare-and-set. After the Go scheduler's run queue.
 *
 * <pre>
 *        head                      tail
 *         v                         v
 *   . . . t t t t t t t t t t t t t . . .     tail - head tasks, at most CAPACITY
 *         |-- thief copies half --|
 *         then head += half, or the copy is void
 * </pre>
 *
 * <p>Indices are 64 bits wide and only grow, so that an old head never comes back. A thief copies
 * before it claims: one that is descheduled between the two harms nobody. A slot is overwritten
 * only after head has passed it, which voids every copy that could have read it.
 */
public final class RunQueue {
    /** Tasks a ring holds; a power of two. */
    public static final int CAPACITY = 256;

    private static final VarHandle HEAD;
    private static final VarHandle TAIL;
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TaskCell[].class);

    private final TaskCell<?>[] slots;

    @SuppressWarnings("UnusedVariable") // reached through HEAD alone
    private volatile long head;

    @SuppressWarnings("UnusedVariable") // reached through TAIL alone
    private volatile long tail;

    private long cleared; // owner only: slots before it hold nothing

    static {
        try {
            var lookup = MethodHandles.lookup();
            HEAD =
                    lookup.findVarHandle(RunQueue.class, "head", long.class)
                            .withInvokeExactBehavior();
            TAIL =
                    lookup.findVarHandle(RunQueue.class, "tail", long.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Makes an empty ring; the calling worker becomes its owner by using it. */
    public RunQueue() {
        this(CAPACITY);
    }

    /** For tests, which reach the end of a small ring sooner; {@code capacity} a power of two. */
    RunQueue(int capacity) {
        slots = new TaskCell<?>[capacity];
    }

    private int at(long index) {
        return (int) index & (slots.length - 1);
    }

    /** Owner: adds a task at the back. Returns false if the ring is full. */
    public boolean push(TaskCell<?> task) {
        long back = (long) TAIL.get(this);
        // Acquire: pairs with the claim in steal and pop; the slot's last reader is done.
        if (back - (long) HEAD.getAcquire(this) == slots.length) {
            return false;
        }
        SLOT.setOpaque(slots, at(back), task);
        TAIL.setRelease(this, back + 1); // release: pairs with the acquire in steal
        return true;
    }

    /** Owner: takes the oldest task, or null. */
    public @Nullable TaskCell<?> pop() {
        long back = (long) TAIL.get(this);
        while (true) {
            long front = (long) HEAD.getAcquire(this);
            if (front == back) {
                return null;
            }
            TaskCell<?> task = slots[at(front)];
            // Against thieves alone; the owner wrote the slot itself.
            if (HEAD.compareAndSet(this, front, front + 1)) {
                return task;
            }
        }
    }

    /**
     * Owner, when the ring is full: takes the oldest half out. The newest half would come back from
     * the injector fewer times; but a tree of tasks then grows in breadth before any of it ends,
     * and a million live tasks cost the garbage collector more than the bouncing.
     *
     * @return the number of tasks written to {@code target}; 0 if thieves made room meanwhile
     */
    public int takeHalf(TaskCell<?>[] target) {
        long front = (long) HEAD.getAcquire(this);
        if ((long) TAIL.get(this) - front != slots.length) {
            return 0;
        }
        int half = slots.length / 2;
        for (int i = 0; i < half; i++) {
            target[i] = slots[at(front + i)];
        }
        return HEAD.compareAndSet(this, front, front + half) ? half : 0;
    }

    /**
     * A thief: moves the older half of this ring into the thief's own, which is empty.
     *
     * @param own the ring of the calling worker
     * @return one of the tasks, to run at once; null if there was nothing to take or another thread
     *     was faster
     */
    public @Nullable TaskCell<?> stealInto(RunQueue own) {
        long front = (long) HEAD.getAcquire(this);
        long back = (long) TAIL.getAcquire(this); // acquire: the slots before it are visible
        long available = back - front;
        if (available <= 0) {
            return null;
        }
        int count = (int) (available - available / 2);
        long to = (long) TAIL.get(own);
        TaskCell<?> first = (TaskCell<?>) SLOT.getOpaque(slots, at(front));
        for (int i = 1; i < count; i++) {
            TaskCell<?> task = (TaskCell<?>) SLOT.getOpaque(slots, at(front + i));
            SLOT.setOpaque(own.slots, own.at(to + i - 1), task);
        }
        if (!HEAD.compareAndSet(this, front, front + count)) {
            for (int i = 1; i < count; i++) {
                SLOT.setOpaque(own.slots, own.at(to + i - 1), null); // the copy is void
            }
            return null;
        }
        TAIL.setRelease(own, to + count - 1);
        return first;
    }

    /** How many tasks have left so far: changes with every pop and theft. Any thread. */
    public long taken() {
        return (long) HEAD.getAcquire(this);
    }

    /** Tasks at this moment; any thread. */
    public int size() {
        // Volatile: a worker that goes to sleep reads this after it has set its bit; pairs with the
        // compare-and-set in pop, after which the owner reads the bits.
        long front = (long) HEAD.getVolatile(this);
        return (int) Math.max(0, (long) TAIL.getAcquire(this) - front);
    }

    /**
     * Owner, before it sleeps and now and then: forgets tasks that have left, so that they can be
     * collected.
     */
    public void clearTaken() {
        long front = (long) HEAD.getAcquire(this);
        for (long at = Math.max(cleared, front - slots.length); at < front; at++) {
            if (at + slots.length >= (long) TAIL.get(this)) {
                SLOT.setOpaque(slots, at(at), null);
            }
        }
        cleared = front;
    }
}
