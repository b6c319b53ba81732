package org.quantalang.scheduler.internal.worker;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.WorkerRest;
import org.quantalang.scheduler.internal.queue.RunQueue;
import org.quantalang.scheduler.internal.task.CurrentTask;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that runs tasks: its own first, then from outside, then other workers'; then it sleeps.
 *
 * <p>A task made ready by the running task goes to the LIFO slot, where its data is still in the
 * cache; what was there moves to the ring. The slot is not stealable, and a chain of tasks that
 * wake each other through it is cut after a few, so that the ring is not starved.
 */
final class Worker extends Thread implements CurrentTask.Runner {
    private static final int SLOT_STREAK = 3;
    private static final int SEARCH_ROUNDS = 4;
    private static final int SPINS_BETWEEN_LOOKS = 16;

    /** A lone task of a running worker is left alone for this long; Go waits 3 us. */
    private static final long YOUNG_NANOS = 5_000;

    /** How long a wake may take to pay, in its own costs; also how long to spin for work. */
    private static final int SPIN_COSTS = 4;

    private static final int SHORT_GAP_COSTS = 12;
    private static final long LEAST_SPIN_NANOS = 2_000;

    private static final int ID_BLOCK = 64;

    private final int number;
    private final Workers all;
    private final int batch;
    private final RunQueue ring = new RunQueue();
    private final TaskCell<?>[] half = new TaskCell<?>[RunQueue.CAPACITY / 2];
    private final ParkWord parkWord = new ParkWord();
    private final WorkerCounts counts = new WorkerCounts();

    private @Nullable TaskCell<?> slot;
    private @Nullable TaskCell<?> current;
    private long nextId;
    private long idsEnd;
    private int streak;
    private final FairnessTick tick = new FairnessTick(System::nanoTime);
    private int turn; // at which stripe of the injector to look first
    private long random;
    private boolean searching;
    private boolean sawYoung;
    private long spinNanos = LEAST_SPIN_NANOS;
    private boolean unannounced; // there are tasks that no sleeping worker was looked for
    private boolean overflowed; // some of those are in the injector
    private final long[] loneTaken; // by worker: its ring's count of taken when one task was seen
    private final long[] loneSince;

    /** Around the moments without a task; {@link WorkerRest#NONE} once it has thrown. */
    private WorkerRest rest;

    private boolean resting;
    private boolean slept; // since it last went to sleep
    private final Runnable parkingOnce = this::parkOnce;

    Worker(int number, Workers all, String name, ExecutorConfig config) {
        super(null, null, name, config.stackBytes(), false);
        this.number = number;
        this.all = all;
        this.batch = config.globalQueueBatch();
        this.rest = config.rest();
        this.loneTaken = new long[config.workers()];
        this.loneSince = new long[config.workers()];
        this.random = 0x9E3779B97F4A7C15L * (number + 1);
        setDaemon(true); // a program may end although somebody forgot to close the executor
    }

    RunQueue ring() {
        return ring;
    }

    WorkerCounts counts() {
        return counts;
    }

    boolean belongsTo(Workers workers) {
        return all == workers;
    }

    @Override
    public @Nullable TaskCell<?> currentTask() {
        return current;
    }

    /** Owner: a number for a task that the running task spawns. */
    long nextTaskId() {
        if (nextId == idsEnd) {
            nextId = all.takeIds(ID_BLOCK);
            idsEnd = nextId + 2 * ID_BLOCK;
        }
        long id = nextId;
        nextId += 2;
        return id;
    }

    // ---- owner: takes a task that became ready while this thread ran another

    void pushFromRunningTask(TaskCell<?> task) {
        TaskCell<?> displaced = slot;
        slot = task;
        if (displaced != null) {
            pushBack(displaced);
        }
    }

    /** To the back of the ring: if others may take it, one of them is woken. */
    void pushBack(TaskCell<?> task) {
        pushQuietly(task);
        if (all.stealing() || overflowed) {
            overflowed = false;
            all.wakeOne();
        }
    }

