package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Rounds of tasks that wait for each other, under a watchdog: no stall, no task lost or run twice.
 */
class StallStressTest {
    private static final long STALL_MILLIS = 10_000;
    private static final long SLICE_NANOS = 4_000_000_000L;
    private static final long SOAK_NANOS = 150_000_000_000L;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    @Timeout(120)
    void neitherStallsNorLosesATaskNorRunsOneTwice(int workers) throws Exception {
        rounds(workers, 1, SLICE_NANOS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    @Tag("soak")
    @Timeout(600)
    void neitherStallsNorLosesATaskNorRunsOneTwiceForMinutes(int workers) throws Exception {
        long rounds = rounds(workers, System.nanoTime(), SOAK_NANOS);
        assertTrue(rounds > 1000, () -> "rounds=" + rounds);
    }

    @Test
    @Timeout(60)
    void theWatchdogReportsALostWake() throws Exception {
        try (TaskExecutor executor = start(2)) {
            var progress = new AtomicLong();
            var round = new StressRound(executor, 1, progress);
            JoinHandle<Boolean> lost = round.loseAWake();
            while (lost.state() != TaskState.WAITING) { // its only poll is progress too
                Thread.onSpinWait();
            }

            var failure =
                    assertThrows(
                            AssertionError.class,
                            () -> round.finish(new StallWatchdog(progress::get, 200)));

            lost.cancel();
            String message = String.valueOf(failure.getMessage());
            assertTrue(
                    message.startsWith("stall: nothing has gone on for 200 ms: left=1 "), message);
            assertTrue(message.endsWith("[lost: task 1 WAITING]"), message);
        }
    }

    @Test
    @Timeout(60)
    void theWatchReportsATaskThatIsPolledTwiceAtOnce() throws Exception {
        try (TaskExecutor executor = start(1)) {
            var progress = new AtomicLong();
            var round = new StressRound(executor, 1, progress);
            round.pollTwiceAtOnce();

            var failure =
                    assertThrows(
                            AssertionError.class,
                            () -> round.finish(new StallWatchdog(progress::get, 200)));

            String message = String.valueOf(failure.getMessage());
            assertTrue(message.contains("two threads poll one task"), message);
        }
    }

    /** Runs rounds for a time; returns how many. */
    private static long rounds(int workers, long firstSeed, long nanos) throws Exception {
        long end = System.nanoTime() + nanos;
        long seed = firstSeed;
        var progress = new AtomicLong();
        var watchdog = new StallWatchdog(progress::get, STALL_MILLIS);
        TaskExecutor executor = start(workers);
        while (System.nanoTime() - end < 0) {
            var round = new StressRound(executor, seed, progress);
            try {
                round.fill();
                round.finish(watchdog);
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError(
                        "round fails: workers=%d seed=%d".formatted(workers, seed), failure);
            }
            seed++;
        }
        executor.close();
        ExecutorStats stats = executor.stats();
        assertEquals(stats.spawned(), stats.finished());
        assertEquals(0, stats.queued());
        return seed - firstSeed;
    }

    private static TaskExecutor start(int workers) {
        // Timeouts whose handles are dropped expire by the thousand: nobody needs to hear.
        return TaskExecutor.start(
                ExecutorConfig.defaults().withWorkers(workers).withFailureHandler((_, _) -> {}));
    }
}
