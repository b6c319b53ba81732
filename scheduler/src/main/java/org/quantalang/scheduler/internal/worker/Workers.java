package org.quantalang.scheduler.internal.worker;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.ExecutorStats;
import org.quantalang.scheduler.FailureHandler;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.internal.queue.Injector;
import org.quantalang.scheduler.internal.task.BlockingPoll;
import org.quantalang.scheduler.internal.task.Execution;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.task.TaskQueue;
import org.quantalang.scheduler.internal.task.UnaskedFailure;
import org.quantalang.scheduler.internal.time.TimerThread;

import java.lang.invoke.VarHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The workers of one executor and what they share. Any thread. */
public final class Workers implements TaskQueue {
    private static final long LEAST_WAKE_NANOS = 2_000;
    private static final long FIRST_WAKE_NANOS = 10_000;
    private static final long MOST_WAKE_NANOS = 50_000;
    private static final int WAKES_AVERAGED = 8;

    private final Worker[] workers;
    private final IdleSet idle;
    private final Injector injector = new Injector();
    private final boolean stealing;
    private final FailureHandler failureHandler;

    private final TimerThread timers;
    private final Set<BlockingPoll> blocked = ConcurrentHashMap.newKeySet();

    private final AtomicLong outsideSpawned = new AtomicLong();
    private final AtomicLong outsideEnded = new AtomicLong(); // those that were never enqueued
    private final AtomicLong nextId = new AtomicLong(1);
    private final Object allEnded = new Object();
    // Racy: a lost update loses one sample of an average.
    private long wakeCostNanos = FIRST_WAKE_NANOS;
    private volatile boolean closing;
    private volatile boolean stopped;

