package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** What surrounds the moments in which a worker runs no task. */
@Timeout(60)
class WorkerRestTest {
    private static final int TASKS = 200;

    private static ExecutorConfig config(int workers, WorkerRest rest) {
        return ExecutorConfig.defaults().withWorkers(workers).withRest(rest);
    }

    /** Spawns tasks one after the other, so that the workers sleep in between. */
    private static void runTasks(TaskExecutor executor) throws Exception {
        for (int i = 0; i < TASKS; i++) {
            int number = i;
            assertEquals(number, executor.spawn(_ -> Poll.ready(number)).join());
        }
    }

    /** Runs two tasks that wait for each other, so that two workers must be awake. */
    private static void meet(TaskExecutor executor) throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        Pollable<Boolean> meeting =
                _ -> {
                    both.countDown();
                    both.await();
                    return Poll.ready(true);
                };
        JoinHandle<Boolean> one = executor.spawn(meeting);
        executor.spawn(meeting).join();
        one.join();
    }

    @Test
    void surroundsASleepingWorker() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        WorkerRest rest =
                sleep -> {
                    inside.incrementAndGet();
                    sleep.run();
                    inside.decrementAndGet();
                };
        try (TaskExecutor executor = TaskExecutor.start(config(2, rest))) {
            runTasks(executor);
            while (inside.get() != 2) {
                Thread.onSpinWait();
            }
            assertTrue(executor.spawn(_ -> Poll.ready(inside.get())).join() < 2);
        }
    }

    @Test
    void comesNowAndThenWhileThereIsWork() throws Exception {
        AtomicInteger rests = new AtomicInteger();
        WorkerRest rest =
                how -> {
                    rests.incrementAndGet();
                    how.run();
                };
        try (TaskExecutor executor = TaskExecutor.start(config(1, rest))) {
            int atFirst = rests.get();
            int last =
                    executor.spawn(
                                    context ->
                                            rests.get() > atFirst + 10
                                                    ? Poll.ready(rests.get())
                                                    : again(context))
                            .join();
            assertTrue(last > atFirst + 10);
        }
    }

    private static Poll<Integer> again(Context context) {
        context.waker().wake();
        return Poll.pending();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void maySpawn(int workers) throws Exception {
        AtomicReference<TaskExecutor> started = new AtomicReference<>();
        AtomicInteger ran = new AtomicInteger();
        AtomicInteger spawned = new AtomicInteger();
        Runnable spawn =
                () -> {
                    TaskExecutor executor = started.get();
                    if (executor != null
                            && spawned.getAndUpdate(n -> Math.min(n + 1, TASKS)) < TASKS) {
                        executor.spawn(_ -> Poll.ready(ran.incrementAndGet()));
                    }
                };
        WorkerRest rest =
                how -> {
                    spawn.run();
                    how.run();
                    spawn.run();
                };
        ExecutorConfig config = config(workers, rest).withStealing(false);
        try (TaskExecutor executor = TaskExecutor.start(config)) {
            started.set(executor);
            runTasks(executor);
            while (ran.get() < TASKS) {
                Thread.onSpinWait();
            }
            started.set(null);
        }
        assertEquals(spawned.get(), ran.get());
    }

    @Test
    void mayThrowOnce() throws Exception {
        CountDownLatch told = new CountDownLatch(2);
        AtomicBoolean before = new AtomicBoolean();
        List<String> messages = new ArrayList<>();
        WorkerRest rest =
                how -> {
                    Thread.currentThread()
                            .setUncaughtExceptionHandler(
                                    (_, failure) -> {
                                        synchronized (messages) {
                                            messages.add(String.valueOf(failure.getMessage()));
                                        }
                                        told.countDown();
                                    });
                    if (before.getAndSet(true)) {
                        how.run();
                        throw new IllegalStateException("after");
                    }
                    throw new IllegalStateException("before");
                };
        try (TaskExecutor executor = TaskExecutor.start(config(2, rest))) {
            while (executor.stats().sleeping() != 2) {
                Thread.onSpinWait();
            }
            meet(executor); // each of the two ends its rest for that
            told.await();
            runTasks(executor);
        }
        synchronized (messages) {
            messages.sort(null);
            assertEquals(List.of("after", "before"), messages);
        }
    }

    @Test
    void mayForgetToRestOrDoItTwice() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        WorkerRest rest =
                how -> {
                    for (int i = calls.getAndIncrement() % 3; i > 0; i--) {
                        how.run();
                    }
                };
        try (TaskExecutor executor = TaskExecutor.start(config(2, rest))) {
            runTasks(executor);
        }
    }
}
