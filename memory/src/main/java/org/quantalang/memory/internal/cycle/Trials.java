package org.quantalang.memory.internal.cycle;

/**
 * Whether it still pays to try candidates of a kind one by one: each success pays for some tries.
 * Without credit one in a while is tried, ever fewer.
 *
 * <p>Owner thread only.
 */
final class Trials {
    private final long perSuccess;
    private final long most;
    private final long longestPeriod;

    private long credit;
    private long seen;
    private long period = 1;

    /**
     * Makes the credit of one kind of candidates.
     *
     * @param granted tries at first
     * @param perSuccess tries that a success pays for
     * @param most tries that are saved at most
     * @param longestPeriod one of so many is tried at least
     */
    Trials(long granted, long perSuccess, long most, long longestPeriod) {
        this.credit = granted;
        this.perSuccess = perSuccess;
        this.most = most;
        this.longestPeriod = longestPeriod;
    }

    /** Whether a candidate is tried; that takes from the credit. */
    boolean tries() {
        if (credit <= 0 && ++seen % period != 0) {
            return false;
        }
        credit--;
        return true;
    }

    /** A try found garbage. */
    void succeeded() {
        period = 1;
        credit = Math.min(Math.max(credit, 0) + perSuccess, most);
    }

    /** A try found none. */
    void failed() {
        if (credit <= 0) {
            period = Math.min(2 * period, longestPeriod);
        }
    }
}
