package org.quantalang.scheduler.internal.worker;

import java.util.Arrays;

/**
 * Every interleaving of the park protocol, step by step, under sequential consistency: submitters
 * push tasks into the injector and wake; workers take, run, yield, move batches, search, steal, go
 * to sleep and are woken. Finds a state in which all is quiet, a task is queued and a worker is
 * parked, or a count out of its range.
 *
 * <p>A worker's task ends, yields, spawns or never ends. What is spawned goes to the slot, of which
 * nobody is told and from which nobody steals: it may wait for the running task, and is no fault
 * while its worker is awake. A search may miss what is there. A look at all queues reads one after
 * the other, and a task that is moved is in none of them for a while. A missing fence is modelled
 * as a submitter that reads the control word before its push is visible.
 */
final class ParkProtocolModel {
    /** What may be wrong with the protocol. */
    enum Variant {
        /** As the workers do it. */
        AS_BUILT,
        /**
         * Only the last one that searched looks again, not everyone who leaves nobody searching.
         */
        ONLY_SEARCHERS_LOOK_AGAIN,
        /** The submitter reads the word before its task is visible. */
        NO_FENCE,
        /** Nobody looks again. */
        NOBODY_LOOKS_AGAIN,
        /** A worker that was refused to search is counted as if it had. */
        REFUSED_SEARCHER_COUNTS_DOWN,
        /** A worker that has put a yielding task into its ring runs another and tells nobody. */
        YIELD_UNANNOUNCED,
        /** A worker that moves a batch from the injector to its ring tells nobody. */
        BATCH_UNANNOUNCED,
        /** The last one that searched does not pass the search on. */
        SEARCH_NOT_PASSED_ON
    }

    private static final int MAX = 3;

    // One state: the shared words, then arrays.
    private static final int QUEUE = 0; // tasks in the injector
    private static final int MASK = 1;
    private static final int SEARCHING = 2;
    private static final int PARK = 3; // MAX words: EMPTY, PARKED, NOTIFIED
    private static final int PERMIT = PARK + MAX;
    private static final int RING = PERMIT + MAX; // tasks in each worker's ring
    private static final int OWES = RING + MAX; // each worker's tasks that nobody was told of
    private static final int SLOT = OWES + MAX; // the LIFO slot of each worker
    private static final int SPAWNS = SLOT + MAX; // how many tasks running tasks may still spawn
    private static final int SUBMITTERS = SPAWNS + 1; // step, left, seen mask, searching, target
    private static final int SUBMITTER_WORDS = 5;
    private static final int WORKERS = SUBMITTERS + 2 * SUBMITTER_WORDS;
    private static final int WORKER_WORDS = 8;
    private static final int WORDS = WORKERS + MAX * WORKER_WORDS;

    // Words of a worker.
    private static final int IS_SEARCHER = 1;
    private static final int SEEN = 2; // mask, searching, target
    private static final int AFTERWARDS = 5; // of a wake: whether it goes to sleep, or runs
    private static final int HAND = 6; // tasks that are on their way into the ring
    private static final int LOOKED = 7; // queues that it has looked at

    private static final int[] SHARED_BITS = {
        2, 3, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 2
    };
    private static final int[] SUBMITTER_BITS = {3, 2, 3, 2, 2};
    private static final int[] WORKER_BITS = {5, 1, 3, 2, 2, 1, 2, 3};
    private static final int[] BITS = allBits();

    private static final int EMPTY = 0;
    private static final int PARKED = 1;
    private static final int NOTIFIED = 2;

    // Steps of a submitter.
    private static final int PUSH = 0;
    private static final int READ = 1;
    private static final int DECIDE = 2;
    private static final int UNPARK = 3;
    private static final int LATE_PUSH = 4;

    // Steps of a worker.
    private static final int TAKE = 0;
    private static final int MOVE = 1;
    private static final int ANNOUNCE = 2;
    private static final int RUN = 3;
    private static final int BUSY = 4;
    private static final int MAY_SEARCH = 5;
    private static final int SEARCH = 6;
    private static final int PUBLISH = 7;
    private static final int FOUND = 8;
    private static final int SLEEP = 9;
    private static final int LOOK = 10;
    private static final int PARK_1 = 11;
    private static final int PARK_2 = 12;
    private static final int PARK_3 = 13;
    private static final int WAKE_READ = 14;
    private static final int WAKE_DECIDE = 15;
    private static final int WAKE_UNPARK = 16;

    private final int workers;
    private final int[] tasks;
    private final int spawns;
    private final Variant variant;

    private long[] low = new long[1 << 12]; // all states, in the order of their discovery
    private long[] high = new long[1 << 12];
    private int[] table = new int[1 << 13]; // index + 1 of a state, by hash
    private int count;
    private String violation = "";

