package org.quantalang.memory.internal.shared;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;
import org.openjdk.jcstress.infra.results.L_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.quantalang.memory.internal.FaultWindow;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** One reference field that two threads use at once. */
public class FieldsStress {
    private FieldsStress() {}

    /** A holder whose field refers to a first object. */
    abstract static class OneField extends InStep {
        /** The first object; written before the holder is given. */
        long first;

        final long holder() {
            long holder = made();
            first = made();
            HEAP.moveReference(holder, NEXT, first);
            return holder;
        }
    }

    private static String use(long loaded) {
        if (loaded == 0) {
            return "null";
        }
        String what = InStep.whole(loaded) ? "whole" : "gone";
        InStep.HEAP.release(loaded);
        return what;
    }

    /** One loads what the other overwrites. */
    @JCStressTest
    @Outcome(id = "whole, destroyed 3 live 0", expect = ACCEPTABLE, desc = "the old, or the new")
    @Outcome(expect = FORBIDDEN, desc = "loaded what is gone, or lost a count")
    @State
    public static class LoadAgainstStore extends OneField {
        public LoadAgainstStore() {}

        @Actor
        public void owner(LL_Result r) {
            long holder = holder();
            long second = made();
            give(holder);
            HEAP.moveReference(holder, NEXT, second);
            awaitOther(1);
            HEAP.release(holder);
            r.r2 = left();
        }

        @Actor
        public void other(LL_Result r) {
            r.r1 = use(HEAP.loadReference(taken(), NEXT));
            did(1);
        }
    }

    /** Both exchange: each gets what was there before it. */
    @JCStressTest
    @Outcome(id = "first, owner's, destroyed 4 live 0", expect = ACCEPTABLE, desc = "one after")
    @Outcome(id = "other's, first, destroyed 4 live 0", expect = ACCEPTABLE, desc = "the other")
    @Outcome(expect = FORBIDDEN, desc = "both got the same, or a count is lost")
    @State
    public static class ExchangeAgainstExchange extends OneField {
        private long owners;
        private long others;
        private String got = "";

        public ExchangeAgainstExchange() {}

        private String name(long object) {
            return object == first ? "first" : object == owners ? "owner's" : "other's";
        }

        @Actor
        public void owner(L_Result r) {
            long holder = holder();
            owners = made();
            give(holder);
            long old = HEAP.exchangeReference(holder, NEXT, owners);
            awaitOther(1);
            String all = name(old) + ", " + got;
            HEAP.release(old);
            HEAP.release(owners);
            goOn();
            awaitOther(2);
            HEAP.release(holder);
            r.r1 = all + ", " + left();
        }

        @Actor
        public void other() {
            long holder = taken();
            others = made();
            long old = HEAP.exchangeReference(holder, NEXT, others);
            got = name(old);
            did(1);
            awaitOwner();
            HEAP.release(old);
            HEAP.release(others);
            HEAP.leave(); // so that what is left of its own is for the owner to free
            did(2);
        }
    }

    /** Both replace the same object: one succeeds. */
    @JCStressTest
    @Outcome(id = "true, false, destroyed 3 live 0", expect = ACCEPTABLE, desc = "the owner")
    @Outcome(id = "false, true, destroyed 3 live 0", expect = ACCEPTABLE, desc = "the other")
    @Outcome(expect = FORBIDDEN, desc = "both, or neither, or a count is lost")
    @State
    public static class CompareAndSetTwice extends OneField {
        private boolean succeeded;
        private long second;

        public CompareAndSetTwice() {}

        @Actor
        public void owner(L_Result r) {
            long holder = holder();
            second = made();
            give(holder);
            boolean mine = HEAP.compareAndSetReference(holder, NEXT, first, second);
            awaitOther(1);
            HEAP.release(second);
            HEAP.release(holder);
            r.r1 = mine + ", " + succeeded + ", " + left();
        }

        @Actor
        public void other() {
            long holder = taken();
            succeeded = HEAP.compareAndSetReference(holder, NEXT, first, second);
            did(1);
        }
    }

    /** One loads a weak field whose object goes, and which is cleared. */
    @JCStressTest
    @Outcome(
            id = {"whole, destroyed 2 live 0", "null, destroyed 2 live 0"},
            expect = ACCEPTABLE,
            desc = "alive, or nothing")
    @Outcome(expect = FORBIDDEN, desc = "loaded what is gone, or lost a count")
    @State
    public static class LoadWeakAgainstClear extends InStep {
        public LoadWeakAgainstClear() {}

        @Actor
        public void owner(LL_Result r) {
            long holder = made();
            long target = made();
            HEAP.setWeakReference(holder, WEAK, target);
            give(holder);
            HEAP.release(target);
            HEAP.setWeakReference(holder, WEAK, 0);
            awaitOther(1);
            HEAP.release(holder);
            r.r2 = left();
        }

        @Actor
        public void other(LL_Result r) {
            r.r1 = use(HEAP.loadWeak(taken(), WEAK));
            did(1);
        }
    }

    /** A load that reads and then retains: must be found. */
    @JCStressTest
    @Outcome(
            id = {"whole", "null"},
            expect = ACCEPTABLE,
            desc = "the old, or nothing")
    @Outcome(expect = FORBIDDEN, desc = "loaded what is gone")
    @State
    public static class FaultyLoadAgainstStore {
        private final AtomicInteger count = new AtomicInteger(1);
        private volatile boolean field = true;

        public FaultyLoadAgainstStore() {}

        @Actor
        public void store() {
            field = false;
            count.decrementAndGet();
        }

        @Actor
        public void load(L_Result r) {
            r.r1 = "null";
            if (field) {
                FaultWindow.open();
                r.r1 = count.getAndIncrement() == 0 ? "gone" : "whole";
            }
        }
    }

    /** An exchange that reads and then writes: must be found. */
    @JCStressTest
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "each got another")
    @Outcome(expect = FORBIDDEN, desc = "both got the first, and would both release it")
    @State
    public static class FaultyExchangeAgainstExchange {
        private final AtomicLong field = new AtomicLong(1);
        private final AtomicInteger got = new AtomicInteger();

        public FaultyExchangeAgainstExchange() {}

        private void exchange(int value) {
            long old = field.get();
            FaultWindow.open();
            field.set(value);
            got.accumulateAndGet((int) old, (all, one) -> all | one);
        }

        @Actor
        public void one() {
            exchange(2);
        }

        @Actor
        public void other() {
            exchange(2);
        }

        @Arbiter
        public void end(L_Result r) {
            r.r1 = got.get();
        }
    }

    /** A compare, then a store: must be found. */
    @JCStressTest
    @Outcome(
            id = {"true, false", "false, true"},
            expect = ACCEPTABLE,
            desc = "one of the two")
    @Outcome(expect = FORBIDDEN, desc = "both")
    @State
    public static class FaultyCompareAndSetTwice {
        private volatile int field = 1;

        public FaultyCompareAndSetTwice() {}

        private boolean replace(int value) {
            if (field != 1) {
                return false;
            }
            FaultWindow.open();
            field = value;
            return true;
        }

        @Actor
        public void one(ZZ_Result r) {
            r.r1 = replace(2);
        }

        @Actor
        public void other(ZZ_Result r) {
            r.r2 = replace(3);
        }
    }
}