    /**
     * A task that goes on after others: to the back. If this worker takes it out again at once,
     * nobody needs to be woken for it: {@link #next} decides.
     */
    void requeue(TaskCell<?> task) {
        pushQuietly(task);
        unannounced = true;
    }

    private void pushQuietly(TaskCell<?> task) {
        while (!ring.push(task)) {
            int moved = ring.takeHalf(half);
            for (int i = 0; i < moved; i++) {
                all.injector().add(half[i]);
            }
            Arrays.fill(half, 0, moved, null); // what is held here is not collected
            if (moved > 0) {
                unannounced = true;
                overflowed = true;
            }
        }
    }

    // ---- the loop

    @Override
    public void run() {
        while (!all.stopped()) {
            try {
                runNext();
            } catch (Throwable failure) {
                // Memory has run out between two polls: the others go on.
                report(failure);
            }
        }
    }

    private static void report(Throwable failure) {
        try {
            Foreign.report(failure);
        } catch (Throwable again) {
            return; // not even memory to say so
        }
    }

    private void runNext() {
        TaskCell<?> task = next();
        if (task == null) {
            task = idle();
            if (task == null) {
                return; // shut down
            }
        }
        counts.poll();
        current = task;
        try {
            task.run();
        } finally {
            current = null;
            Thread.interrupted(); // what interrupted one task is not meant for the next
        }
    }

    /** The next task to run; before it, which may run for long, the ring is announced. */
    private @Nullable TaskCell<?> next() {
        if (tick.isDue()) {
            rest(Worker::doNothing);
            ring.clearTaken(); // perhaps it never sleeps
            TaskCell<?> outside = all.injector().poll(turn++);
            if (outside != null) {
                announce();
                return outside;
            }
        }
        TaskCell<?> hot = slot;
        if (hot != null) {
            slot = null;
            if (streak < SLOT_STREAK || ring.size() == 0) {
                streak = Math.min(streak + 1, SLOT_STREAK); // an empty ring sets no end to it
                announce();
                return hot;
            }
            streak = 0;
            pushQuietly(hot); // instead of the one that is taken now
        } else {
            streak = 0;
        }
        TaskCell<?> own = ring.pop();
        if (own != null) {
            // No fence needed: the pop's compare-and-set of the head, then this read of the idle
            // word; a sleeper's compare-and-set of that word, then its read of the head, or of the
            // injector, to which tasks were moved before the pop.
            if (unannounced && all.idle().somebodySleeps()) {
                announce();
            }
            unannounced = false;
            overflowed = false;
            return own;
        }
        TaskCell<?> outside = takeFromInjector();
        // On the way from the injector nobody saw the tasks: whoever looked in vain sleeps now.
        unannounced = true;
        announce();
        return outside;
    }

    /** Looks for a sleeping worker if there is something that it can take and was not told of. */
    private void announce() {
        if (unannounced) {
            unannounced = false;
            boolean outside = overflowed;
            overflowed = false;
            if (outside || (all.stealing() && ring.size() > 0)) {
                all.wakeOne();
            }
        }
    }

    /** Takes its share, so that the workers do not meet at the injector for every task. */
    private @Nullable TaskCell<?> takeFromInjector() {
        return all.injector().pollInto(number, ring, all.count(), batch);
    }

    /** Searches, sleeps, searches again; returns a task, or null when the executor is shut down. */
    private @Nullable TaskCell<?> idle() {
        long since = System.nanoTime();
        boolean slept = false;
        tick.pause();
        while (true) {
            if (!searching) {
                searching = all.idle().startSearching();
            }
            TaskCell<?> found = searching ? search() : null;
            if (found != null) {
                learn(System.nanoTime() - since, slept);
                return found;
            }
            if (all.stopped()) {
                return null;
            }
            slept = true;
            boolean nobodySearches = all.idle().sleep(number, searching);
            searching = false;
            ring.clearTaken();
            all.tellClosing();
            if (nobodySearches && all.somethingIsQueued()) {
                all.wakeOne(); // perhaps this worker itself
            }
            sleep();
            if (all.stopped()) {
                return null;
            }
        }
    }

