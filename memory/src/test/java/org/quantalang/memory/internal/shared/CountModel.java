package org.quantalang.memory.internal.shared;

import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Explores every interleaving of two threads that count one or two objects, one memory access a
 * step. Thread 0 owns the objects until it ends; the words are those of {@link SharedHeader} and
 * change by its functions, so that what is explored is what runs.
 *
 * <p>Of two objects, the first holds a reference to the second, which its destruction releases.
 *
 * <p>The owner's count may spill at any retain, by one reference, as a full one does by half.
 *
 * <p>A compare-and-set whose new value depends on nothing but the old is one step: a failed attempt
 * is as if it had not been made.
 */
final class CountModel {
    /** What can be left out or done wrong; each must be found. */
    enum Fault {
        /** What the owner counts is taken from the shared count, and the owner is not told. */
        RELEASE_BELOW_ZERO,
        /** A release of what others count subtracts without comparing. */
        BLIND_RELEASE,
        /** The merge changes word B before word A. */
        MERGED_BEFORE_WORD_A,
        /** A merge stores what it made of the word that it read. */
        PLAIN_MERGE,
        /** A release from the queue is the owner's, though the object was merged meanwhile. */
        TAKEN_AS_OWNED,
        /** The owner's last release frees without regard to weak references. */
        EXCLUSIVE_IGNORES_WEAK,
        /** Who put an object on a queue does not look whether the owner is still there. */
        TOLD_WITHOUT_LOOK,
        /** The end does not look into the queue again after saying that it is over. */
        END_WITHOUT_SECOND_DRAIN,
        /** An upgrade adds without comparing. */
        BLIND_UPGRADE,
        /** The owner takes an object for dead when its own count is 0. */
        OWN_COUNT_ONLY,
        /** The last weak reference and the end of the destruction each look without changing. */
        LAST_WEAK_BY_LOOKING,
        /** A release of a merged object reads, subtracts and stores. */
        PLAIN_RELEASE,
        /** What spills is added to word B by reading and storing. */
        PLAIN_SPILL,
        /** The compare takes another thread for the owner, too. */
        LOOSE_COMPARE
    }

    /** What was found. */
    record Outcome(long states, String fault, String trace) {
        boolean sound() {
            return fault.isEmpty();
        }
    }

    private static final int OWNER = 1;
    private static final long WITHOUT_OPS_A = (1L << 40) - 1;
    private static final long WITHOUT_OPS_B = (1L << 44) - 1;

    private final int objects;
    private final int budget;
    private final boolean lent;
    private final Set<Fault> faults;

    private final Map<Key, Step> seen = new HashMap<>();
    private final ArrayDeque<State> open = new ArrayDeque<>();
    private String violation = "";
    private String trace = "";

    /**
     * A model.
     *
     * @param lent whether the owner's number is not its thread's
     */
    CountModel(int objects, int budget, boolean lent, Fault... faults) {
        this.objects = objects;
        this.budget = budget;
        this.lent = lent;
        this.faults = faults.length == 0 ? Set.of() : EnumSet.of(faults[0], faults);
    }

    private record Key(long first, long second, long queue, long left, long right) {}

    private record Step(Key from, String what) {}

    /** Where a thread is. */
    private enum At {
        IDLE,
        RETAIN_READ_A,
        RETAIN_OWNED,
        RETAIN_SHARED,
        SPILL_READ_B,
        SPILL_STORE_B,
        SPILL_WRITE_A,
        RELEASE_READ_A,
        RELEASE_OWNED,
        LAST_OWNED_READ_B,
        LAST_OWNED_STORE_B,
        LAST_OWNED_WRITE_A,
        LAST_OWNED_MERGE,
        RELEASE_READ_B,
        RELEASE_SHARED,
        RELEASE_PLAIN,
        RELEASE_MERGED,
        TELL,
        LOOK,
        DESTROY,
        DESTROY_READ_B,
        DESTROY_DEAD,
        DESTROY_LOOKED,
        FREE,
        UPGRADE_READ,
        UPGRADE,
        WEAK_LOOK,
        TAKE,
        TAKEN_READ_A,
        END_NEXT,
        END_READ,
        END_WRITE_A,
        END_MERGE,
        END_SAY
    }

