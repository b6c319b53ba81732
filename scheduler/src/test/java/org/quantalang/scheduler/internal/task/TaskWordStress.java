package org.quantalang.scheduler.internal.task;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;
import org.openjdk.jcstress.infra.results.LL_Result;
import org.quantalang.scheduler.TaskState;

/** The transitions of a task's word against each other, on the machine itself. */
public class TaskWordStress {
    private TaskWordStress() {}

    static final class Word extends TaskWord {
        /** Makes a word that waits for its waker. */
        static Word waiting() {
            Word word = running();
            word.pendTransition();
            return word;
        }

        /** Makes a word that is being polled. */
        static Word running() {
            var word = new Word();
            word.startTransition();
            return word;
        }
    }

    /** A wake during a poll that answers pending. */
    @JCStressTest
    @Outcome(id = "NOTHING, ENQUEUE, READY", expect = ACCEPTABLE, desc = "woken during the poll")
    @Outcome(id = "ENQUEUE, NOTHING, READY", expect = ACCEPTABLE, desc = "woken after the poll")
    @Outcome(expect = FORBIDDEN, desc = "in no queue: the wake is lost; or in two")
    @State
    public static class WakeAgainstPend {
        private final Word word = Word.running();

        public WakeAgainstPend() {}

        @Actor
        public void waker(LLL_Result r) {
            r.r1 = word.wakeTransition();
        }

        @Actor
        public void worker(LLL_Result r) {
            r.r2 = word.pendTransition();
        }

        @Arbiter
        public void end(LLL_Result r) {
            r.r3 = word.state();
        }
    }

    /** A wake of a task that is queued already: the poll sees what the waker wrote. */
    @JCStressTest
    @Outcome(id = "NOTHING, 1, NOTHING", expect = ACCEPTABLE, desc = "woken before the poll")
    @Outcome(id = "NOTHING, 1, ENQUEUE", expect = ACCEPTABLE, desc = "during it, seen already")
    @Outcome(id = "NOTHING, 0, ENQUEUE", expect = ACCEPTABLE, desc = "during it, polled again")
    @Outcome(id = "ENQUEUE, 0, NOTHING", expect = ACCEPTABLE, desc = "after it, polled again")
    @Outcome(id = "ENQUEUE, 1, NOTHING", expect = ACCEPTABLE, desc = "after it, seen already")
    @Outcome(expect = FORBIDDEN, desc = "the poll missed the write and none follows")
    @State
    public static class WakeAgainstRun {
        private final Word word = new Word();
        private int written;

        public WakeAgainstRun() {}

        @Actor
        public void waker(LLL_Result r) {
            written = 1;
            r.r1 = word.wakeTransition();
        }

        @Actor
        public void worker(LLL_Result r) {
            word.startTransition();
            r.r2 = written;
            r.r3 = word.pendTransition();
        }
    }

    /** A wake and a cancellation of a task that waits. */
    @JCStressTest
    @Outcome(id = "ENQUEUE, NOTHING, ANNOUNCE_CANCELLED", expect = ACCEPTABLE, desc = "wake first")
    @Outcome(
            id = "NOTHING, ENQUEUE, ANNOUNCE_CANCELLED",
            expect = ACCEPTABLE,
            desc = "cancel first")
    @Outcome(expect = FORBIDDEN, desc = "in two queues, in none, or the request is gone")
    @State
    public static class WakeAgainstCancel {
        private final Word word = Word.waiting();

        public WakeAgainstCancel() {}

        @Actor
        public void waker(LLL_Result r) {
            r.r1 = word.wakeTransition();
        }

        @Actor
        public void canceller(LLL_Result r) {
            r.r2 = word.cancelTransition();
        }

        @Arbiter
        public void worker(LLL_Result r) {
            r.r3 = word.startTransition();
        }
    }

    /** A cancellation during a poll that answers pending. */
    @JCStressTest
    @Outcome(
            id = "NOTHING, ANNOUNCE_CANCELLED, RUNNING",
            expect = ACCEPTABLE,
            desc = "during the poll: its worker ends the task")
    @Outcome(id = "ENQUEUE, NOTHING, READY", expect = ACCEPTABLE, desc = "after it: queued to end")
    @Outcome(expect = FORBIDDEN, desc = "the request is lost, or served twice")
    @State
    public static class CancelAgainstPend {
        private final Word word = Word.running();

        public CancelAgainstPend() {}

        @Actor
        public void canceller(LLL_Result r) {
            r.r1 = word.cancelTransition();
        }

        @Actor
        public void worker(LLL_Result r) {
            r.r2 = word.pendTransition();
        }

        @Arbiter
        public void end(LLL_Result r) {
            r.r3 = word.state();
        }
    }

    /** A cancellation during a poll that ends the task: the end stays. */
    @JCStressTest
    @Outcome(id = "NOTHING, COMPLETED", expect = ACCEPTABLE, desc = "too late, or overwritten")
    @Outcome(expect = FORBIDDEN, desc = "the end is taken back")
    @State
    public static class CancelAgainstEnd {
        private final Word word = Word.running();

        public CancelAgainstEnd() {}

        @Actor
        public void canceller(LL_Result r) {
            r.r1 = word.cancelTransition();
        }

        @Actor
        public void worker() {
            word.endTransition(TaskState.COMPLETED);
        }

        @Arbiter
        public void end(LL_Result r) {
            r.r2 = word.state();
        }
    }
}