    /**
     * Makes a model.
     *
     * @param tasks how many each submitter pushes, for up to two submitters
     * @param spawns how many tasks the running tasks spawn
     */
    ParkProtocolModel(int workers, int[] tasks, int spawns, Variant variant) {
        this.workers = workers;
        this.tasks = tasks.clone();
        this.spawns = spawns;
        this.variant = variant;
    }

    /** Explores all states. Returns what is wrong, or an empty text. */
    String explore() {
        int[] state = new int[WORDS];
        state[SPAWNS] = spawns;
        for (int i = 0; i < tasks.length; i++) {
            state[SUBMITTERS + i * SUBMITTER_WORDS + 1] = tasks[i];
        }
        add(state);
        for (int at = 0; at < count && violation.isEmpty(); at++) {
            decode(at, state);
            check(state);
            for (int i = 0; i < tasks.length; i++) {
                submitterStep(state, SUBMITTERS + i * SUBMITTER_WORDS);
            }
            for (int i = 0; i < workers; i++) {
                workerStep(state, i, WORKERS + i * WORKER_WORDS);
            }
        }
        return violation;
    }

    int states() {
        return count;
    }

    private void submitterStep(int[] s, int at) {
        int[] n = s.clone();
        switch (s[at]) {
            case PUSH -> {
                if (s[at + 1] == 0) {
                    return;
                }
                n[at + 1]--;
                if (variant == Variant.NO_FENCE) {
                    see(n, at + 2);
                    n[at] = LATE_PUSH;
                } else {
                    n[QUEUE]++;
                    n[at] = READ;
                }
            }
            case LATE_PUSH -> {
                n[QUEUE]++;
                n[at] = DECIDE;
            }
            case READ -> {
                see(n, at + 2);
                n[at] = DECIDE;
            }
            case DECIDE -> decide(n, at, at + 2, PUSH, READ, UNPARK);
            default -> unpark(n, at, at + 2, PUSH);
        }
        add(n);
    }

    private static void see(int[] n, int seen) {
        n[seen] = n[MASK];
        n[seen + 1] = n[SEARCHING];
    }

    /** The decision of {@code IdleSet.pickToWake}, with its compare-and-set. */
    private static void decide(int[] n, int step, int seen, int done, int again, int unpark) {
        int mask = n[seen];
        if (n[seen + 1] > 0 || mask == 0) {
            n[step] = done;
        } else if (n[MASK] == mask && n[SEARCHING] == n[seen + 1]) {
            int target = Integer.numberOfTrailingZeros(mask);
            n[MASK] &= ~(1 << target);
            n[SEARCHING]++;
            n[seen + 2] = target;
            n[step] = unpark;
            n[seen] = 0;
            n[seen + 1] = 0;
            return;
        } else {
            n[step] = again;
        }
        n[seen] = 0;
        n[seen + 1] = 0;
    }

    private static void unpark(int[] n, int step, int seen, int then) {
        int target = n[seen + 2];
        if (n[PARK + target] == PARKED) {
            n[PERMIT + target] = 1;
        }
        n[PARK + target] = NOTIFIED;
        n[seen + 2] = 0;
        n[step] = then;
    }

