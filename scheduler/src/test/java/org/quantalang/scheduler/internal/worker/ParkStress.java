package org.quantalang.scheduler.internal.worker;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;
import org.openjdk.jcstress.infra.results.ZZI_Result;
import org.quantalang.scheduler.FaultWindow;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A worker that goes to sleep while another thread has something for it. */
public class ParkStress {
    private static final VarHandle TASK;

    static {
        try {
            TASK = MethodHandles.lookup().findVarHandle(Queue.class, "task", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private ParkStress() {}

    /** A queue for one task, which others see some time later, as a ring or an injector. */
    static class Queue {
        int task;

        void add() {
            TASK.setRelease(this, 1);
        }

        int size() {
            return (int) TASK.getAcquire(this);
        }
    }

    /** The word of one worker: the notification against the sleep. */
    @JCStressTest
    @Outcome(id = "true, true, -1", expect = ACCEPTABLE, desc = "sleeps and is unparked")
    @Outcome(id = "false, false, 1", expect = ACCEPTABLE, desc = "notified first: stays awake")
    @Outcome(expect = FORBIDDEN, desc = "sleeps and nobody unparks it, or awake without the task")
    @State
    public static class NotifyAgainstPark {
        private final ParkWord word = new ParkWord();
        private int written;

        public NotifyAgainstPark() {}

        @Actor
        public void notifier(ZZI_Result r) {
            written = 1;
            r.r1 = word.notifyOwner();
        }

        @Actor
        public void owner(ZZI_Result r) {
            r.r2 = word.tryPark();
            r.r3 = r.r2 ? -1 : written;
        }
    }

    /** The notifier looks, then writes: must be found. */
    @JCStressTest
    @Outcome(id = "true, true, -1", expect = ACCEPTABLE, desc = "sleeps and is unparked")
    @Outcome(id = "false, false, 1", expect = ACCEPTABLE, desc = "notified first: stays awake")
    @Outcome(expect = FORBIDDEN, desc = "sleeps and nobody unparks it")
    @State
    public static class FaultyNotifyAgainstPark {
        private static final int EMPTY = 0;
        private static final int PARKED = 1;
        private static final int NOTIFIED = 2;

        private volatile int word = EMPTY;
        private int written;

        public FaultyNotifyAgainstPark() {}

        @Actor
        public void notifier(ZZI_Result r) {
            written = 1;
            r.r1 = word == PARKED;
            word = NOTIFIED;
        }

        @Actor
        public void owner(ZZI_Result r) {
            r.r2 = word == EMPTY;
            if (r.r2) {
                FaultWindow.open();
                word = PARKED;
            }
            r.r3 = r.r2 ? -1 : written;
        }
    }

    /** The word of all workers: a task is added while the only worker goes to sleep. */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "the submitter sees it asleep")
    @Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "the sleeper sees the task")
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "both")
    @Outcome(expect = FORBIDDEN, desc = "the task lies beside a sleeping worker")
    @State
    public static class SubmitAgainstSleep extends Queue {
        private final IdleSet idle = new IdleSet(1);

        public SubmitAgainstSleep() {}

        @Actor
        public void submitter(ZI_Result r) {
            add();
            r.r1 = idle.pickToWake() == 0;
        }

        @Actor
        public void sleeper(ZI_Result r) {
            idle.sleep(0, false);
            r.r2 = size();
        }
    }

    /**
     * The look at the word comes before the task is visible, as without the fence it may: must be
     * found.
     */
    @JCStressTest
    @Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "the submitter sees it asleep")
    @Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "the sleeper sees the task")
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "both")
    @Outcome(expect = FORBIDDEN, desc = "the task lies beside a sleeping worker")
    @State
    public static class FaultySubmitAgainstSleep extends Queue {
        private final IdleSet idle = new IdleSet(1);

        public FaultySubmitAgainstSleep() {}

        @Actor
        public void submitter(ZI_Result r) {
            r.r1 = idle.idleMask() != 0;
            FaultWindow.open();
            add();
        }

        @Actor
        public void sleeper(ZI_Result r) {
            idle.sleep(0, false);
            r.r2 = size();
        }
    }
}
