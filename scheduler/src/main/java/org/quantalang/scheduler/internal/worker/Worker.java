package org.quantalang.scheduler.internal.worker;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.queue.RunQueue;
import org.quantalang.scheduler.internal.task.CurrentTask;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that runs tasks: its own first, then from outside, then other workers'; then it sleeps.
 *
 * <p>A task made ready by the running task goes to the LIFO slot, where its data is still in the
 * cache; what was there moves to the ring. The slot is not stealable, and a chain of tasks that
 * wake each other through it is cut after a few, so that the ring is not starved.
 */
final class Worker extends Thread implements CurrentTask.Runner {
    private static final int INJECTOR_INTERVAL = 61; // polls between looks outside; odd and prime
    private static final int SLOT_STREAK = 3;
    private static final int INJECTOR_BATCH = 32;
    private static final int SEARCH_ROUNDS = 4;
    private static final int ID_BLOCK = 64;

    private static final int EMPTY = 0;
    private static final int PARKED = 1;
    private static final int NOTIFIED = 2;

    private final int number;
    private final Workers all;
    private final RunQueue ring = new RunQueue();
    private final TaskCell<?>[] half = new TaskCell<?>[RunQueue.CAPACITY / 2];
    private final AtomicInteger parkState = new AtomicInteger(EMPTY);
    private final WorkerCounts counts = new WorkerCounts();

    private @Nullable TaskCell<?> slot;
    private @Nullable TaskCell<?> current;
    private long nextId;
    private long idsEnd;
    private int streak;
    private int turn;
    private long random;
    private boolean searching;

    Worker(int number, Workers all, String name) {
        super(null, null, name, 0, false);
        this.number = number;
        this.all = all;
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
            idsEnd = nextId + ID_BLOCK;
        }
        return nextId++;
    }

    // ---- owner: takes a task that became ready while this thread ran another

    void pushFromRunningTask(TaskCell<?> task) {
        TaskCell<?> displaced = slot;
        slot = task;
        if (displaced != null) {
            pushBack(displaced);
        }
    }

    /** To the back of the ring: others may take it, so one of them is woken. */
    void pushBack(TaskCell<?> task) {
        pushQuietly(task);
        all.wakeOne();
    }

    /**
     * A task that goes on after others: to the back. If it is the only one here nobody is woken for
     * it, since this worker is about to take it itself.
     */
    void requeue(TaskCell<?> task) {
        boolean alone = slot == null && ring.size() == 0;
        pushQuietly(task);
        if (!alone) {
            all.wakeOne();
        }
    }

    private void pushQuietly(TaskCell<?> task) {
        while (!ring.push(task)) {
            int moved = ring.takeHalf(half);
            for (int i = 0; i < moved; i++) {
                all.injector().add(half[i]);
                half[i] = task; // forget it
            }
        }
    }

    // ---- the loop

    @Override
    public void run() {
        while (true) {
            TaskCell<?> task = next();
            if (task == null) {
                task = idle();
                if (task == null) {
                    return; // shut down
                }
            }
            counts.poll();
            current = task;
            task.run();
            current = null;
        }
    }

    private @Nullable TaskCell<?> next() {
        if (++turn % INJECTOR_INTERVAL == 0) {
            TaskCell<?> outside = all.injector().poll();
            if (outside != null) {
                return outside;
            }
        }
        TaskCell<?> hot = slot;
        if (hot != null) {
            slot = null;
            if (++streak <= SLOT_STREAK) {
                return hot;
            }
            streak = 0;
            pushBack(hot);
        } else {
            streak = 0;
        }
        TaskCell<?> own = ring.pop();
        return own != null ? own : takeFromInjector();
    }

    /** Takes its share, so that the workers do not meet at the injector for every task. */
    private @Nullable TaskCell<?> takeFromInjector() {
        TaskCell<?> first = all.injector().poll();
        if (first == null) {
            return null;
        }
        int share = Math.min(INJECTOR_BATCH, all.injector().sizeInArray() / all.count());
        for (int i = 0; i < share; i++) {
            TaskCell<?> more = all.injector().poll();
            if (more == null) {
                break;
            }
            if (!ring.push(more)) {
                all.injector().add(more);
                break;
            }
        }
        return first;
    }

    /** Searches, sleeps, searches again; returns a task, or null when the executor is shut down. */
    private @Nullable TaskCell<?> idle() {
        while (true) {
            if (!searching) {
                searching = all.idle().startSearching();
            }
            TaskCell<?> found = searching ? search() : null;
            if (found != null) {
                return found;
            }
            if (all.stopped()) {
                return null;
            }
            boolean nobodySearches = all.idle().sleep(number, searching);
            searching = false;
            ring.clearTaken();
            all.tellClosing();
            if (nobodySearches && all.somethingIsQueued()) {
                all.wakeOne(); // perhaps this worker itself
            }
            park();
            if (all.stopped()) {
                return null;
            }
        }
    }

    private @Nullable TaskCell<?> search() {
        for (int round = 0; round < SEARCH_ROUNDS; round++) {
            TaskCell<?> found = takeFromInjector();
            if (found == null && all.stealing()) {
                found = steal();
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
            Thread.onSpinWait();
        }
        return null;
    }

    private @Nullable TaskCell<?> steal() {
        int count = all.count();
        int start = (int) Long.remainderUnsigned(nextRandom(), count);
        for (int i = 0; i < count; i++) {
            Worker victim = all.at((start + i) % count);
            if (victim == this) {
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

    private long nextRandom() { // xorshift, Marsaglia 2003
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return random;
    }

    // ---- sleeping

    private void park() {
        counts.park();
        if (parkState.compareAndSet(EMPTY, PARKED)) {
            while (parkState.get() == PARKED) {
                LockSupport.park(all);
                Thread.interrupted(); // an interrupt would make park return at once for ever
            }
        }
        parkState.set(EMPTY);
        // Only pickToWake notifies, and it has counted this worker as searching; or the shutdown.
        searching = !all.stopped();
    }

    void unparkNow() {
        if (parkState.getAndSet(NOTIFIED) == PARKED) {
            LockSupport.unpark(this);
        }
    }
}