    private void workerStep(int[] s, int worker, int at) {
        switch (s[at]) {
            case TAKE -> take(s, worker, at);
            case RUN -> {
                to(s, at, TAKE);
                to(s, at, BUSY); // for ever
                int[] yields = s.clone();
                yields[RING + worker]++;
                owe(yields, worker, Variant.YIELD_UNANNOUNCED);
                to(yields, at, TAKE);
                if (s[SPAWNS] > 0) {
                    int[] spawns = s.clone();
                    spawns[SPAWNS]--;
                    spawns[SLOT + worker] = 1;
                    spawns[RING + worker] += s[SLOT + worker]; // what was there is displaced
                    to(spawns, at, s[SLOT + worker] == 1 ? WAKE_READ : RUN);
                }
            }
            case BUSY -> {}
            case MOVE, PUBLISH -> {
                int[] n = s.clone();
                n[RING + worker] += n[at + HAND];
                n[at + HAND] = 0;
                to(n, at, s[at] == MOVE ? ANNOUNCE : FOUND);
            }
            case ANNOUNCE -> {
                int[] n = s.clone();
                n[OWES + worker] = 0;
                boolean somethingToTell = s[OWES + worker] == 1 && s[RING + worker] > 0;
                to(n, at, somethingToTell ? WAKE_READ : RUN);
            }
            case MAY_SEARCH -> {
                if (2 * s[SEARCHING] < workers) {
                    int[] n = s.clone();
                    n[SEARCHING]++;
                    n[at + IS_SEARCHER] = 1;
                    to(n, at, SEARCH);
                } else {
                    to(s, at, SLEEP);
                }
            }
            case SEARCH -> search(s, worker, at);
            case FOUND -> {
                int[] n = s.clone();
                n[SEARCHING]--;
                n[at + IS_SEARCHER] = 0;
                boolean last = s[SEARCHING] == 1 && variant != Variant.SEARCH_NOT_PASSED_ON;
                to(n, at, last ? LOOK : RUN);
            }
            case SLEEP -> goToSleep(s, worker, at);
            case LOOK -> {
                int queue = s[at + LOOKED];
                int[] n = s.clone();
                n[at + LOOKED] = 0;
                if (queue > workers) {
                    to(n, at, afterWake(s, at));
                } else if ((queue == 0 ? s[QUEUE] : s[RING + queue - 1]) > 0) {
                    to(n, at, WAKE_READ);
                } else {
                    n[at + LOOKED] = queue + 1;
                    add(n);
                }
            }
            case PARK_1 -> {
                int[] n = s.clone();
                n[at + AFTERWARDS] = 0;
                if (s[PARK + worker] == EMPTY) {
                    n[PARK + worker] = PARKED;
                    to(n, at, PARK_2);
                } else {
                    awake(n, worker, at);
                }
            }
            case PARK_2 -> {
                if (s[PERMIT + worker] == 1) {
                    int[] n = s.clone();
                    n[PERMIT + worker] = 0;
                    to(n, at, PARK_3);
                }
            }
            case PARK_3 -> {
                if (s[PARK + worker] == NOTIFIED) {
                    awake(s.clone(), worker, at);
                } else {
                    to(s, at, PARK_2);
                }
            }
            case WAKE_READ -> {
                int[] n = s.clone();
                see(n, at + SEEN);
                to(n, at, WAKE_DECIDE);
            }
            case WAKE_DECIDE -> {
                int[] n = s.clone();
                decide(n, at, at + SEEN, afterWake(s, at), WAKE_READ, WAKE_UNPARK);
                add(n);
            }
            default -> {
                int[] n = s.clone();
                unpark(n, at, at + SEEN, afterWake(s, at));
                add(n);
            }
        }
    }

    private void to(int[] s, int at, int step) {
        int[] n = s.clone();
        n[at] = step;
        add(n);
    }

    private static int afterWake(int[] s, int at) {
        return s[at + AFTERWARDS] == 1 ? PARK_1 : RUN;
    }

    private void owe(int[] n, int worker, Variant unlessVariant) {
        if (variant != unlessVariant) {
            n[OWES + worker] = 1;
        }
    }

    /** From the slot, the ring or the injector, whose turn it may be at any time. */
    private void take(int[] s, int worker, int at) {
        if (s[SLOT + worker] == 1) {
            int[] n = s.clone();
            n[SLOT + worker] = 0;
            to(n, at, ANNOUNCE);
        }
        if (s[RING + worker] > 0) {
            int[] n = s.clone();
            if (s[SLOT + worker] == 1) { // too many from the slot in a row: it goes to the back
                n[SLOT + worker] = 0;
            } else {
                n[RING + worker]--;
            }
            to(n, at, ANNOUNCE);
        }
        if (s[QUEUE] > 0) {
            int[] n = s.clone();
            n[QUEUE]--;
            to(n, at, ANNOUNCE);
            if (s[QUEUE] > 1 && s[SLOT + worker] + s[RING + worker] == 0) {
                n[QUEUE]--;
                n[at + HAND] = 1;
                owe(n, worker, Variant.BATCH_UNANNOUNCED);
                to(n, at, MOVE);
            }
        }
        if (s[SLOT + worker] + s[RING + worker] + s[QUEUE] == 0) {
            int[] n = s.clone();
            n[OWES + worker] = 0;
            to(n, at, MAY_SEARCH);
        }
    }

    /** A batch from the injector, or half of a ring; or nothing, even if there is something. */
    private void search(int[] s, int worker, int at) {
        to(s, at, SLEEP);
        if (s[QUEUE] > 0) {
            int[] n = s.clone();
            n[QUEUE]--;
            to(n, at, FOUND);
            if (s[QUEUE] > 1) {
                n[QUEUE]--;
                n[at + HAND] = 1;
                to(n, at, PUBLISH);
            }
        }
        for (int victim = 0; victim < workers; victim++) {
            int there = s[RING + victim];
            if (victim != worker && there > 0) {
                int[] n = s.clone();
                int taken = there - there / 2;
                n[RING + victim] -= taken;
                n[at + HAND] = taken - 1;
                to(n, at, PUBLISH);
            }
        }
    }

