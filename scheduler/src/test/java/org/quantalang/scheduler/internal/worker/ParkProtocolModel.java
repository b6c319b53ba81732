package org.quantalang.scheduler.internal.worker;

import java.util.Arrays;

/**
 * Every interleaving of the park protocol, step by step, under sequential consistency: submitters
 * push tasks and wake, workers take, search, go to sleep and are woken. Finds a state in which all
 * is quiet, a task is queued and a worker is parked, or a count out of its range.
 *
 * <p>A worker's task ends or never ends; a missing fence is modelled as a submitter that reads the
 * control word before its push is visible.
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
        REFUSED_SEARCHER_COUNTS_DOWN
    }

    private static final int MAX = 3;

    // One state: queue, mask, searching, then arrays.
    private static final int QUEUE = 0;
    private static final int MASK = 1;
    private static final int SEARCHING = 2;
    private static final int PARK = 3; // MAX words: EMPTY, PARKED, NOTIFIED
    private static final int PERMIT = PARK + MAX;
    private static final int SUBMITTERS =
            PERMIT + MAX; // step, left, seen mask, seen searching, target
    private static final int SUBMITTER_WORDS = 5;
    private static final int WORKERS =
            SUBMITTERS + 2 * SUBMITTER_WORDS; // step, searcher, last, ...
    private static final int WORKER_WORDS = 7;
    private static final int WORDS = WORKERS + MAX * WORKER_WORDS;

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
    private static final int RUN = 1;
    private static final int BUSY = 2;
    private static final int MAY_SEARCH = 3;
    private static final int SEARCH = 4;
    private static final int FOUND = 5;
    private static final int SLEEP = 6;
    private static final int LOOK_AGAIN = 7;
    private static final int PARK_1 = 8;
    private static final int PARK_2 = 9;
    private static final int PARK_3 = 10;
    private static final int WAKE_READ = 11;
    private static final int WAKE_DECIDE = 12;
    private static final int WAKE_UNPARK = 13;

    private final int workers;
    private final int[] tasks;
    private final Variant variant;

    private long[] low = new long[1 << 12]; // all states, in the order of their discovery
    private long[] high = new long[1 << 12];
    private int[] table = new int[1 << 13]; // index + 1 of a state, by hash
    private int count;
    private String violation = "";

    ParkProtocolModel(int workers, int[] tasks, Variant variant) {
        this.workers = workers;
        this.tasks = tasks.clone();
        this.variant = variant;
    }

    /** Explores all states. Returns what is wrong, or an empty text. */
    String explore() {
        int[] state = new int[WORDS];
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

    // Words of a worker: step, searcher, last, seen mask, seen searching, target, return step
    private void workerStep(int[] s, int worker, int at) {
        int[] n = s.clone();
        switch (s[at]) {
            case TAKE -> {
                if (s[QUEUE] > 0) {
                    n[QUEUE]--;
                    n[at] = RUN;
                } else {
                    n[at] = MAY_SEARCH;
                }
            }
            case RUN -> {
                n[at] = TAKE;
                add(n);
                n = s.clone();
                n[at] = BUSY;
            }
            case BUSY -> {
                return;
            }
            case MAY_SEARCH -> {
                if (2 * s[SEARCHING] < workers) {
                    n[SEARCHING]++;
                    n[at + 1] = 1;
                    n[at] = SEARCH;
                } else {
                    n[at] = SLEEP;
                }
            }
            case SEARCH -> {
                if (s[QUEUE] > 0) {
                    n[QUEUE]--;
                    n[at] = FOUND;
                } else {
                    n[at] = SLEEP;
                }
            }
            case FOUND -> {
                n[SEARCHING]--;
                n[at + 1] = 0;
                n[at + 6] = RUN;
                n[at] = s[SEARCHING] == 1 ? WAKE_READ : RUN;
            }
            case SLEEP -> {
                boolean searcher = s[at + 1] == 1;
                boolean countsDown = searcher || variant == Variant.REFUSED_SEARCHER_COUNTS_DOWN;
                n[SEARCHING] -= countsDown ? 1 : 0;
                n[MASK] |= 1 << worker;
                boolean last =
                        switch (variant) {
                            case ONLY_SEARCHERS_LOOK_AGAIN -> searcher && s[SEARCHING] == 1;
                            case NOBODY_LOOKS_AGAIN -> false;
                            default -> n[SEARCHING] == 0;
                        };
                n[at + 1] = 0;
                n[at + 2] = last ? 1 : 0;
                n[at] = LOOK_AGAIN;
            }
            case LOOK_AGAIN -> {
                n[at + 6] = PARK_1;
                n[at] = s[at + 2] == 1 && s[QUEUE] > 0 ? WAKE_READ : PARK_1;
                n[at + 2] = 0;
            }
            case PARK_1 -> {
                if (s[PARK + worker] == EMPTY) {
                    n[PARK + worker] = PARKED;
                    n[at] = PARK_2;
                } else {
                    awake(n, worker, at);
                }
            }
            case PARK_2 -> {
                if (s[PERMIT + worker] == 0) {
                    return;
                }
                n[PERMIT + worker] = 0;
                n[at] = PARK_3;
            }
            case PARK_3 -> {
                if (s[PARK + worker] == NOTIFIED) {
                    awake(n, worker, at);
                } else {
                    n[at] = PARK_2;
                }
            }
            case WAKE_READ -> {
                see(n, at + 3);
                n[at] = WAKE_DECIDE;
            }
            case WAKE_DECIDE -> decide(n, at, at + 3, s[at + 6], WAKE_READ, WAKE_UNPARK);
            default -> unpark(n, at, at + 3, s[at + 6]);
        }
        add(n);
    }

    private static void awake(int[] n, int worker, int at) {
        n[PARK + worker] = EMPTY;
        n[at + 1] = 1;
        n[at] = SEARCH;
    }

    private void check(int[] s) {
        int awake = workers - Integer.bitCount(s[MASK]);
        if (s[SEARCHING] > awake) {
            violation = "more search than are awake: " + Arrays.toString(s);
        }
        boolean parked = false;
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
        }
        if (parked && s[QUEUE] > 0) {
            violation = "a task lies beside a parked worker: " + Arrays.toString(s);
        }
    }

    // ---- the set of states: each packed into two words

    private static int bits(int word) {
        if (word < PARK || word >= WORKERS) {
            int field = word < PARK ? -1 : (word - WORKERS) % WORKER_WORDS;
            return field == 0 || field == 6 ? 4 : field == 1 || field == 2 ? 1 : 3;
        }
        if (word < SUBMITTERS) {
            return word < PERMIT ? 2 : 1;
        }
        return 3;
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
                lowWord = lowWord << bits(i) | state[i];
            } else {
                highWord = highWord << bits(i) | state[i];
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
            int mask = (1 << bits(i)) - 1;
            if (i < WORKERS) {
                state[i] = (int) lowWord & mask;
                lowWord >>>= bits(i);
            } else {
                state[i] = (int) highWord & mask;
                highWord >>>= bits(i);
            }
        }
    }
}
