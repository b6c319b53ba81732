package org.quantalang.memory.internal.shared;

import org.quantalang.memory.internal.shared.CountState.Actor;
import org.quantalang.memory.internal.shared.CountState.At;

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
final class CountModel extends CountExploration {
    private final Set<CountFault> faults;

    /**
     * A model.
     *
     * @param lent whether the owner's number is not its thread's
     */
    CountModel(int objects, int budget, boolean lent, CountFault... faults) {
        super(objects, budget, lent);
        this.faults = Set.of(faults);
    }

    private boolean with(CountFault fault) {
        return faults.contains(fault);
    }

    // ---- what must hold

    @Override
    void check(CountState state) {
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

    // ---- steps

    /** What a thread finds by the table of owners. */
    private static boolean owns(CountState state, int t, long a) {
        return t == 0 && !state.threads[0].ended && SharedHeader.owner(a) == OWNER;
    }

    /** What it finds by one compare, before it looks there; thread 0 has the owner's number. */
    private boolean plain(int t, long after) {
        long thread = SharedHeader.plainFor(after);
        return thread == OWNER + t || (thread == OWNER && with(CountFault.LOOSE_COMPARE));
    }

    private void begin(CountState state, int t, int object, String what, At at, Change change) {
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

    private void idle(CountState state, int t) {
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

    private static void give(CountState s, int t, int object) {
        s.threads[t].refs[object]--;
        s.threads[1 - t].refs[object]++;
    }

    private static void weakRetain(CountState s, Actor self) {
        s.b[self.object] += SharedHeader.ONE_WEAK;
        self.weaks[self.object]++;
    }

    private void weakRelease(CountState s, Actor self) {
        s.b[self.object] -= SharedHeader.ONE_WEAK;
        long b = s.b[self.object];
        if (with(CountFault.LAST_WEAK_BY_LOOKING)) {
            self.at = At.WEAK_LOOK;
        } else if (SharedHeader.has(b, SharedHeader.DEAD) && !SharedHeader.holdsBlock(b)) {
            self.at = At.FREE;
        } else {
            self.at = At.IDLE;
        }
    }

    private void store(CountState state, int t, At after) {
        step(
                state,
                t,
                "puts on the queue",
                (s, self) -> {
                    put(s, self);
                    self.at = after;
                });
    }

    private static void put(CountState s, Actor self) {
        s.claimed--;
        s.queued[self.object]++;
    }

    private void spill(CountState state, int t) {
        if (with(CountFault.PLAIN_SPILL)) {
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

    @Override
    void advance(CountState state, int t) {
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
                                        with(CountFault.EXCLUSIVE_IGNORES_WEAK)
                                                ? self.b & ~SharedHeader.WEAK_MASK
                                                : self.b;
                                if (with(CountFault.OWN_COUNT_ONLY)
                                        || SharedHeader.exclusive(seen)) {
                                    self.at = At.LAST_OWNED_STORE_B;
                                } else {
                                    self.at =
                                            with(CountFault.MERGED_BEFORE_WORD_A)
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
                                        with(CountFault.MERGED_BEFORE_WORD_A)
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
                                            with(CountFault.MERGED_BEFORE_WORD_A)
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
                                                    && !with(CountFault.RELEASE_BELOW_ZERO);
                                    self.at = left ? At.TELL : At.RELEASE_SHARED;
                                } else if (with(CountFault.PLAIN_RELEASE)) {
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
                                if (s.b[x] != self.b && !with(CountFault.BLIND_RELEASE)) {
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
                            "claims a place in the queue",
                            (s, self) -> {
                                s.claimed++;
                                self.at = At.STORE;
                            });
            case STORE -> {
                store(state, t, with(CountFault.TOLD_WITHOUT_LOOK) ? next(thread) : At.LOOK);
                if (!with(CountFault.TOLD_WITHOUT_LOOK)) {
                    // The processor may look before others see what it has stored.
                    step(
                            state,
                            t,
                            "looks whether the owner is there, before it is seen to store",
                            (s, self) ->
                                    self.at =
                                            s.ownerGone && !self.draining
                                                    ? At.STORE_AND_TAKE
                                                    : At.STORE_LATE);
                }
            }
            case STORE_LATE -> store(state, t, next(thread));
            case STORE_AND_TAKE -> {
                step(
                        state,
                        t,
                        "puts on the queue, and takes",
                        (s, self) -> {
                            put(s, self);
                            self.draining = true;
                            self.at = At.TAKE;
                        });
            }
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
                                if (with(CountFault.LAST_WEAK_BY_LOOKING)) {
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
                                self.at =
                                        may || with(CountFault.BLIND_UPGRADE)
                                                ? At.UPGRADE
                                                : At.IDLE;
                            });
            case UPGRADE ->
                    touch(
                            state,
                            t,
                            "sets B upgraded",
                            (s, self) -> {
                                if (s.b[x] != self.b && !with(CountFault.BLIND_UPGRADE)) {
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
                boolean secondLook = thread.ending && state.ownerGone;
                if (state.queued[0] + state.queued[1] == 0
                        && (!secondLook
                                || state.claimed == 0
                                || with(CountFault.END_WITHOUT_WAIT))) {
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
                            if (!owned && !with(CountFault.TAKEN_AS_OWNED)) {
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
                                if (with(CountFault.END_WITHOUT_SECOND_DRAIN)) {
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
    private long merged(CountState s, Actor self, long own) {
        long seen = with(CountFault.PLAIN_MERGE) ? self.b : s.b[self.object];
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
    private static At destroyedNext(CountState s, Actor self) {
        if (self.object == 0 && s.edge && s.destroyed[0] > 0) {
            s.edge = false;
            self.object = 1;
            return At.RELEASE_READ_A;
        }
        return next(self);
    }
}
