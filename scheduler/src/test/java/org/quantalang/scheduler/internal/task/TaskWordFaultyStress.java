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
import org.quantalang.scheduler.FaultWindow;
import org.quantalang.scheduler.TaskState;

/** The races of {@link TaskWordStress} with a fault in the word: each must be found. */
public class TaskWordFaultyStress {
    private static final String READY = "READY";
    private static final String RUNNING = "RUNNING";
    private static final String NOTIFIED = "NOTIFIED";
    private static final String WAITING = "WAITING";
    private static final String COMPLETED = "COMPLETED";
    private static final String NOTHING = "NOTHING";
    private static final String ENQUEUE = "ENQUEUE";

    private TaskWordFaultyStress() {}

    /** The poll that answers pending looks, then writes. */
    @JCStressTest
    @Outcome(id = "NOTHING, ENQUEUE, READY", expect = ACCEPTABLE, desc = "woken during the poll")
    @Outcome(id = "ENQUEUE, NOTHING, READY", expect = ACCEPTABLE, desc = "woken after the poll")
    @Outcome(expect = FORBIDDEN, desc = "in no queue: the wake is lost; or in two")
    @State
    public static class WakeAgainstPend {
        private volatile String word = RUNNING;

        public WakeAgainstPend() {}

        @Actor
        public void waker(LLL_Result r) {
            if (word.equals(RUNNING)) {
                word = NOTIFIED;
                r.r1 = NOTHING;
            } else {
                word = READY;
                r.r1 = ENQUEUE;
            }
        }

        @Actor
        public void worker(LLL_Result r) {
            boolean notified = word.equals(NOTIFIED);
            FaultWindow.open();
            if (notified) {
                word = READY;
                r.r2 = ENQUEUE;
            } else {
                word = WAITING;
                r.r2 = NOTHING;
            }
        }

        @Arbiter
        public void end(LLL_Result r) {
            r.r3 = word;
        }
    }

    /**
     * A wake that finds the task queued only reads. Such a read may pass the waker's own write;
     * here it comes first in the program as well, so that it need not wait for the processor to do
     * so.
     */
    @JCStressTest
    @Outcome(id = "NOTHING, 1, NOTHING", expect = ACCEPTABLE, desc = "woken before the poll")
    @Outcome(id = "NOTHING, 1, ENQUEUE", expect = ACCEPTABLE, desc = "during it, seen already")
    @Outcome(id = "NOTHING, 0, ENQUEUE", expect = ACCEPTABLE, desc = "during it, polled again")
    @Outcome(id = "ENQUEUE, 0, NOTHING", expect = ACCEPTABLE, desc = "after it, polled again")
    @Outcome(id = "ENQUEUE, 1, NOTHING", expect = ACCEPTABLE, desc = "after it, seen already")
    @Outcome(expect = FORBIDDEN, desc = "the poll missed the write and none follows")
    @State
    public static class WakeAgainstRun {
        private final TaskWordStress.Word word = new TaskWordStress.Word();
        private int written;

        public WakeAgainstRun() {}

        @Actor
        public void waker(LLL_Result r) {
            boolean queued = word.state() == TaskState.READY;
            FaultWindow.open();
            written = 1;
            r.r1 = queued ? NOTHING : word.wakeTransition();
        }

        @Actor
        public void worker(LLL_Result r) {
            word.startTransition();
            r.r2 = written;
            r.r3 = word.pendTransition();
        }
    }

    /** Wake and cancel both look, then write. */
    @JCStressTest
    @Outcome(id = "ENQUEUE, NOTHING, true", expect = ACCEPTABLE, desc = "wake first")
    @Outcome(id = "NOTHING, ENQUEUE, true", expect = ACCEPTABLE, desc = "cancel first")
    @Outcome(expect = FORBIDDEN, desc = "in two queues, in none, or the request is gone")
    @State
    public static class WakeAgainstCancel {
        private volatile String word = WAITING;
        private volatile boolean cancelRequested;

        public WakeAgainstCancel() {}

        private String enqueueIfWaiting() {
            if (word.equals(WAITING)) {
                FaultWindow.open();
                word = READY;
                return ENQUEUE;
            }
            return NOTHING;
        }

        @Actor
        public void waker(LLL_Result r) {
            r.r1 = enqueueIfWaiting();
        }

        @Actor
        public void canceller(LLL_Result r) {
            cancelRequested = true;
            r.r2 = enqueueIfWaiting();
        }

        @Arbiter
        public void worker(LLL_Result r) {
            r.r3 = cancelRequested;
        }
    }

    /** The cancellation writes back the phase that it has read. */
    @JCStressTest
    @Outcome(id = "NOTHING, COMPLETED", expect = ACCEPTABLE, desc = "too late, or overwritten")
    @Outcome(expect = FORBIDDEN, desc = "the end is taken back")
    @State
    public static class CancelAgainstEnd {
        private volatile String word = RUNNING;

        public CancelAgainstEnd() {}

        @Actor
        public void canceller(LL_Result r) {
            String before = word;
            if (before.equals(RUNNING)) {
                FaultWindow.open();
                word = before; // with the request's bit
            }
            r.r1 = NOTHING;
        }

        @Actor
        public void worker() {
            word = COMPLETED;
        }

        @Arbiter
        public void end(LL_Result r) {
            r.r2 = word;
        }
    }
}
