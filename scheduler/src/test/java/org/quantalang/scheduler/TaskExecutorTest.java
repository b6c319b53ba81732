package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class TaskExecutorTest {
    /** Answers pending until it has been woken often enough; keeps its waker for the test. */
    private static final class Sleeper implements Pollable<String> {
        private final CompletableFuture<Waker> waker = new CompletableFuture<>();
        private final AtomicInteger polls = new AtomicInteger();
        private final int wanted;

        Sleeper(int wantedPolls) {
            wanted = wantedPolls;
        }

        @Override
        public Poll<String> poll(Context context) {
            int now = polls.incrementAndGet();
            waker.complete(context.waker());
            return now < wanted ? Poll.pending() : Poll.ready("after " + now);
        }
    }

    @Nested
    class ATask {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 8})
        void yieldsItsValue(int workers) throws InterruptedException {
            try (TaskExecutor executor = start(workers)) {
                assertEquals(42, executor.spawn(_ -> Poll.ready(42)).join());
            }
        }

        @Test
        void goesOnOnceItIsWoken() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var sleeper = new Sleeper(2);
                JoinHandle<String> handle = executor.spawn(sleeper);
                sleeper.waker.get().wake();

                assertEquals("after 2", handle.join());
            }
        }

        @Test
        void isPolledAgainWhenItWakesItselfDuringAPoll() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                var polls = new AtomicInteger();
                JoinHandle<Integer> handle =
                        executor.spawn(
                                context -> {
                                    context.waker().wake();
                                    context.waker().wake();
                                    int now = polls.incrementAndGet();
                                    return now < 1000 ? Poll.pending() : Poll.ready(now);
                                });

                assertEquals(1000, handle.join());
            }
        }

        @Test
        void mayBeWokenAfterItsEnd() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var sleeper = new Sleeper(1);
                JoinHandle<String> handle = executor.spawn(sleeper);
                handle.join();
                sleeper.waker.get().wake();

                assertEquals(TaskState.COMPLETED, handle.state());
                assertEquals(1, sleeper.polls.get());
            }
        }

        @Test
        void runsTasksThatItSpawns() throws InterruptedException {
            try (TaskExecutor executor = start(2)) {
                var done = new CountDownLatch(1000);
                executor.spawn(
                        _ -> {
                            for (int i = 0; i < 1000; i++) {
                                executor.spawn(
                                        _ -> {
                                            done.countDown();
                                            return Poll.ready("child");
                                        });
                            }
                            return Poll.ready("parent");
                        });
                done.await();
            }
        }
    }

    @Nested
    class ATaskThatFails {
        @Test
        void givesItsExceptionToWhoeverJoins() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                var cause = new IllegalStateException("broken");
                JoinHandle<String> handle =
                        executor.spawn(
                                _ -> {
                                    throw cause;
                                });

                var failure = assertThrows(TaskFailedException.class, handle::join);

                assertEquals(cause, failure.getCause());
                assertEquals(
                        "task failed: id=1 cause=java.lang.IllegalStateException: broken",
                        failure.getMessage());
                assertEquals(TaskState.PANICKED, handle.state());
            }
        }

        @Test
        void leavesTheWorkerAliveEvenAfterAStackOverflow() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<Integer> deep = executor.spawn(_ -> Poll.ready(depth(0)));

                var failure = assertThrows(TaskFailedException.class, deep::join);

                assertTrue(failure.getCause() instanceof StackOverflowError);
                assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
            }
        }

        @Test
        void failsWhenItAnswersNull() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<String> handle = executor.spawn(TaskExecutorTest::answersNull);

                var failure = assertThrows(TaskFailedException.class, handle::join);

                assertTrue(failure.toString().contains("poll answered null"));
            }
        }

        private static int depth(int level) {
            return level < 0 ? level : depth(level + 1) + 1;
        }
    }

    @Nested
    class Cancelling {
        @Test
        void endsATaskThatWaits() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var sleeper = new Sleeper(2);
                JoinHandle<String> handle = executor.spawn(sleeper);
                sleeper.waker.get();
                handle.cancel();

                var failure = assertThrows(CancellationException.class, handle::join);

                assertEquals("task was cancelled: id=1", failure.getMessage());
                assertEquals(1, sleeper.polls.get());
            }
        }

        @Test
        void doesNotTakeBackAValue() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<String> handle = executor.spawn(_ -> Poll.ready("done"));
                handle.join();
                handle.cancel();

                assertEquals("done", handle.join());
                assertEquals(TaskState.COMPLETED, handle.state());
            }
        }

        @Test
        void endsARunningTaskAfterItsPoll() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var running = new CountDownLatch(1);
                var cancelled = new CountDownLatch(1);
                JoinHandle<String> handle =
                        executor.spawn(
                                _ -> {
                                    running.countDown();
                                    cancelled.await();
                                    return Poll.pending();
                                });
                running.await();
                handle.cancel();
                cancelled.countDown();

                assertThrows(CancellationException.class, handle::join);
            }
        }
    }

    @Nested
    class Joining {
        @Test
        void endsWhenItsThreadIsInterrupted() throws Exception {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<String> handle = executor.spawn(new Sleeper(2));
                try {
                    var interrupted = new CompletableFuture<String>();
                    Thread joiner =
                            Thread.ofPlatform()
                                    .start(
                                            () -> {
                                                try {
                                                    handle.join();
                                                } catch (InterruptedException e) {
                                                    interrupted.complete(e.getMessage());
                                                }
                                            });
                    joiner.interrupt();

                    assertEquals("interrupted while joining a task: id=1", interrupted.get());
                } finally {
                    handle.cancel();
                }
            }
        }

        @Test
        void isRefusedOnAWorker() throws Exception {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<String> other = executor.spawn(new Sleeper(2));
                try {
                    JoinHandle<String> blocked = executor.spawn(_ -> Poll.ready(other.join()));

                    var failure = assertThrows(TaskFailedException.class, blocked::join);

                    assertTrue(
                            failure.toString().contains("a worker must not block on a task: id=1"));
                } finally {
                    other.cancel();
                }
            }
        }

        @Test
        void worksForManyThreadsAtOnce() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var sleeper = new Sleeper(2);
                JoinHandle<String> handle = executor.spawn(sleeper);
                List<CompletableFuture<String>> results = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    var result = new CompletableFuture<String>();
                    results.add(result);
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            result.complete(handle.join());
                                        } catch (InterruptedException e) {
                                            result.completeExceptionally(e);
                                        }
                                    });
                }
                sleeper.waker.get().wake();
                for (CompletableFuture<String> result : results) {
                    assertEquals("after 2", result.get());
                }
            }
        }
    }

    @Nested
    class Closing {
        @Test
        void waitsForAllTasks() {
            var done = new AtomicInteger();
            try (TaskExecutor executor = start(2)) {
                for (int i = 0; i < 10_000; i++) {
                    executor.spawn(_ -> Poll.ready(done.incrementAndGet()));
                }
            }

            assertEquals(10_000, done.get());
        }

        @Test
        void refusesNewTasks() {
            TaskExecutor executor =
                    TaskExecutor.start(ExecutorConfig.defaults().withName("closed"));
            executor.close();

            var failure =
                    assertThrows(
                            RejectedExecutionException.class,
                            () -> executor.spawn(_ -> Poll.ready("late")));

            assertEquals(
                    "executor is closed and takes no more tasks: name=closed",
                    failure.getMessage());
        }

        @Test
        void mayBeRepeated() {
            TaskExecutor executor = start(1);
            executor.close();
            executor.close();

            assertEquals(0, executor.stats().spawned());
        }

        @Test
        @SuppressWarnings("try") // closing inside is what is refused
        void isRefusedOnAWorker() throws InterruptedException {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<String> handle =
                        executor.spawn(
                                _ -> {
                                    executor.close();
                                    return Poll.ready("closed");
                                });

                assertThrows(TaskFailedException.class, handle::join);
            }
        }
    }

    @Nested
    class ClosingThatIsInterrupted {
        /** Yields for ever. */
        private static JoinHandle<Integer> endless(TaskExecutor executor) {
            return executor.spawn(
                    context -> {
                        context.waker().wake();
                        return Poll.pending();
                    });
        }

        private static Thread closeInterrupted(TaskExecutor executor) throws InterruptedException {
            Thread closer =
                    new Thread(
                            () -> {
                                Thread.currentThread().interrupt();
                                executor.close();
                                assertTrue(Thread.currentThread().isInterrupted());
                            });
            closer.start();
            closer.join();
            return closer;
        }

        @Test
        void stopsTasksThatAreNeverIdle() throws Exception {
            TaskExecutor executor = start(2);
            JoinHandle<Integer> task = endless(executor);
            closeInterrupted(executor);
            executor.close(); // returns when the workers have ended
            assertFalse(task.isFinished());
        }

        @Test
        void letsAnotherCloserGo() throws Exception {
            TaskExecutor executor = start(1);
            JoinHandle<Integer> never = executor.spawn(_ -> Poll.pending());
            Thread other = new Thread(executor::close);
            other.start();
            while (other.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            closeInterrupted(executor);
            other.join();
            assertFalse(never.isFinished());
        }

        @Test
        void endsTheTimers() throws Exception {
            TaskExecutor executor =
                    TaskExecutor.start(
                            ExecutorConfig.defaults().withWorkers(1).withName("interrupted"));
            executor.blockOn(Sleep.of(Duration.ofMillis(1)));
            closeInterrupted(executor);
            executor.close();
            assertFalse(
                    Thread.getAllStackTraces().keySet().stream()
                            .anyMatch(thread -> thread.getName().startsWith("interrupted-")));
        }
    }

    @Nested
    class BlockingBesideAClose {
        private static final String CLOSED =
                "executor is closed and its timers never fire: name=closing";

        private final TaskExecutor executor =
                TaskExecutor.start(ExecutorConfig.defaults().withWorkers(1).withName("closing"));

        @Test
        void isToldThatTheTimeNeverComes() throws Exception {
            var told = new CompletableFuture<Throwable>();
            Thread blocked =
                    new Thread(
                            () -> {
                                try {
                                    executor.blockOn(Sleep.of(Duration.ofHours(1)));
                                } catch (Exception failure) {
                                    told.complete(failure);
                                }
                            });
            blocked.start();
            while (blocked.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            executor.close();
            assertEquals(CLOSED, told.get().getMessage());
            var late =
                    assertThrows(
                            RejectedExecutionException.class,
                            () -> executor.blockOn(Sleep.of(Duration.ofMillis(1))));
            assertEquals(CLOSED, late.getMessage());
            assertEquals("now", executor.blockOn(_ -> Poll.ready("now")));
        }

        @Test
        void isRefusedOnTheThreadOfTheTimers() throws Exception {
            var told = new CompletableFuture<String>();
            executor.timers()
                    .schedule(
                            executor.timers().nanoTime(),
                            () -> {
                                try {
                                    executor.close();
                                } catch (IllegalStateException refused) {
                                    told.complete(refused.getMessage());
                                }
                            });
            assertEquals("a worker cannot close its own executor: name=closing", told.get());
            executor.close();
        }

        @Test
        @SuppressWarnings("NullAway") // what a program without null checks may do
        void refusesAPollableThatAnswersNull() {
            Pollable<Integer> wrong = _ -> null;
            var failure = assertThrows(NullPointerException.class, () -> executor.blockOn(wrong));
            assertTrue(failure.toString().contains("poll answered null: "));
            executor.close();
        }
    }

    @Nested
    class WithoutStealing {
        @Test
        void aWorkerSleepsWhileAnotherHasTasks() throws Exception {
            try (TaskExecutor executor =
                    TaskExecutor.start(
                            ExecutorConfig.defaults().withWorkers(2).withStealing(false))) {
                var end = new CountDownLatch(1);
                JoinHandle<Boolean> busy =
                        executor.spawn(
                                _ -> {
                                    for (int i = 0; i < 3; i++) {
                                        executor.spawn(_ -> Poll.ready(true));
                                    }
                                    end.await();
                                    return Poll.ready(true);
                                });
                try {
                    while (executor.stats().sleeping() == 0) {
                        Thread.onSpinWait();
                    }
                    long parks = executor.stats().parks();
                    executor.blockOn(Sleep.of(Duration.ofMillis(50)));
                    assertTrue(executor.stats().parks() - parks < 10);
                } finally {
                    end.countDown();
                }
                busy.join();
            }
        }

        @Test
        void tasksThatDoNotFitTheRingAreAnnouncedThoughTheSlotIsCut() throws Exception {
            try (TaskExecutor executor =
                    TaskExecutor.start(
                            ExecutorConfig.defaults().withWorkers(2).withStealing(false))) {
                while (executor.stats().sleeping() != 2) {
                    Thread.onSpinWait();
                }
                int half = 128;
                var others = new CountDownLatch(half);
                executor.spawn(
                                _ -> {
                                    // A full ring; its older half has to leave it.
                                    for (int i = 0; i < half; i++) {
                                        executor.spawn(_ -> count(others));
                                    }
                                    for (int i = 0; i < half; i++) {
                                        executor.spawn(_ -> await(others));
                                    }
                                    return chain(executor, 6);
                                })
                        .join();
                others.await();
            }
        }

        @Test
        void nobodyIsWokenForTasksThatOnlyTheirWorkerCanTake() throws Exception {
            try (TaskExecutor executor =
                    TaskExecutor.start(
                            ExecutorConfig.defaults().withWorkers(2).withStealing(false))) {
                while (executor.stats().sleeping() != 2 || executor.stats().parks() < 2) {
                    Thread.onSpinWait();
                }
                var over = new CountDownLatch(4);
                JoinHandle<Long> before =
                        executor.spawn(
                                _ -> {
                                    for (int i = 0; i < 4; i++) {
                                        executor.spawn(new Yields(1000, over));
                                    }
                                    return Poll.ready(executor.stats().parks());
                                });
                over.await();
                // One worker may sleep again by now; the other has not been woken.
                assertTrue(executor.stats().parks() - before.join() <= 1);
            }
        }

        /** Goes to the back of the ring some times. */
        private static final class Yields implements Pollable<Boolean> {
            private final CountDownLatch over;
            private int left;

            Yields(int times, CountDownLatch over) {
                this.left = times;
                this.over = over;
            }

            @Override
            public Poll<Boolean> poll(Context context) {
                if (left-- > 0) {
                    context.waker().wake();
                    return Poll.pending();
                }
                over.countDown();
                return Poll.ready(true);
            }
        }

        private static Poll<Boolean> count(CountDownLatch latch) {
            latch.countDown();
            return Poll.ready(true);
        }

        private static Poll<Boolean> await(CountDownLatch latch) throws InterruptedException {
            latch.await();
            return Poll.ready(true);
        }

        /** Tasks that follow each other through the slot. */
        private static Poll<Boolean> chain(TaskExecutor executor, int left) {
            if (left > 0) {
                executor.spawn(_ -> chain(executor, left - 1));
            }
            return Poll.ready(true);
        }
    }

    @Nested
    class Configuring {
        @ParameterizedTest
        @ValueSource(ints = {-1, 0, 49, Integer.MAX_VALUE})
        void refusesANumberOfWorkersOutOfRange(int workers) {
            var failure =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> ExecutorConfig.defaults().withWorkers(workers));

            assertEquals(
                    "number of workers out of range: workers=%d range=1..48".formatted(workers),
                    failure.getMessage());
        }

        @Test
        void countsWhatWasDone() throws InterruptedException {
            TaskExecutor executor = start(1);
            executor.spawn(_ -> Poll.ready(1)).join();
            executor.close();

            ExecutorStats stats = executor.stats();
            assertEquals(1, stats.spawned());
            assertEquals(1, stats.finished());
            assertEquals(1, stats.polls());
            assertFalse(stats.parks() < 0);
        }
    }

    @SuppressWarnings("NullAway") // what a program without null checks may do
    private static Poll<String> answersNull(Context context) {
        return null;
    }

    private static TaskExecutor start(int workers) {
        return TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers));
    }
}