    private static final class Actor {
        final int[] refs = new int[2];
        final int[] weaks = new int[2];
        int left;
        At at = At.IDLE;
        int object;
        long a;
        long b;

        /** The object whose end this thread must free once it has released the second. */
        boolean childPending;

        /** Draining, and what comes after it. */
        boolean draining;

        boolean ending;
        boolean ended;
        int walk;

        Actor copy() {
            Actor copy = new Actor();
            System.arraycopy(refs, 0, copy.refs, 0, 2);
            System.arraycopy(weaks, 0, copy.weaks, 0, 2);
            copy.left = left;
            copy.at = at;
            copy.object = object;
            copy.a = a;
            copy.b = b;
            copy.childPending = childPending;
            copy.draining = draining;
            copy.ending = ending;
            copy.ended = ended;
            copy.walk = walk;
            return copy;
        }

        // A key is only compared with others of the same run.
        @SuppressWarnings("EnumOrdinal")
        long key() {
            long key = at.ordinal();
            for (int i = 0; i < 2; i++) {
                key = key << 3 | refs[i];
                key = key << 2 | weaks[i];
            }
            key = key << 4 | left;
            key = key << 1 | object;
            key = key << 4 | SharedHeader.own(a);
            key = key << 1 | (SharedHeader.owner(a) != 0 ? 1 : 0);
            key = key << 4 | (SharedHeader.shared(b) + 5);
            key = key << 3 | SharedHeader.weak(b);
            key = key << 3 | (b & 0b111);
            key = key << 1 | (childPending ? 1 : 0);
            key = key << 1 | (draining ? 1 : 0);
            key = key << 1 | (ending ? 1 : 0);
            key = key << 1 | (ended ? 1 : 0);
            return key << 2 | walk;
        }
    }

    private static final class State {
        final long[] a = new long[2];
        final long[] b = new long[2];
        final boolean[] freed = new boolean[2];
        final int[] destroyed = new int[2];
        final int[] queued = new int[2];
        boolean ownerGone;

        /** The first object still holds its reference to the second. */
        boolean edge;

        Actor[] threads = {new Actor(), new Actor()};

        State copy() {
            State copy = new State();
            for (int i = 0; i < 2; i++) {
                copy.a[i] = a[i];
                copy.b[i] = b[i];
                copy.freed[i] = freed[i];
                copy.destroyed[i] = destroyed[i];
                copy.queued[i] = queued[i];
                copy.threads[i] = threads[i].copy();
            }
            copy.ownerGone = ownerGone;
            copy.edge = edge;
            return copy;
        }

        Key key() {
            return new Key(
                    object(0),
                    object(1),
                    queued[0] << 6 | queued[1] << 2 | (ownerGone ? 2 : 0) | (edge ? 1 : 0),
                    threads[0].key(),
                    threads[1].key());
        }

        private long object(int i) {
            return (b[i] << 16 | SharedHeader.own(a[i]) << 8)
                    ^ (SharedHeader.owner(a[i]) != 0 ? 1 : 0)
                    ^ (freed[i] ? 2 : 0)
                    ^ (long) destroyed[i] << 2;
        }
    }

