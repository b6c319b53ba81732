package org.quantalang.scheduler.internal.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FairnessTickTest {
    private long now;
    private final FairnessTick tick = new FairnessTick(() -> now);

    private void polls(int count, long nanosEach) {
        for (int i = 0; i < count; i++) {
            tick.isDue();
            now += nanosEach;
        }
    }

    @Test
    void isDueAfter61PollsAtFirst() {
        for (int poll = 1; poll < 61; poll++) {
            assertFalse(tick.isDue());
        }
        assertTrue(tick.isDue());
        assertFalse(tick.isDue());
    }

    @ParameterizedTest
    @CsvSource({"10, 127", "5_000, 40", "20_000, 10", "1_000_000, 2"})
    void comesAfterPollsThatLast200MicrosecondsTogether(String nanos, int interval) {
        polls(10_000, Long.parseLong(nanos.replace("_", "")));

        assertEquals(interval, tick.interval(), interval / 10.0);
    }

    @Test
    void doesNotTakeIdleTimeForPolls() {
        polls(10_000, 5_000);
        int before = tick.interval();
        for (int i = 0; i < 100; i++) {
            polls(3, 5_000);
            tick.pause();
            now += 1_000_000_000;
        }
        polls(before + 1, 5_000);

        assertEquals(before, tick.interval());
    }
}
