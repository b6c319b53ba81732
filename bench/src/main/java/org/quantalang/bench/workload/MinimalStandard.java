package org.quantalang.bench.workload;

/**
 * The minimal standard random number generator, {@code x = x * 48271 mod (2^31 - 1)}: three lines
 * in any language, so that all programs draw the same numbers (Park, Miller, Stockmeyer, CACM
 * 1993).
 */
final class MinimalStandard {
    static final long MODULUS = 2147483647;
    private static final long MULTIPLIER = 48271;

    private long state;

    MinimalStandard(long seed) {
        state = seed;
    }

    /** Starts over. */
    void seed(long seed) {
        state = seed;
    }

    long next() {
        state = state * MULTIPLIER % MODULUS;
        return state;
    }

    /** A number of 0 to {@code bound - 1}. */
    long next(long bound) {
        return next() % bound;
    }
}