    Outcome explore() {
        State start = new State();
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
            State state = open.poll();
            checkIdle(state);
            for (int t = 0; t < 2 && violation.isEmpty(); t++) {
                advance(state, t);
            }
        }
        return new Outcome(seen.size(), violation, trace);
    }

    // ---- what must hold

    private void checkIdle(State state) {
        if (state.threads[0].at != At.IDLE || state.threads[1].at != At.IDLE) {
            return;
        }
        for (int i = 0; i < objects; i++) {
            int refs =
                    state.threads[0].refs[i]
                            + state.threads[1].refs[i]
                            + (i == 1 && state.edge ? 1 : 0);
            int weaks = state.threads[0].weaks[i] + state.threads[1].weaks[i];
            if (!state.freed[i] && state.destroyed[i] == 0) {
                long sum = SharedHeader.own(state.a[i]) + SharedHeader.shared(state.b[i]);
                if (sum != refs + state.queued[i]) {
                    fail(
                            state,
                            "counted %d, references to object %d: %d, releases that wait: %d"
                                    .formatted(sum, i, refs, state.queued[i]));
                }
            }
            if (refs == 0 && weaks == 0 && state.queued[i] == 0 && !state.freed[i]) {
                fail(state, "object " + i + " is never freed");
            }
            if (state.queued[i] > 0 && state.ownerGone) {
                fail(state, "nobody takes object " + i + " from the queue");
            }
        }
    }

    private void fail(State state, String what) {
        if (violation.isEmpty()) {
            violation = what;
            StringBuilder text = new StringBuilder();
            Key key = state.key();
            Set<Key> shown = new HashSet<>();
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

    private boolean with(Fault fault) {
        return faults.contains(fault);
    }

    // ---- steps

    private interface Change {
        void in(State state, Actor thread);
    }

    private void step(State from, int t, String what, Change change) {
        State to = from.copy();
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
        Key key = to.key();
        if (seen.putIfAbsent(key, new Step(from.key(), "T" + t + " " + what + " object " + object))
                == null) {
            open.add(to);
        }
    }

    /** An access to a header: the block must not be free. */
    private void touch(State state, int t, String what, Change change) {
        int object = state.threads[t].object;
        if (state.freed[object]) {
            fail(state, "T" + t + " " + what + " touches freed object " + object);
            return;
        }
        step(state, t, what, change);
    }

    /** What a thread finds by the table of owners. */
    private static boolean owns(State state, int t, long a) {
        return t == 0 && !state.threads[0].ended && SharedHeader.owner(a) == OWNER;
    }

    /** What it finds by one compare, before it looks there; thread 0 has the owner's number. */
    private boolean plain(int t, long after) {
        long thread = SharedHeader.plainFor(after);
        return thread == OWNER + t || (thread == OWNER && with(Fault.LOOSE_COMPARE));
    }

    private void begin(State state, int t, int object, String what, At at, Change change) {
        step(
                state,
                t,
                what + " [" + object + "]",
                (s, self) -> {
                    self.left--;
                    self.object = object;
                    self.at = at;
                    change.in(s, self);
                });
    }

    private static final Change NOTHING = (s, self) -> {};

    private void idle(State state, int t) {
        Actor thread = state.threads[t];
        if (thread.left > 0) {
            for (int i = 0; i < objects; i++) {
                int object = i;
                if (thread.refs[i] > 0) {
                    if (thread.refs[i] < 2) {
                        begin(state, t, i, "retains", At.RETAIN_READ_A, NOTHING);
                    }
                    begin(state, t, i, "gives away", At.IDLE, (s, self) -> give(s, t, object));
                    if (thread.weaks[i] == 0) {
                        begin(state, t, i, "weakly retains", At.IDLE, CountModel::weakRetain);
                    }
                }
                if (thread.weaks[i] > 0 && thread.refs[i] < 2) {
                    begin(state, t, i, "upgrades", At.UPGRADE_READ, NOTHING);
                }
            }
            if (objects == 2 && thread.refs[0] > 0 && thread.refs[1] < 2) {
                // What a holder of the first reaches: the field keeps it while it is retained.
                begin(state, t, 1, "retains through the field", At.RETAIN_READ_A, NOTHING);
            }
            if (t == 0 && !thread.ended) {
                begin(
                        state,
                        t,
                        0,
                        "ends",
                        At.TAKE,
                        (s, self) -> {
                            self.draining = true;
                            self.ending = true;
                        });
            }
        }
        // What must come sometime needs no budget.
        for (int i = 0; i < objects; i++) {
            int object = i;
            if (thread.refs[i] > 0) {
                step(
                        state,
                        t,
                        "releases [" + object + "]",
                        (s, self) -> {
                            self.object = object;
                            self.refs[object]--;
                            self.at = At.RELEASE_READ_A;
                        });
            }
            if (thread.weaks[i] > 0) {
                step(
                        state,
                        t,
                        "weakly releases [" + object + "]",
                        (s, self) -> {
                            self.object = object;
                            self.weaks[object]--;
                            weakRelease(s, self);
                        });
            }
        }
        if (t == 0 && !thread.ended && state.queued[0] + state.queued[1] > 0) {
            step(
                    state,
                    t,
                    "polls",
                    (s, self) -> {
                        self.at = At.TAKE;
                        self.draining = true;
                    });
        }
    }

    private static void give(State s, int t, int object) {
        s.threads[t].refs[object]--;
        s.threads[1 - t].refs[object]++;
    }

    private static void weakRetain(State s, Actor self) {
        s.b[self.object] += SharedHeader.ONE_WEAK;
        self.weaks[self.object]++;
    }

    private void weakRelease(State s, Actor self) {
        s.b[self.object] -= SharedHeader.ONE_WEAK;
        long b = s.b[self.object];
        if (with(Fault.LAST_WEAK_BY_LOOKING)) {
            self.at = At.WEAK_LOOK;
        } else if (SharedHeader.has(b, SharedHeader.DEAD) && !SharedHeader.holdsBlock(b)) {
            self.at = At.FREE;
        } else {
            self.at = At.IDLE;
        }
    }

    private void spill(State state, int t) {
        if (with(Fault.PLAIN_SPILL)) {
            step(state, t, "spills", (s, self) -> self.at = At.SPILL_READ_B);
            return;
        }
        touch(
                state,
                t,
                "spills into B",
                (s, self) -> {
                    s.b[self.object] = SharedHeader.spilledIn(s.b[self.object], 1);
                    self.at = At.SPILL_WRITE_A;
                });
    }

    private void advance(State state, int t) {
        Actor thread = state.threads[t];
        int x = thread.object;
        switch (thread.at) {
            case IDLE -> idle(state, t);

            // ---- retain
            case RETAIN_READ_A ->
                    touch(
                            state,
                            t,
                            "reads A",
                            (s, self) -> {
                                self.a = s.a[x];
                                self.at =
                                        plain(t, SharedHeader.ownerRetained(self.a))
                                                        || owns(s, t, self.a)
                                                ? At.RETAIN_OWNED
                                                : At.RETAIN_SHARED;
                            });
            case RETAIN_OWNED -> {
                touch(
                        state,
                        t,
                        "stores A + 1",
                        (s, self) -> {
                            s.a[x] = SharedHeader.ownerRetained(self.a);
                            self.refs[x]++;
                            self.at = At.IDLE;
                        });
                if (SharedHeader.own(thread.a) > 1) {
                    spill(state, t);
                }
            }
            case SPILL_READ_B ->
                    touch(
                            state,
                            t,
                            "reads B to spill",
                            (s, self) -> {
                                self.b = s.b[x];
                                self.at = At.SPILL_STORE_B;
                            });
            case SPILL_STORE_B ->
                    touch(
                            state,
                            t,
                            "stores B spilled",
                            (s, self) -> {
                                s.b[x] = SharedHeader.spilledIn(self.b, 1);
                                self.at = At.SPILL_WRITE_A;
                            });
            case SPILL_WRITE_A ->
                    touch(
                            state,
                            t,
                            "stores A spilled, + 1",
                            (s, self) -> {
                                s.a[x] =
                                        SharedHeader.ownerRetained(
                                                SharedHeader.spilledOut(self.a, 1));
                                self.refs[x]++;
                                self.at = At.IDLE;
                            });
            case RETAIN_SHARED ->
                    touch(
                            state,
                            t,
                            "adds 1 to B",
                            (s, self) -> {
                                s.b[x] += SharedHeader.RETAIN_SHARED;
                                self.refs[x]++;
                                self.at = At.IDLE;
                            });

            // ---- release by the owner
            case RELEASE_READ_A ->
                    touch(
                            state,
                            t,
                            "reads A",
                            (s, self) -> {
                                self.a = s.a[x];
                                if (plain(t, SharedHeader.ownerReleased(self.a))) {
                                    self.at = At.RELEASE_OWNED;
                                } else if (!owns(s, t, self.a)) {
                                    self.at = At.RELEASE_READ_B;
                                } else if (SharedHeader.own(self.a) > 1) {
                                    self.at = At.RELEASE_OWNED;
                                } else {
                                    self.at = At.LAST_OWNED_READ_B;
                                }
                            });
            case RELEASE_OWNED ->
                    touch(
                            state,
                            t,
                            "stores A - 1",
                            (s, self) -> {
                                s.a[x] = SharedHeader.ownerReleased(self.a);
                                self.at = next(self);
                            });
            case LAST_OWNED_READ_B ->
                    touch(
                            state,
                            t,
                            "reads B",
                            (s, self) -> {
                                self.b = s.b[x];
                                long seen =
                                        with(Fault.EXCLUSIVE_IGNORES_WEAK)
                                                ? self.b & ~SharedHeader.WEAK_MASK
                                                : self.b;
                                if (with(Fault.OWN_COUNT_ONLY) || SharedHeader.exclusive(seen)) {
                                    self.at = At.LAST_OWNED_STORE_B;
                                } else {
                                    self.at =
                                            with(Fault.MERGED_BEFORE_WORD_A)
                                                    ? At.LAST_OWNED_MERGE
                                                    : At.LAST_OWNED_WRITE_A;
                                }
                            });
            case LAST_OWNED_STORE_B ->
                    touch(
                            state,
                            t,
                            "stores both words plainly",
                            (s, self) -> {
                                s.a[x] = SharedHeader.withoutOwner(self.a);
                                s.b[x] = SharedHeader.merged(self.b, 0);
                                self.at = At.DESTROY;
                            });
            case LAST_OWNED_WRITE_A ->
                    touch(
                            state,
                            t,
                            "stores A without owner",
                            (s, self) -> {
                                s.a[x] = SharedHeader.withoutOwner(self.a);
                                self.at =
                                        with(Fault.MERGED_BEFORE_WORD_A)
                                                ? next(self)
                                                : At.LAST_OWNED_MERGE;
                            });
            case LAST_OWNED_MERGE ->
                    touch(
                            state,
                            t,
                            "merges B",
                            (s, self) -> {
                                s.b[x] = merged(s, self, 0);
                                if (SharedHeader.lastGone(s.b[x])) {
                                    s.a[x] = SharedHeader.withoutOwner(s.a[x]);
                                    self.at = At.DESTROY;
                                } else {
                                    self.at =
                                            with(Fault.MERGED_BEFORE_WORD_A)
                                                    ? At.LAST_OWNED_WRITE_A
                                                    : next(self);
                                }
                            });

            // ---- release by another
            case RELEASE_READ_B ->
                    touch(
                            state,
                            t,
                            "reads B",
                            (s, self) -> {
                                self.b = s.b[x];
                                if (!SharedHeader.has(self.b, SharedHeader.MERGED)) {
                                    boolean left =
                                            SharedHeader.leftToOwner(self.a, self.b)
                                                    && !with(Fault.RELEASE_BELOW_ZERO);
                                    self.at = left ? At.TELL : At.RELEASE_SHARED;
                                } else if (with(Fault.PLAIN_RELEASE)) {
                                    self.at = At.RELEASE_PLAIN;
                                } else {
                                    self.at = At.RELEASE_MERGED;
                                }
                            });
            case RELEASE_PLAIN ->
                    touch(
                            state,
                            t,
                            "stores B - 1",
                            (s, self) -> {
                                s.b[x] = self.b - SharedHeader.ONE_SHARED;
                                self.at = SharedHeader.lastGone(s.b[x]) ? At.DESTROY : next(self);
                            });
            case RELEASE_MERGED ->
                    touch(
                            state,
                            t,
                            "takes 1 from B",
                            (s, self) -> {
                                s.b[x] -= SharedHeader.ONE_SHARED;
                                self.at = SharedHeader.lastGone(s.b[x]) ? At.DESTROY : next(self);
                            });
            case RELEASE_SHARED ->
                    touch(
                            state,
                            t,
                            "sets B released",
                            (s, self) -> {
                                if (s.b[x] != self.b && !with(Fault.BLIND_RELEASE)) {
                                    self.at = At.RELEASE_READ_B;
                                    return;
                                }
                                s.b[x] -= SharedHeader.ONE_SHARED;
                                self.at = next(self);
                            });
            case TELL ->
                    step(
                            state,
                            t,
                            "puts on the queue",
                            (s, self) -> {
                                s.queued[x]++;
                                self.at = with(Fault.TOLD_WITHOUT_LOOK) ? next(self) : At.LOOK;
                            });
            case LOOK ->
                    step(
                            state,
                            t,
                            "looks whether the owner is there",
                            (s, self) -> {
                                if (s.ownerGone && !self.draining) {
                                    self.draining = true;
                                    self.at = At.TAKE;
                                } else {
                                    self.at = next(self);
                                }
                            });

            // ---- the end of an object
            case DESTROY -> {
                int refs =
                        state.threads[0].refs[x]
                                + state.threads[1].refs[x]
                                + (x == 1 && state.edge ? 1 : 0);
                if (refs > 0) {
                    fail(state, "T" + t + " destroys object " + x + " with references left");
                    return;
                }
                if (state.queued[x] > 0) {
                    fail(state, "T" + t + " destroys object " + x + " with releases that wait");
                    return;
                }
                if (state.destroyed[x] > 0) {
                    fail(state, "T" + t + " destroys object " + x + " twice");
                    return;
                }
                touch(
                        state,
                        t,
                        "destroys",
                        (s, self) -> {
                            s.destroyed[x]++;
                            self.at = At.DESTROY_READ_B;
                        });
            }
            case DESTROY_READ_B ->
                    touch(
                            state,
                            t,
                            "reads B of the destroyed",
                            (s, self) -> {
                                long b = s.b[x];
                                self.at = SharedHeader.holdsBlock(b) ? At.DESTROY_DEAD : At.FREE;
                            });
            case DESTROY_DEAD ->
                    touch(
                            state,
                            t,
                            "marks dead",
                            (s, self) -> {
                                s.b[x] = SharedHeader.dead(s.b[x]);
                                if (with(Fault.LAST_WEAK_BY_LOOKING)) {
                                    self.at = At.DESTROY_LOOKED;
                                } else {
                                    self.at =
                                            SharedHeader.holdsBlock(s.b[x])
                                                    ? destroyedNext(s, self)
                                                    : At.FREE;
                                }
                            });
            case DESTROY_LOOKED ->
                    touch(
                            state,
                            t,
                            "looks at the dead",
                            (s, self) ->
                                    self.at =
                                            SharedHeader.holdsBlock(s.b[x])
                                                    ? destroyedNext(s, self)
                                                    : At.FREE);
            case FREE ->
                    touch(
                            state,
                            t,
                            "frees",
                            (s, self) -> {
                                s.freed[x] = true;
                                s.a[x] = 0;
                                s.b[x] = 0;
                                self.at = destroyedNext(s, self);
                            });

            // ---- weak references
            case UPGRADE_READ ->
                    touch(
                            state,
                            t,
                            "reads B to upgrade",
                            (s, self) -> {
                                self.b = s.b[x];
                                boolean may = SharedHeader.upgradable(self.b);
                                self.at = may || with(Fault.BLIND_UPGRADE) ? At.UPGRADE : At.IDLE;
                            });
            case UPGRADE ->
                    touch(
                            state,
                            t,
                            "sets B upgraded",
                            (s, self) -> {
                                if (s.b[x] != self.b && !with(Fault.BLIND_UPGRADE)) {
                                    self.at = At.UPGRADE_READ;
                                    return;
                                }
                                s.b[x] = SharedHeader.upgraded(s.b[x]);
                                self.refs[x]++;
                                self.at = At.IDLE;
                            });
            case WEAK_LOOK ->
                    touch(
                            state,
                            t,
                            "looks after its weak reference went",
                            (s, self) ->
                                    self.at =
                                            SharedHeader.has(s.b[x], SharedHeader.DEAD)
                                                            && !SharedHeader.holdsBlock(s.b[x])
                                                    ? At.FREE
                                                    : At.IDLE);

            // ---- what was handed back
            case TAKE -> {
                for (int i = 0; i < objects; i++) {
                    int object = i;
                    if (state.queued[i] > 0) {
                        step(
                                state,
                                t,
                                "takes from the queue [" + object + "]",
                                (s, self) -> {
                                    s.queued[object]--;
                                    self.object = object;
                                    self.at = At.TAKEN_READ_A;
                                });
                    }
                }
                if (state.queued[0] + state.queued[1] == 0) {
                    step(
                            state,
                            t,
                            "finds the queue empty",
                            (s, self) -> {
                                self.draining = false;
                                self.at = self.ending ? At.END_NEXT : At.IDLE;
                                if (self.ending && s.ownerGone) {
                                    self.ending = false;
                                    self.at = At.IDLE;
                                }
                            });
                }
            }
            case TAKEN_READ_A -> {
                boolean owned = SharedHeader.owner(state.a[x]) == OWNER;
                if (owned && t != 0 && !state.ownerGone) {
                    fail(state, "T" + t + " runs an owner's object " + x + " that is not its own");
                    return;
                }
                touch(
                        state,
                        t,
                        "reads A of the taken",
                        (s, self) -> {
                            self.a = s.a[x];
                            if (!owned && !with(Fault.TAKEN_AS_OWNED)) {
                                self.at = At.RELEASE_READ_B;
                            } else if (SharedHeader.own(self.a) > 1) {
                                self.at = At.RELEASE_OWNED;
                            } else {
                                self.at = At.LAST_OWNED_READ_B;
                            }
                        });
            }

            // ---- the end of the owner
            case END_NEXT ->
                    step(
                            state,
                            t,
                            "walks on",
                            (s, self) -> {
                                if (self.walk == objects) {
                                    self.at = At.END_SAY;
                                } else {
                                    self.object = self.walk;
                                    self.walk++;
                                    self.at = At.END_READ;
                                }
                            });
            case END_READ ->
                    // Word A of a free block is 0: no owner. Only the owner frees what it owns.
                    step(
                            state,
                            t,
                            "looks at a block",
                            (s, self) -> {
                                self.a = s.a[x];
                                self.b = s.b[x];
                                if (SharedHeader.owner(self.a) != OWNER) {
                                    self.at = At.END_NEXT;
                                    return;
                                }
                                self.at = At.END_WRITE_A;
                            });
            case END_WRITE_A ->
                    touch(
                            state,
                            t,
                            "stores A without owner at the end",
                            (s, self) -> {
                                s.a[x] = SharedHeader.withoutOwner(self.a);
                                self.at = At.END_MERGE;
                            });
            case END_MERGE ->
                    touch(
                            state,
                            t,
                            "merges at the end",
                            (s, self) -> {
                                s.b[x] = merged(s, self, SharedHeader.own(self.a));
                                self.at = SharedHeader.lastGone(s.b[x]) ? At.DESTROY : At.END_NEXT;
                            });
            case END_SAY ->
                    step(
                            state,
                            t,
                            "says that it is gone",
                            (s, self) -> {
                                s.ownerGone = true;
                                self.ended = true;
                                if (with(Fault.END_WITHOUT_SECOND_DRAIN)) {
                                    self.ending = false;
                                    self.at = At.IDLE;
                                } else {
                                    self.draining = true;
                                    self.at = At.TAKE;
                                }
                            });
        }
    }

    /** What a merge makes of word B. */
    private long merged(State s, Actor self, long own) {
        long seen = with(Fault.PLAIN_MERGE) ? self.b : s.b[self.object];
        return SharedHeader.merged(seen, own);
    }

    /** A release is over: back to what it was part of. */
    private static At next(Actor self) {
        if (self.draining) {
            return At.TAKE;
        }
        return self.ending ? At.END_NEXT : At.IDLE;
    }

    /** Once the first object is gone, its reference to the second is released. */
    private static At destroyedNext(State s, Actor self) {
        if (self.object == 0 && s.edge && s.destroyed[0] > 0) {
            s.edge = false;
            self.object = 1;
            return At.RELEASE_READ_A;
        }
        return next(self);
    }
}