    /**
     * How long to spin before the next sleep: as long as some wakes cost, if this idle time was so
     * short that spinning would have saved the wake; less and less otherwise.
     */
    private void learn(long idleNanos, boolean slept) {
        long cost = all.wakeCostNanos();
        spinNanos =
                !slept || idleNanos < SHORT_GAP_COSTS * cost
                        ? SPIN_COSTS * cost
                        : Math.max(LEAST_SPIN_NANOS, spinNanos / 2);
    }

    private @Nullable TaskCell<?> search() {
        long start = System.nanoTime();
        for (int round = 1; ; round++) {
            long now = System.nanoTime();
            TaskCell<?> found = takeFromInjector();
            boolean waitForYoung = false;
            if (found == null && all.stealing()) {
                found = steal(now);
                waitForYoung = found == null && sawYoung;
            }
            if (found != null) {
                searching = false;
                // The last one that stops searching passes the search on: where one task came from
                // there may be more.
                if (all.idle().stopSearching() && all.somethingIsQueued()) {
                    all.wakeOne();
                }
                return found;
            }
            if (all.stopped()
                    || (round >= SEARCH_ROUNDS && now - start >= spinNanos && !waitForYoung)) {
                return null;
            }
            for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
                Thread.onSpinWait();
            }
        }
    }

    private @Nullable TaskCell<?> steal(long now) {
        int count = all.count();
        int start = (int) Long.remainderUnsigned(nextRandom(), count);
        sawYoung = false;
        for (int i = 0; i < count; i++) {
            Worker victim = all.at((start + i) % count);
            if (victim == this || victim.ring.size() == 0) {
                continue;
            }
            if (isYoung(victim, now)) {
                sawYoung = true;
                continue;
            }
            TaskCell<?> task = victim.ring.stealInto(ring);
            if (task != null) {
                counts.stole(1 + ring.size());
                return task;
            }
        }
        return null;
    }

    /**
     * Whether a ring's only task has been there for so short a time that its owner will take it.
     */
    private boolean isYoung(Worker victim, long now) {
        if (victim.ring.size() > 1) {
            return false;
        }
        long taken = victim.ring.taken();
        if (loneTaken[victim.number] != taken || loneSince[victim.number] == 0) {
            loneTaken[victim.number] = taken;
            loneSince[victim.number] = now;
            return true;
        }
        return now - loneSince[victim.number] < YOUNG_NANOS;
    }

    private long nextRandom() { // xorshift, Marsaglia 2003
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return random;
    }

    // ---- sleeping

    boolean isResting() {
        return resting;
    }

    private void sleep() {
        slept = false;
        rest(parkingOnce);
        parkOnce(); // unless it has: others count on it
    }

    private static void doNothing() {
        // A rest that takes no time.
    }

    private void parkOnce() {
        if (!slept) {
            slept = true;
            park();
        }
    }

    /** What is spawned in here comes from outside: this worker may be asleep for the others. */
    private void rest(Runnable how) {
        resting = true;
        try {
            rest.during(how);
        } catch (Throwable failure) {
            rest = WorkerRest.NONE;
            Foreign.report(failure);
        } finally {
            resting = false;
        }
    }

    private void park() {
        counts.park();
        if (parkWord.tryPark()) {
            while (parkWord.isParked()) {
                LockSupport.park(all);
                Thread.interrupted(); // an interrupt would make park return at once for ever
            }
        }
        parkWord.clear();
        // Only pickToWake notifies, and it has counted this worker as searching; or the shutdown.
        searching = !all.stopped();
    }

    void unparkNow() {
        if (parkWord.notifyOwner()) {
            LockSupport.unpark(this);
        }
    }
}
