package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CountDownLatch;

/** Faults that other schedulers had, one test each, named after what must not happen. */
@Timeout(60)
class TrapsTest {
    @Nested
    class AReadyTask {
        @Test
        void isNotLeftInTheRingOfABusyWorkerWhileAnotherSleeps() throws Exception {
            try (TaskExecutor executor = start(2)) {
                for (int i = 0; i < 20; i++) {
                    awaitSleepOfAll(executor, 2);
                    var second = new CountDownLatch(1);
                    var polls = new int[1];
                    JoinHandle<Boolean> yielding =
                            executor.spawn(
                                    context -> {
                                        if (++polls[0] == 2) {
                                            second.countDown();
                                            return Poll.ready(true);
                                        }
                                        // Goes to the slot, runs next, and needs the second poll.
                                        executor.spawn(
                                                _ -> {
                                                    second.await();
                                                    return Poll.ready(true);
                                                });
                                        context.waker().wake();
                                        return Poll.pending();
                                    });
                    assertTrue(yielding.join());
                }
            }
        }
    }

    private static void awaitSleepOfAll(TaskExecutor executor, int workers) {
        while (executor.stats().sleeping() != workers) {
            Thread.onSpinWait();
        }
    }

    private static TaskExecutor start(int workers) {
        return TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers));
    }
}
