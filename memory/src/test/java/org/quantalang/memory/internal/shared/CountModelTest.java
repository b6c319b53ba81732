package org.quantalang.memory.internal.shared;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CountModelTest {
    @Nested
    class GivenTheTransitionsOfTheHeader {
        @Test
        void everyInterleavingOverOneObjectIsSound() {
            CountExploration.Outcome outcome = new CountModel(1, 4, false).explore();
            assertEquals("", outcome.fault(), outcome.trace());
            assertTrue(outcome.states() > 100_000, "explored " + outcome.states());
        }

        @Test
        void everyInterleavingOverTwoObjectsIsSound() {
            CountExploration.Outcome outcome = new CountModel(2, 3, false).explore();
            assertEquals("", outcome.fault(), outcome.trace());
            assertTrue(outcome.states() > 100_000, "explored " + outcome.states());
        }

        @Test
        void everyInterleavingIsSoundWhenTheOwnersNumberIsLent() {
            CountExploration.Outcome outcome = new CountModel(1, 3, true).explore();
            assertEquals("", outcome.fault(), outcome.trace());
            assertTrue(outcome.states() > 10_000, "explored " + outcome.states());
        }
    }

    @ParameterizedTest
    @EnumSource(CountFault.class)
    void findsEachFault(CountFault fault) {
        CountExploration.Outcome outcome = new CountModel(1, 3, false, fault).explore();
        assertFalse(outcome.sound(), "nothing found in " + outcome.states() + " states");
    }
}
