package org.quantalang.scheduler.internal.worker;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.TaskExecutor;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(60)
class WorkerTest {
    /** Spawns its successor, which goes to the slot, until the links are used up. */
    private static Poll<Boolean> chain(TaskExecutor executor, int links, Runnable atTheEnd) {
        if (links == 0) {
            atTheEnd.run();
        } else {
            executor.spawn(_ -> chain(executor, links - 1, atTheEnd));
        }
        return Poll.ready(true);
    }

    @Test
    void takesFromItsRingThoughItHasRunMoreTasksFromItsSlotThanAnIntCounts() throws Exception {
        try (TaskExecutor executor = TaskExecutor.start(ExecutorConfig.defaults().withWorkers(1))) {
            var ran = new AtomicBoolean();
            var ranBeforeTheEnd = new AtomicBoolean();
            var over = new CountDownLatch(1);
            Runnable startChain =
                    () -> {
                        executor.spawn(_ -> Poll.ready(ran.getAndSet(true))); // to the ring
                        chain(
                                executor,
                                40,
                                () -> {
                                    ranBeforeTheEnd.set(ran.get());
                                    over.countDown();
                                });
                    };
            executor.spawn(
                    _ -> {
                        setStreak(Integer.MAX_VALUE - 3);
                        return chain(executor, 10, startChain);
                    });
            over.await();
            assertTrue(ranBeforeTheEnd.get());
        }
    }

    /** Instead of running as many tasks. */
    private static void setStreak(int streak) throws ReflectiveOperationException {
        var field = Worker.class.getDeclaredField("streak");
        field.setAccessible(true);
        field.setInt(Thread.currentThread(), streak);
    }
}
