package org.quantalang.memory.internal.shared;

import org.quantalang.memory.internal.shared.CountState.Actor;
import org.quantalang.memory.internal.shared.CountState.At;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Explores every state that is reached from the first, and tells the way to the first fault. */
abstract class CountExploration {
    /** What was found. */
    record Outcome(long states, String fault, String trace) {
        boolean sound() {
            return fault.isEmpty();
        }
    }

    static final int OWNER = 1;
    private static final long WITHOUT_OPS_A = (1L << 40) - 1;
    private static final long WITHOUT_OPS_B = (1L << 44) - 1;

    final int objects;
    private final int budget;
    private final boolean lent;

    private final Map<CountState.Key, Step> seen = new HashMap<>();
    private final ArrayDeque<CountState> open = new ArrayDeque<>();
    private String violation = "";
    private String trace = "";

    CountExploration(int objects, int budget, boolean lent) {
        this.objects = objects;
        this.budget = budget;
        this.lent = lent;
    }

    /** Looks at a state itself. */
    abstract void check(CountState state);

    /** Makes every step that a thread can make in a state. */
    abstract void advance(CountState state, int t);

    private record Step(CountState.Key from, String what) {}

    Outcome explore() {
        CountState start = new CountState();
        for (int i = 0; i < objects; i++) {
            long fresh = lent ? SharedHeader.freshOfLent(OWNER) : SharedHeader.fresh(OWNER);
            start.a[i] = fresh | 1;
            start.b[i] = SharedHeader.fresh(true, false);
        }
        for (int i = objects; i < 2; i++) {
            start.freed[i] = true;
        }
        start.edge = objects == 2;
        start.threads[0].refs[0] = 1;
        for (Actor thread : start.threads) {
            thread.left = budget;
        }
        seen.put(start.key(), new Step(start.key(), "start"));
        open.add(start);
        while (!open.isEmpty() && violation.isEmpty()) {
            CountState state = open.poll();
            check(state);
            for (int t = 0; t < 2 && violation.isEmpty(); t++) {
                advance(state, t);
            }
        }
        return new Outcome(seen.size(), violation, trace);
    }

    final void fail(CountState state, String what) {
        if (violation.isEmpty()) {
            violation = what;
            StringBuilder text = new StringBuilder();
            CountState.Key key = state.key();
            Set<CountState.Key> shown = new HashSet<>();
            while (shown.add(key)) {
                Step step = seen.get(key);
                if (step == null) {
                    break;
                }
                text.insert(0, step.what() + "\n");
                key = step.from();
            }
            trace = text.toString();
        }
    }

    interface Change {
        void in(CountState state, Actor thread);
    }

    final void step(CountState from, int t, String what, Change change) {
        CountState to = from.copy();
        Actor thread = to.threads[t];
        int object = thread.object;
        change.in(to, thread);
        for (int i = 0; i < 2; i++) {
            to.a[i] &= WITHOUT_OPS_A;
            to.b[i] &= WITHOUT_OPS_B;
        }
        if (thread.at == At.IDLE) {
            thread.a = 0;
            thread.b = 0;
            thread.object = 0;
        }
        thread.b &= WITHOUT_OPS_B;
        thread.a &= WITHOUT_OPS_A;
        CountState.Key key = to.key();
        if (seen.putIfAbsent(key, new Step(from.key(), "T" + t + " " + what + " object " + object))
                == null) {
            open.add(to);
        }
    }

    /** An access to a header: the block must not be free. */
    final void touch(CountState state, int t, String what, Change change) {
        int object = state.threads[t].object;
        if (state.freed[object]) {
            fail(state, "T" + t + " " + what + " touches freed object " + object);
            return;
        }
        step(state, t, what, change);
    }
}
