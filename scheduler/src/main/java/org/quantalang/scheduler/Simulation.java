package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.task.CurrentTask;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.task.TaskQueue;
import org.quantalang.scheduler.internal.time.Wheel;
import org.quantalang.scheduler.internal.time.WheelTimer;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Runs tasks on the calling thread in an order drawn from a seed, with a clock that jumps to the
 * next timer when nothing is ready: the same seed gives the same run. For tests of programs made of
 * tasks: many seeds try many schedules.
 *
 * <p>One thread; what other threads do is not part of the run.
 */
public final class Simulation {
    private static final long NANOS_PER_TICK = 1_000_000;

    private final long seed;
    private final SplittableRandom random;
    private final ArrayList<TaskCell<?>> ready = new ArrayList<>();
    private final LinkedHashSet<TaskCell<?>> live = new LinkedHashSet<>();
    private final Wheel wheel = new Wheel();
    private final Engine engine = new Engine();
    private long nextId = 1;
    private long steps;

    /** Makes a simulation with no task at time 0. */
    public Simulation(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
    }

    /**
     * Adds a task; it runs in {@link #run}. If it fails, nobody is told but whoever asks its
     * handle.
     */
    public <T extends @Nullable Object> JoinHandle<T> spawn(Pollable<T> pollable) {
        Objects.requireNonNull(pollable, "pollable is null");
        TaskCell<T> task = make(pollable);
        ready.add(task);
        return task;
    }

    private <T extends @Nullable Object> TaskCell<T> make(Pollable<T> pollable) {
        var task = new TaskCell<T>(nextId++, pollable, engine);
        ready.ensureCapacity(live.size() + 1); // a wake must not need memory
        live.add(task);
        return task;
    }

    /**
     * Adds a child of a task.
     *
     * @param parent a task of this simulation
     * @throws IllegalArgumentException if it is none
     */
    public <T extends @Nullable Object> JoinHandle<T> spawnChild(
            Task parent, Pollable<T> pollable) {
        Objects.requireNonNull(pollable, "pollable is null");
        Objects.requireNonNull(parent, "parent is null");
        if (!(parent instanceof TaskCell<?> cell && cell.belongsTo(engine))) {
            throw new IllegalArgumentException("not a task of this simulation: parent=" + parent);
        }
        TaskCell<T> task = make(pollable);
        cell.adopt(task);
        ready.add(task);
        return task;
    }

    /**
     * Runs until all tasks have ended, in whichever way: a failure is for their handles to tell, by
     * {@link JoinHandle#join} after this. Timers that are left do not fire.
     *
     * @throws IllegalStateException if tasks are left that nothing will wake
     */
    public void run() {
        while (!live.isEmpty() && step()) {
            steps++;
        }
        if (!live.isEmpty()) {
            throw new IllegalStateException(
                    "tasks wait for ever: seed=%d steps=%d tasks=%s".formatted(seed, steps, live));
        }
    }

    /** Polls one task, or moves the clock on; returns false if neither is possible. */
    public boolean step() {
        if (ready.isEmpty()) {
            return moveClock();
        }
        int at = random.nextInt(ready.size());
        TaskCell<?> task = ready.get(at);
        ready.set(at, ready.getLast());
        ready.removeLast();
        TaskCell<?> around = CurrentTask.begin(task);
        try {
            task.run();
        } finally {
            CurrentTask.end(around);
        }
        return true;
    }

    private boolean moveClock() {
        long next = wheel.nextTick();
        if (next == Wheel.NEVER) {
            return false;
        }
        WheelTimer fired = wheel.advance(next);
        while (fired != null) {
            WheelTimer following = fired.takeNext();
            Foreign.wake(fired.waker());
            fired = following;
        }
        return true;
    }

    /**
     * Returns the virtual time in nanoseconds; it begins at 0. After 292 years it overflows, as
     * that of {@link System#nanoTime} may: only differences have a meaning.
     */
    public long nanoTime() {
        return wheel.now() * NANOS_PER_TICK;
    }

    /** Returns how many polls and clock moves {@link #run} has made. */
    public long steps() {
        return steps;
    }

    private final class Entry extends WheelTimer implements Timers.Timer {
        Entry(Waker waker) {
            super(waker);
        }

        @Override
        public boolean cancel() {
            return wheel.remove(this);
        }
    }

    private final class Engine implements TaskQueue, Timers {
        @Override
        public void enqueue(TaskCell<?> task) {
            ready.add(task);
        }

        @Override
        public void requeue(TaskCell<?> task) {
            ready.add(task);
        }

        @Override
        public Timers timers() {
            return this;
        }

        @Override
        public void ended(TaskCell<?> task) {
            live.remove(task);
        }

        @Override
        public String whyNotBlock(long taskId) {
            String format =
                    CurrentTask.get() == null
                            ? "a task of a simulation ends within run: id=%d; call that before"
                            : "a simulated task must not block on a task: id=%d; poll it instead";
            return format.formatted(taskId); // no other thread would go on
        }

        @Override
        public long nanoTime() {
            return Simulation.this.nanoTime();
        }

        @Override
        public Timer schedule(long deadlineNanos, Waker waker) {
            var entry = new Entry(waker);
            long after = deadlineNanos - nanoTime(); // right although the clock may overflow
            long ticks = after <= 0 ? 0 : (after - 1) / NANOS_PER_TICK + 1;
            wheel.insert(entry, wheel.now() + ticks);
            return entry;
        }
    }
}
