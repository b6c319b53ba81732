package org.quantalang.memory.internal.cycle;

/**
 * How far local traces may look, by what they have earned: one that frees something pays for others
 * that find nothing. Without credit a trace looks at one object only, and of old candidates one in
 * a while is tried, ever fewer.
 *
 * <p>Owner thread only.
 */
final class LocalCredit {
    /** Once local traces have failed this much more than succeeded they look at one object only. */
    private static final long FLOOR = -64;

    private static final long MOST = 4096;
    private static final long PER_FREED = 4;

    /** Local traces of old candidates: granted at first, earned by a success, kept at most. */
    private static final long OLD_FIRST = 64;

    private static final long OLD_PER_SUCCESS = 8;
    private static final long OLD_MOST = 1024;
    private static final long OLD_PERIOD_MOST = 1024;

    private long credit = MOST;
    private long oldCredit = OLD_FIRST;
    private long oldSeen;
    private long oldPeriod = 1;

    /** Whether an old candidate is tried now; that takes from what they have. */
    boolean triesOld() {
        if (oldCredit <= 0 && ++oldSeen % oldPeriod != 0) {
            return false;
        }
        oldCredit--;
        return true;
    }

    /** Objects that a trace may enter; {@code most} with credit. */
    long budget(boolean old, long most) {
        if (old) {
            return most;
        }
        if (credit <= 0) {
            credit++;
        }
        return credit > 0 ? most : 1;
    }

    /** A trace has freed all that it entered. */
    void freed(long entered) {
        credit = Math.min(credit + PER_FREED * entered, MOST);
    }

    /** The trace of an old candidate found garbage. */
    void oldSucceeded() {
        oldPeriod = 1;
        oldCredit = Math.min(oldCredit + OLD_PER_SUCCESS, OLD_MOST);
    }

    /** A trace with this budget entered so much and found none. */
    void failed(boolean old, long budget, long entered) {
        if (budget > 1 && credit > FLOOR) {
            credit -= entered;
        }
        if (old && oldCredit <= 0) {
            oldPeriod = Math.min(2 * oldPeriod, OLD_PERIOD_MOST);
        }
    }
}
