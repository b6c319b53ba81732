package org.quantalang.scheduler.internal.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

@Timeout(60)
class WheelTest {
    @Test
    void firesEachTimerAtItsTick() {
        for (long seed = 1; seed <= 300; seed++) {
            var random = new SplittableRandom(seed);
            var wheel = new Wheel();
            // The model: the timers of each tick.
            var expected = new TreeMap<Long, Map<WheelTimer, Boolean>>();
            var ticks = new HashMap<WheelTimer, Long>();
            for (int step = 0; step < 300; step++) {
                int what = random.nextInt(10);
                if (what < 6) {
                    var timer = new WheelTimer(() -> {});
                    long tick = wheel.now() + 1 + random.nextLong(1L << random.nextInt(1, 38));
                    wheel.insert(timer, tick);
                    expected.computeIfAbsent(tick, _ -> new HashMap<>()).put(timer, true);
                    ticks.put(timer, tick);
                } else if (what < 7 && !ticks.isEmpty()) {
                    WheelTimer timer = ticks.keySet().iterator().next();
                    assertTrue(wheel.remove(timer));
                    assertFalse(wheel.remove(timer));
                    forget(expected, ticks, timer);
                } else {
                    long to = wheel.now() + random.nextLong(1L << random.nextInt(1, 37));
                    long last = wheel.now();
                    WheelTimer fired = wheel.advance(to);
                    while (fired != null) {
                        long tick = ticks.getOrDefault(fired, -1L);
                        assertTrue(tick <= to && tick >= last, "seed=" + seed);
                        last = tick;
                        WheelTimer next = fired.takeNext();
                        forget(expected, ticks, fired);
                        fired = next;
                    }
                    assertTrue(
                            expected.isEmpty() || expected.firstKey() > to, "late, seed=" + seed);
                }
                assertEquals(ticks.size(), wheel.size(), "seed=" + seed);
                long next = wheel.nextTick();
                assertTrue(
                        expected.isEmpty()
                                ? next == Wheel.NEVER
                                : next > wheel.now() && next <= expected.firstKey(),
                        "seed=" + seed + " now=" + wheel.now() + " next=" + next);
            }
        }
    }

    private static void forget(
            Map<Long, Map<WheelTimer, Boolean>> expected,
            Map<WheelTimer, Long> ticks,
            WheelTimer timer) {
        Long tick = ticks.remove(timer);
        if (tick != null) {
            expected.computeIfPresent(
                    tick,
                    (_, same) -> {
                        same.remove(timer);
                        return same.isEmpty() ? null : same;
                    });
        }
    }

    @Test
    void holdsAMillionTimers() {
        var wheel = new Wheel();
        var timers = new ArrayList<WheelTimer>();
        for (int i = 0; i < 1_000_000; i++) {
            var timer = new WheelTimer(() -> {});
            timers.add(timer);
            wheel.insert(timer, 1 + i % 100_000);
        }
        for (int i = 0; i < timers.size(); i += 2) {
            assertTrue(wheel.remove(timers.get(i)));
        }
        int fired = 0;
        for (WheelTimer timer = wheel.advance(100_000); timer != null; timer = timer.takeNext()) {
            fired++;
        }
        assertEquals(500_000, fired);
        assertEquals(0, wheel.size());
    }
}
