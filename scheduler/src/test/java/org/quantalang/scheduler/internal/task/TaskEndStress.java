package org.quantalang.scheduler.internal.task;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LI_Result;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.FaultWindow;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.Waker;

/** A task that ends while another begins to wait for it. */
public class TaskEndStress {
    private TaskEndStress() {}

    /** Counts how often it is woken. */
    static final class Joiner implements Context, Waker {
        private int woken;

        @Override
        public Waker waker() {
            return this;
        }

        @Override
        public Timers timers() {
            throw new AssertionError("a join needs no clock");
        }

        @Override
        public void wake() {
            woken++;
        }
    }

    /** The queue of a task that runs once and is never woken. */
    static final class Once implements TaskQueue {
        @Override
        public void enqueue(TaskCell<?> task) {
            throw new AssertionError("nothing wakes this task");
        }

        @Override
        public void requeue(TaskCell<?> task) {
            throw new AssertionError("nothing wakes this task");
        }

        @Override
        public Timers timers() {
            throw new AssertionError("this task needs no clock");
        }

        @Override
        public void ended(TaskCell<?> task) {}

        @Override
        public @Nullable String whyNotBlock(long taskId) {
            return null;
        }
    }

    private static final TaskQueue ONCE = new Once();

    private static String describe(Poll<Integer> answer) {
        return answer instanceof Poll.Ready<Integer>(Integer value) ? "value " + value : "pending";
    }

    /** A task polls the join handle of one that completes. */
    @JCStressTest
    @Outcome(id = "pending, 1", expect = ACCEPTABLE, desc = "registered before the end, and told")
    @Outcome(id = "value 42, 0", expect = ACCEPTABLE, desc = "came after the end")
    @Outcome(expect = FORBIDDEN, desc = "never told, told twice, or no value")
    @State
    public static class JoinAgainstComplete {
        private final TaskCell<Integer> task = new TaskCell<>(1, _ -> Poll.ready(42), ONCE);
        private final Joiner joiner = new Joiner();

        public JoinAgainstComplete() {}

        @Actor
        public void worker() {
            task.run();
        }

        @Actor
        public void joiner(LI_Result r) {
            r.r1 = describe(task.poll(joiner));
        }

        @Arbiter
        public void end(LI_Result r) {
            r.r2 = joiner.woken;
        }
    }

    /** An action is added to a task that is cancelled. */
    @JCStressTest
    @Outcome(id = "CANCELLED, 1", expect = ACCEPTABLE, desc = "called once, by one of the two")
    @Outcome(expect = FORBIDDEN, desc = "not called, or twice")
    @State
    public static class ActionAgainstCancellation {
        private final TaskCell<Integer> task = new TaskCell<>(1, _ -> Poll.pending(), ONCE);
        private final Joiner joiner = new Joiner();

        public ActionAgainstCancellation() {
            task.cancel();
        }

        @Actor
        public void worker() {
            task.run();
        }

        @Actor
        public void observer() {
            task.onEnd(joiner::wake);
        }

        @Arbiter
        public void end(LI_Result r) {
            r.r1 = task.state();
            r.r2 = joiner.woken;
        }
    }

    /** A join that looks, then registers, and does not look again: must be found. */
    @JCStressTest
    @Outcome(id = "pending, 1", expect = ACCEPTABLE, desc = "registered before the end, and told")
    @Outcome(id = "value 42, 0", expect = ACCEPTABLE, desc = "came after the end")
    @Outcome(expect = FORBIDDEN, desc = "never told")
    @State
    public static class FaultyJoinAgainstComplete {
        private volatile boolean finished;
        private volatile @Nullable Joiner registered;
        private final Joiner joiner = new Joiner();

        public FaultyJoinAgainstComplete() {}

        @Actor
        public void worker() {
            finished = true;
            Joiner whom = registered;
            if (whom != null) {
                whom.wake();
            }
        }

        @Actor
        public void joiner(LI_Result r) {
            if (finished) {
                r.r1 = "value 42";
            } else {
                FaultWindow.open();
                registered = joiner;
                r.r1 = "pending";
            }
        }

        @Arbiter
        public void end(LI_Result r) {
            r.r2 = joiner.woken;
        }
    }
}