    private void goToSleep(int[] s, int worker, int at) {
        int[] n = s.clone();
        boolean searcher = s[at + IS_SEARCHER] == 1;
        boolean countsDown = searcher || variant == Variant.REFUSED_SEARCHER_COUNTS_DOWN;
        n[SEARCHING] -= countsDown ? 1 : 0;
        n[MASK] |= 1 << worker;
        n[at + IS_SEARCHER] = 0;
        n[at + AFTERWARDS] = 1;
        boolean looksAgain =
                switch (variant) {
                    case ONLY_SEARCHERS_LOOK_AGAIN -> searcher && s[SEARCHING] == 1;
                    case NOBODY_LOOKS_AGAIN -> false;
                    default -> n[SEARCHING] == 0;
                };
        to(n, at, looksAgain ? LOOK : PARK_1);
    }

    private void awake(int[] n, int worker, int at) {
        n[PARK + worker] = EMPTY;
        n[at + IS_SEARCHER] = 1;
        to(n, at, SEARCH);
    }

    private void check(int[] s) {
        int awake = workers - Integer.bitCount(s[MASK]);
        if (s[SEARCHING] > awake) {
            violation = "more search than are awake: " + Arrays.toString(s);
        }
        boolean parked = false;
        int queued = s[QUEUE];
        for (int i = 0; i < tasks.length; i++) {
            int at = SUBMITTERS + i * SUBMITTER_WORDS;
            if (s[at] != PUSH || s[at + 1] != 0) {
                return;
            }
        }
        for (int i = 0; i < workers; i++) {
            int step = s[WORKERS + i * WORKER_WORDS];
            boolean sleeps = step == PARK_2 && s[PERMIT + i] == 0;
            if (step != BUSY && !sleeps) {
                return;
            }
            parked |= sleeps;
            queued += s[RING + i] + (sleeps ? s[SLOT + i] : 0);
        }
        if (parked && queued > 0) {
            violation = "a task lies beside a parked worker: " + Arrays.toString(s);
        }
    }

    // ---- the set of states: each packed into two words

    private static int[] allBits() {
        int[] bits = Arrays.copyOf(SHARED_BITS, WORDS);
        for (int i = 0; i < 2; i++) {
            System.arraycopy(
                    SUBMITTER_BITS, 0, bits, SUBMITTERS + i * SUBMITTER_WORDS, SUBMITTER_WORDS);
        }
        for (int i = 0; i < MAX; i++) {
            System.arraycopy(WORKER_BITS, 0, bits, WORKERS + i * WORKER_WORDS, WORKER_WORDS);
        }
        return bits;
    }

    private void add(int[] state) {
        if (state[SEARCHING] < 0) {
            violation = "fewer than nobody search: " + Arrays.toString(state);
            return;
        }
        long lowWord = 0;
        long highWord = 0;
        for (int i = 0; i < WORDS; i++) {
            if (i < WORKERS) {
                lowWord = lowWord << BITS[i] | state[i];
            } else {
                highWord = highWord << BITS[i] | state[i];
            }
        }
        if (2 * count >= table.length) {
            rehash();
        }
        int slot = slotOf(lowWord, highWord);
        while (table[slot] != 0) {
            int other = table[slot] - 1;
            if (low[other] == lowWord && high[other] == highWord) {
                return;
            }
            slot = (slot + 1) & (table.length - 1);
        }
        if (count == low.length) {
            low = Arrays.copyOf(low, 2 * count);
            high = Arrays.copyOf(high, 2 * count);
        }
        low[count] = lowWord;
        high[count] = highWord;
        table[slot] = ++count;
    }

    private int slotOf(long lowWord, long highWord) {
        long hash = (lowWord * 0x9E3779B97F4A7C15L ^ highWord) * 0xC2B2AE3D27D4EB4FL;
        return (int) (hash >>> 32) & (table.length - 1);
    }

    private void rehash() {
        table = new int[2 * table.length];
        for (int i = 0; i < count; i++) {
            int slot = slotOf(low[i], high[i]);
            while (table[slot] != 0) {
                slot = (slot + 1) & (table.length - 1);
            }
            table[slot] = i + 1;
        }
    }

    private void decode(int index, int[] state) {
        long lowWord = low[index];
        long highWord = high[index];
        for (int i = WORDS - 1; i >= 0; i--) {
            int mask = (1 << BITS[i]) - 1;
            if (i < WORKERS) {
                state[i] = (int) lowWord & mask;
                lowWord >>>= BITS[i];
            } else {
                state[i] = (int) highWord & mask;
                highWord >>>= BITS[i];
            }
        }
    }
}
