package org.quantalang.memory.internal.cycle;

/**
 * Which candidates local traces are tried on and how far they may look, by what they have earned:
 * one that frees something pays for others that find nothing. Without credit a trace looks at one
 * object only.
 *
 * <p>Young candidates are tried one by one while about one in sixteen is garbage. With less of it a
 * full trace each time the heap has doubled costs less than they do.
 *
 * <p>Owner thread only.
 */
final class LocalCredit {
    /** Once local traces have failed this much more than succeeded they look at one object only. */
    private static final long FLOOR = -64;

    private static final long MOST = 4096;
    private static final long PER_FREED = 4;

    /** Of candidates that no trace has found live yet. */
    final Trials young = new Trials(64, 16, 1024, 32);

    /** Of those that one has. */
    final Trials old = new Trials(64, 8, 1024, 1024);

    private long credit = MOST;

    /** Objects that a trace may enter; {@code most} with credit. */
    long budget(long most) {
        if (credit <= 0) {
            credit++;
        }
        return credit > 0 ? most : 1;
    }

    /** A trace has freed all that it entered. */
    void freed(long entered) {
        credit = Math.min(credit + PER_FREED * entered, MOST);
    }

    /** A trace with this budget entered so much and found none. */
    void failed(long budget, long entered) {
        if (budget > 1 && credit > FLOOR) {
            credit -= entered;
        }
    }
}