    /** Makes the workers and starts their threads. */
    public Workers(ExecutorConfig config) {
        stealing = config.stealing();
        failureHandler = config.failureHandler();
        timers = new TimerThread(config.name());
        idle = new IdleSet(config.workers());
        workers = new Worker[config.workers()];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i, this, config.name() + "-" + i, config);
        }
        boolean started = false;
        try {
            for (Worker worker : workers) {
                worker.start();
            }
            started = true;
        } finally {
            if (!started) {
                stop(); // the system has no thread for all of them
            }
        }
    }

    // ---- for tasks and the executor

    /**
     * Counts a task that is about to be enqueued. While the executor closes, running tasks may
     * still spawn: each is counted itself, so that the count cannot reach 0 before.
     *
     * @return the number of the task; negative if the executor takes no more tasks
     */
    public long admit() {
        Worker worker = thisWorker();
        if (worker != null) {
            worker.counts().spawn();
            return worker.nextTaskId();
        }
        // Counted, then looked: close says it closes, then counts. One sees the other.
        long before = outsideSpawned.getAndIncrement();
        if (closing) {
            outsideSpawned.getAndDecrement();
            synchronized (allEnded) {
                allEnded.notifyAll(); // whoever closes may have counted this one
            }
            return -1;
        }
        return 2 * before + 1; // odd; those of workers are even
    }

    /** Takes even numbers for a worker, which hands them out without meeting the others. */
    long takeIds(int count) {
        return 2 * nextId.getAndAdd(count);
    }

    /** The calling worker, which runs a task: what it spawns is its own. */
    private @Nullable Worker thisWorker() {
        return Thread.currentThread() instanceof Worker worker
                        && worker.belongsTo(this)
                        && !worker.isResting()
                ? worker
                : null;
    }

    @Override
    public void enqueue(TaskCell<?> task) {
        Worker worker = thisWorker();
        if (worker != null) {
            worker.pushFromRunningTask(task);
        } else {
            injector.add(task);
            wakeOne();
        }
    }

    @Override
    public void requeue(TaskCell<?> task) {
        Worker worker = thisWorker();
        if (worker != null) {
            worker.requeue(task);
        } else {
            enqueue(task);
        }
    }

    @Override
    public Timers timers() {
        return timers;
    }

    @Override
    public Object failed(TaskCell<?> task, Pollable<?> pollable, Throwable failure) {
        if (pollable instanceof Execution) {
            UnaskedFailure.tell(failureHandler, task.id(), failure);
            return failure;
        }
        return UnaskedFailure.of(task, failure, failureHandler);
    }

    @Override
    public void ended(TaskCell<?> task) {
        countEnd();
    }

    /**
     * A task that this thread runs has ended; or one that it has admitted, and will not enqueue.
     */
    public void countEnd() {
        Worker worker = thisWorker();
        if (worker != null) {
            worker.counts().end();
        } else {
            // Not taken off the spawned: those are numbers that were given out.
            outsideEnded.getAndIncrement();
            tellClosing();
        }
    }

    /** A worker, before it sleeps: whoever closes may wait for what this worker has ended. */
    void tellClosing() {
        if (closing) {
            synchronized (allEnded) {
                allEnded.notifyAll();
            }
        }
    }

    private boolean allHaveEnded() {
        // Ends first: a task whose end is counted here has its spawn counted below.
        long ended = ended();
        return ended == spawned();
    }

    private long ended() {
        long sum = outsideEnded.get();
        for (Worker worker : workers) {
            sum += worker.counts().ended();
        }
        return sum;
    }

    private long spawned() {
        long sum = outsideSpawned.get();
        for (Worker worker : workers) {
            sum += worker.counts().spawned();
        }
        return sum;
    }

    @Override
    public @Nullable String whyNotBlock(long taskId) {
        return mustNotBlock()
                ? "a worker must not block on a task: id=%d; poll it instead".formatted(taskId)
                : null;
    }

    /** Whether this thread is one that runs tasks or fires timers: others wait for it. */
    public boolean mustNotBlock() {
        return (Thread.currentThread() instanceof Worker worker && worker.belongsTo(this))
                || timers.isCaller();
    }

    /** Takes no more tasks, waits until all have ended, and stops the workers and timers. */
    public void close() throws InterruptedException {
        closing = true;
        // Said, then looked at the ends; a worker ends its last task, then looks before it sleeps.
        VarHandle.fullFence();
        try {
            synchronized (allEnded) {
                while (!stopped && !allHaveEnded()) {
                    allEnded.wait();
                }
            }
        } finally {
            stop();
        }
        for (Worker worker : workers) {
            worker.join();
        }
        timers.join();
    }

    /** Repeatable; does not wait. */
    private void stop() {
        synchronized (allEnded) {
            stopped = true;
            allEnded.notifyAll(); // others that close, if this one was interrupted
        }
        for (Worker worker : workers) {
            worker.unparkNow();
        }
        timers.stop();
        // Stopped, then looked: who blocks and is not seen here is told when it sets a timer.
        blocked.forEach(BlockingPoll::wake);
    }

    /** Polls on the calling thread, which is none of ours, until there is a value. */
    public <T extends @Nullable Object> T blockOn(Pollable<T> pollable) throws Exception {
        return BlockingPoll.run(pollable, timers, blocked);
    }

    /** What was done so far. */
    public ExecutorStats stats() {
        long polls = 0;
        long stolen = 0;
        long parks = 0;
        for (Worker worker : workers) {
            polls += worker.counts().polls();
            stolen += worker.counts().stolen();
            parks += worker.counts().parks();
        }
        long ended = ended();
        long queued = injector.size();
        for (Worker worker : workers) {
            queued += worker.ring().size();
        }
        return new ExecutorStats(
                spawned(), ended, polls, stolen, parks, queued, Long.bitCount(idle.idleMask()));
    }

    // ---- for the workers

    int count() {
        return workers.length;
    }

    Worker at(int number) {
        return workers[number];
    }

    IdleSet idle() {
        return idle;
    }

    Injector injector() {
        return injector;
    }

    boolean stealing() {
        return stealing;
    }

    boolean stopped() {
        return stopped;
    }

    /** After a task was made visible: wakes a worker for it, unless one searches already. */
    void wakeOne() {
        int worker = idle.pickToWake();
        if (worker >= 0) {
            long start = System.nanoTime();
            workers[worker].unparkNow();
            long cost = Math.min(MOST_WAKE_NANOS, System.nanoTime() - start);
            wakeCostNanos += (cost - wakeCostNanos) / WAKES_AVERAGED;
        }
    }

    /** What the call that wakes a thread has cost of late, between two sensible limits. */
    long wakeCostNanos() {
        return Math.max(LEAST_WAKE_NANOS, wakeCostNanos);
    }

    /** Whether any queue that an idle worker can take from holds a task. */
    boolean somethingIsQueued() {
        if (!injector.isEmpty()) {
            return true;
        }
        if (stealing) {
            for (Worker worker : workers) {
                if (worker.ring().size() > 0) {
                    return true;
                }
            }
        }
        return false;
    }
}
