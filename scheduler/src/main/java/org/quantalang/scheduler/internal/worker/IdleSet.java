package org.quantalang.scheduler.internal.worker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Which workers sleep and how many search, in one word, so that a decision to sleep and a decision
 * to wake cannot miss each other.
 *
 * <pre>
 *  bit 63             48 47                                            0
 *      +----------------+-----------------------------------------------+
 *      |   searching    |  idle mask: bit i is set while worker i sleeps |
 *      +----------------+-----------------------------------------------+
 *  invariant: 0 &lt;= searching &lt;= awake &lt;= workers, where awake = workers - bitCount(mask)
 * </pre>
 *
 * <p>The rule that keeps a task from lying beside a sleeping worker: who submits makes the task
 * visible, then fences, then reads this word; who goes to sleep and leaves nobody searching looks
 * at every queue once more after its bit is set. Whichever comes second sees the other.
 */
public final class IdleSet {
    private static final int MASK_BITS = 48;
    private static final long IDLE_MASK = (1L << MASK_BITS) - 1;
    private static final long ONE_SEARCHING = 1L << MASK_BITS;
    private static final int NOBODY = -1;

    private static final VarHandle WORD;

    private final int workers;

    @SuppressWarnings("UnusedVariable") // reached through WORD alone
    private volatile long word;

    static {
        try {
            WORD =
                    MethodHandles.lookup()
                            .findVarHandle(IdleSet.class, "word", long.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Starts with all workers awake and none searching. */
    public IdleSet(int workers) {
        this.workers = workers;
    }

    /**
     * Any thread, after it has made a task visible: picks a sleeping worker to wake, unless someone
     * searches already. The worker counts as searching from here on.
     *
     * @return the worker to unpark, or a negative number
     */
    public int pickToWake() {
        // Full fence: orders the caller's enqueue before the read of the word; pairs with the
        // compare-and-set in sleep, after which the sleeper looks at all queues again.
        VarHandle.fullFence();
        while (true) {
            long before = (long) WORD.getVolatile(this);
            long idle = before & IDLE_MASK;
            if (before >>> MASK_BITS != 0 || idle == 0) {
                return NOBODY;
            }
            // The lowest first: surplus workers stay asleep.
            int worker = Long.numberOfTrailingZeros(idle);
            long after = (before & ~(1L << worker)) + ONE_SEARCHING;
            if (WORD.compareAndSet(this, before, after)) {
                assert isInRange(after) : describe(after);
                return worker;
            }
        }
    }

    /** A worker without a task: may it search? At most half of the workers do. */
    public boolean startSearching() {
        while (true) {
            long before = (long) WORD.getVolatile(this);
            if (2 * (before >>> MASK_BITS) >= workers) {
                return false;
            }
            if (WORD.compareAndSet(this, before, before + ONE_SEARCHING)) {
                assert isInRange(before + ONE_SEARCHING) : describe(before + ONE_SEARCHING);
                return true;
            }
        }
    }

    /** A searching worker has found a task. Returns whether nobody searches any more. */
    public boolean stopSearching() {
        long before = (long) WORD.getAndAdd(this, -ONE_SEARCHING);
        assert isInRange(before - ONE_SEARCHING) : describe(before - ONE_SEARCHING);
        return before >>> MASK_BITS == 1;
    }

    private boolean isInRange(long now) {
        return now >>> MASK_BITS <= workers - Long.bitCount(now & IDLE_MASK)
                && (now & IDLE_MASK) >>> workers == 0;
    }

    private String describe(long now) {
        return "counts out of range: searching=%d asleep=%d workers=%d"
                .formatted(now >>> MASK_BITS, Long.bitCount(now & IDLE_MASK), workers);
    }

    /**
     * A worker goes to sleep.
     *
     * @param worker its number
     * @param searching whether it is counted as searching
     * @return whether nobody searches any more: the caller must then look at every queue again
     */
    public boolean sleep(int worker, boolean searching) {
        while (true) {
            long before = (long) WORD.getVolatile(this);
            long after = (before | (1L << worker)) - (searching ? ONE_SEARCHING : 0);
            if (WORD.compareAndSet(this, before, after)) {
                assert isInRange(after) : describe(after);
                return after >>> MASK_BITS == 0;
            }
        }
    }

    /** Whether any worker sleeps; ordered with the other accesses of the word. */
    public boolean somebodySleeps() {
        return ((long) WORD.getVolatile(this) & IDLE_MASK) != 0;
    }

    /** Workers that sleep, one bit each. */
    public long idleMask() {
        return (long) WORD.getVolatile(this) & IDLE_MASK;
    }

    /** Workers counted as searching. */
    public int searching() {
        return (int) ((long) WORD.getVolatile(this) >>> MASK_BITS);
    }
}
