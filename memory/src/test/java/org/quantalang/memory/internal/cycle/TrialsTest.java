package org.quantalang.memory.internal.cycle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TrialsTest {
    private static final int GRANTED = 10;
    private static final int PER_SUCCESS = 4;
    private static final int MOST = 12;
    private static final int LONGEST_PERIOD = 8;

    private final Trials trials = new Trials(GRANTED, PER_SUCCESS, MOST, LONGEST_PERIOD);

    @Test
    void allAreTriedWhileThereIsCredit() {
        for (int i = 0; i < GRANTED; i++) {
            assertTrue(trials.tries(), "try " + i);
            trials.failed();
        }
    }

    @Test
    void withoutCreditTheyBecomeFewer() {
        failAll(1000);
        assertEquals(1000 / LONGEST_PERIOD, failAll(1000));
    }

    @Test
    void aSuccessPaysForMore() {
        failAll(1000);
        succeedOnce();
        for (int i = 0; i < PER_SUCCESS; i++) {
            assertTrue(trials.tries(), "try " + i);
            trials.failed();
        }
        assertTrue(failAll(100) < 100, "without end");
    }

    @Test
    void successesAreNotSavedForEver() {
        for (int i = 0; i < 1000; i++) {
            assertTrue(trials.tries(), "try " + i);
            trials.succeeded();
        }
        for (int i = 0; i < MOST; i++) {
            assertTrue(trials.tries(), "try " + i);
            trials.failed();
        }
        assertTrue(failAll(100) < 100, "without end");
    }

    @Test
    void debtIsForgivenByASuccess() {
        failAll(100_000);
        succeedOnce();
        assertTrue(trials.tries(), "what 100,000 failures cost was not forgiven");
        assertNotEquals(10 * LONGEST_PERIOD, failAll(10 * LONGEST_PERIOD), "without end");
    }

    /** Returns how many of the candidates were tried. */
    private int failAll(int candidates) {
        int tried = 0;
        for (int i = 0; i < candidates; i++) {
            if (trials.tries()) {
                tried++;
                trials.failed();
            }
        }
        return tried;
    }

    private void succeedOnce() {
        while (!trials.tries()) {}
        trials.succeeded();
    }
}
