package org.quantalang.scheduler.internal.worker;

import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.ExecutorStats;
import org.quantalang.scheduler.internal.queue.Injector;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.task.TaskQueue;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** The workers of one executor and what they share. Any thread. */
public final class Workers implements TaskQueue {
    private final Worker[] workers;
    private final IdleSet idle;
    private final Injector injector = new Injector();
    private final boolean stealing;

    private final AtomicLong live = new AtomicLong();
    private final LongAdder finished = new LongAdder();
    private final Object allEnded = new Object();
    private volatile boolean closing;
    private volatile boolean stopped;

    /** Makes the workers and starts their threads. */
    public Workers(ExecutorConfig config) {
        stealing = config.stealing();
        idle = new IdleSet(config.workers());
        workers = new Worker[config.workers()];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i, this, config.name() + "-" + i);
        }
        for (Worker worker : workers) {
            worker.start();
        }
    }

    // ---- for tasks and the executor

    /**
     * Counts a task that is about to be enqueued. While the executor closes, running tasks may
     * still spawn: each is counted itself, so that the count cannot reach 0 before.
     *
     * @return false if the executor takes no more tasks
     */
    public boolean admit() {
        live.incrementAndGet();
        if (closing && !isWorkerThread()) {
            leave();
            return false;
        }
        return true;
    }

    @Override
    public void enqueue(TaskCell<?> task) {
        if (Thread.currentThread() instanceof Worker worker && worker.belongsTo(this)) {
            worker.pushFromRunningTask(task);
        } else {
            injector.add(task);
            wakeOne();
        }
    }

    @Override
    public void ended(TaskCell<?> task) {
        finished.increment();
        leave();
    }

    private void leave() {
        if (live.decrementAndGet() == 0 && closing) {
            synchronized (allEnded) {
                allEnded.notifyAll();
            }
        }
    }

    @Override
    public boolean isWorkerThread() {
        return Thread.currentThread() instanceof Worker worker && worker.belongsTo(this);
    }

    /** Takes no more tasks, waits until all have ended, and stops the workers. */
    public void close() throws InterruptedException {
        closing = true;
        try {
            synchronized (allEnded) {
                while (live.get() != 0) {
                    allEnded.wait();
                }
            }
        } finally {
            stopped = true;
            for (Worker worker : workers) {
                worker.unparkNow();
            }
        }
        for (Worker worker : workers) {
            worker.join();
        }
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
        long ended = finished.sum();
        return new ExecutorStats(ended + live.get(), ended, polls, stolen, parks);
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
            workers[worker].unparkNow();
        }
    }

    /** Whether any queue that an idle worker can take from holds a task. */
    boolean somethingIsQueued() {
        if (!injector.isEmpty()) {
            return true;
        }
        for (Worker worker : workers) {
            if (worker.ring().size() > 0) {
                return true;
            }
        }
        return false;
    }
}
