package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** What is answered to whoever uses tasks wrongly; the workers go on in each case. */
@Timeout(60)
class WrongUseTest {
    private static void refuses(String message, Executable use) {
        var refusal = assertThrows(IllegalArgumentException.class, use);
        assertEquals(message, refusal.getMessage());
    }

    private static void lacks(String message, Executable use) {
        var refusal = assertThrows(NullPointerException.class, use);
        assertEquals(message, refusal.getMessage());
    }

    /** Runs a task that does the wrong thing, and expects what it is told. */
    private static void failsOnAWorker(String message, Pollable<?> wrong, TaskExecutor executor)
            throws InterruptedException {
        var failure = assertThrows(TaskFailedException.class, () -> executor.spawn(wrong).join());
        Throwable cause = failure.getCause();
        assertEquals("java.lang.IllegalStateException: " + message, String.valueOf(cause));
        assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
    }

    private static TaskExecutor start() {
        return TaskExecutor.start(ExecutorConfig.defaults().withWorkers(1).withName("one"));
    }

    @Nested
    class AConfiguration {
        private final ExecutorConfig good = ExecutorConfig.defaults();

        @Test
        void hasBetweenOneAnd48Workers() {
            for (int wrong : new int[] {Integer.MIN_VALUE, -1, 0, 49, Integer.MAX_VALUE}) {
                refuses(
                        "number of workers out of range: workers=%d range=1..48".formatted(wrong),
                        () -> good.withWorkers(wrong));
            }
        }

        @Test
        void hasABatchOfOneToHalfARing() {
            for (int wrong : new int[] {-1, 0, 129, Integer.MAX_VALUE}) {
                refuses(
                        "batch out of range: globalQueueBatch=%d range=1..128".formatted(wrong),
                        () -> good.withGlobalQueueBatch(wrong));
            }
        }

        @Test
        void hasAStackThatAThreadCanHave() {
            for (long wrong : new long[] {-1, (1L << 30) + 1, Long.MAX_VALUE}) {
                refuses(
                        "stack size out of range: stackBytes=%d range=0..1073741824"
                                .formatted(wrong),
                        () -> good.withStackBytes(wrong));
            }
        }

        @Test
        @SuppressWarnings("NullAway") // what a program without null checks may do
        void hasANameAndAFailureHandler() {
            lacks("name is null", () -> good.withName(null));
            lacks("failureHandler is null", () -> good.withFailureHandler(null));
        }

        @Test
        void ofTheSmallestAndLargestSizesRuns() throws Exception {
            var small =
                    good.withWorkers(1)
                            .withStealing(false)
                            .withGlobalQueueBatch(1)
                            .withStackBytes(1);
            var large = good.withWorkers(48).withGlobalQueueBatch(128).withStackBytes(1 << 20);
            for (ExecutorConfig config : new ExecutorConfig[] {small, large}) {
                try (TaskExecutor executor = TaskExecutor.start(config)) {
                    assertEquals(1, executor.spawn(_ -> Poll.ready(1)).join());
                }
            }
        }

        @Test
        void ofAChannelOrSemaphoreIsPositive() {
            refuses("capacity must be positive: capacity=0", () -> new Channel<String>(0));
            refuses("capacity must be positive: capacity=-7", () -> new Channel<String>(-7));
            refuses("permits must be positive and below 2^30: permits=0", () -> new Semaphore(0));
            refuses(
                    "permits must be positive and below 2^30: permits=1073741824",
                    () -> new Semaphore(1 << 30));
            assertEquals(0, new Channel<String>(Integer.MAX_VALUE).size());
        }
    }

    @Nested
    class ASpawn {
        @Test
        void afterTheShutdownIsRefused() {
            TaskExecutor executor = start();
            executor.close();
            String message = "executor is closed and takes no more tasks: name=one";
            for (Executable spawn :
                    new Executable[] {
                        () -> executor.spawn(_ -> Poll.ready(1)),
                        () -> executor.asExecutor().execute(() -> {}),
                    }) {
                var refusal = assertThrows(RejectedExecutionException.class, spawn);
                assertEquals(message, refusal.getMessage());
            }
        }

        @Test
        @SuppressWarnings("NullAway") // what a program without null checks may do
        void ofNothingIsRefused() {
            try (TaskExecutor executor = start()) {
                lacks("pollable is null", () -> executor.spawn(null));
                lacks("command is null", () -> executor.asExecutor().execute(null));
            }
        }
    }

    @Nested
    class ASecondValue {
        @Test
        void forAOneshotIsLeftWithItsSender() {
            var oneshot = new Oneshot<String>();
            assertTrue(oneshot.send("first"));
            assertFalse(oneshot.send("second"));
            assertFalse(oneshot.close());
            assertEquals("first", oneshot.tryReceive());
        }

        @Test
        void forATaskDoesNotReplaceItsOwn() throws Exception {
            try (TaskExecutor executor = start()) {
                JoinHandle<String> task = executor.spawn(_ -> Poll.ready("own"));
                assertEquals("own", task.join());
                assertFalse(task.toFuture().complete("other"));
                task.cancel();
                assertEquals("own", task.join());
            }
        }

        @Test
        void ofAPermitIsRefused() {
            var semaphore = new Semaphore(1);
            var refusal = assertThrows(IllegalStateException.class, semaphore::release);
            assertEquals(
                    "permit released more often than acquired: permits=1", refusal.getMessage());
        }
    }

    @Nested
    class ANegativeTime {
        private final Duration negative = Duration.ofMillis(-1);

        @Test
        void isRefused() {
            String message = "delay is negative: delay=PT-0.001S";
            refuses(message, () -> Sleep.of(negative));
            refuses(message, () -> Interval.every(negative));
            refuses(
                    message,
                    () -> org.quantalang.scheduler.Timeout.of(new Oneshot<String>(), negative));
            var wheel = new TimerWheel(Duration.ofMillis(1), 0);
            refuses(message, () -> wheel.registerDelay(negative, 0, () -> {}));
            refuses("period must be positive: period=PT0S", () -> Interval.every(Duration.ZERO));
            for (Duration wrong :
                    new Duration[] {negative, Duration.ZERO, Duration.ofSeconds(Long.MAX_VALUE)}) {
                refuses(
                        "tick must be positive and at most a day: tick=" + wrong,
                        () -> new TimerWheel(wrong, 0));
            }
        }

        @Test
        void orAnEndlessOneIsNoDangerToTheClock() throws Exception {
            try (TaskExecutor executor = start()) {
                JoinHandle<Boolean> endless =
                        executor.spawn(Sleep.of(Duration.ofSeconds(Long.MAX_VALUE)));
                try {
                    // The one worker polls in order: after this task the one before it waits.
                    executor.spawn(_ -> Poll.ready(1)).join();
                    var past = new CompletableFuture<Boolean>();
                    executor.timers().schedule(Long.MIN_VALUE / 2, () -> past.complete(true));
                    assertTrue(past.get());
                    assertEquals(TaskState.WAITING, endless.state());
                } finally {
                    endless.cancel();
                }
            }
        }
    }

    @Nested
    class AFailureThatIsTold {
        /** An exception that fails to say what it is, by another or by an error. */
        private static final class Mute extends RuntimeException {
            private static final long serialVersionUID = 1L;

            private final boolean byError;

            Mute(boolean byError) {
                this.byError = byError;
            }

            @Override
            public String getMessage() {
                if (byError) {
                    throw new AssertionError("no message");
                }
                throw new IllegalStateException("no message");
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void thatCannotBeDescribedIsToldAllTheSame(boolean byError) throws Exception {
            try (TaskExecutor executor = start()) {
                Pollable<Integer> mute =
                        _ -> {
                            throw new Mute(byError);
                        };
                JoinHandle<Integer> task = executor.spawn(mute);
                CompletableFuture<Integer> future = task.toFuture();
                var failure = assertThrows(TaskFailedException.class, task::join);
                assertEquals(
                        "task failed: id=1 cause=" + Mute.class.getName(), failure.getMessage());
                Throwable cause = assertThrows(ExecutionException.class, future::get).getCause();
                assertTrue(cause instanceof Mute);
            }
        }

        @Test
        void ofAFutureByAnErrorIsThatError() throws Exception {
            try (TaskExecutor executor = start()) {
                var future = new CompletableFuture<Integer>();
                future.completeExceptionally(new AssertionError("lost"));
                JoinHandle<Integer> task = executor.spawn(Futures.await(future));
                var failure = assertThrows(TaskFailedException.class, task::join);
                assertTrue(failure.getCause() instanceof AssertionError);
            }
        }

        @Test
        void byAnInterruptIsNotPassedOnToTheNextTask() throws Exception {
            try (TaskExecutor executor = start()) {
                executor.spawn(
                                _ -> {
                                    Thread.currentThread().interrupt();
                                    return Poll.ready(true);
                                })
                        .join();
                assertEquals(
                        false,
                        executor.spawn(_ -> Poll.ready(Thread.currentThread().isInterrupted()))
                                .join());
            }
        }
    }

    @Nested
    class ASimulation {
        @Test
        @SuppressWarnings("NullAway") // what a program without null checks may do
        void refusesNothingAsATask() {
            var simulation = new Simulation(1);
            lacks("pollable is null", () -> simulation.spawn(null));
            JoinHandle<Integer> parent = simulation.spawn(_ -> Poll.ready(1));
            lacks("pollable is null", () -> simulation.spawnChild(parent, null));
            simulation.run();
        }

        @Test
        void refusesToBlockItsOnlyThread() throws Exception {
            var simulation = new Simulation(1);
            JoinHandle<Integer> task = simulation.spawn(_ -> Poll.ready(1));
            var refusal = assertThrows(IllegalStateException.class, task::join);
            assertEquals(
                    "a task of a simulation ends within run: id=1; call that before",
                    refusal.getMessage());
            simulation.run();
            assertEquals(1, task.join());
            JoinHandle<Integer> other = simulation.spawn(_ -> Poll.pending());
            JoinHandle<Integer> joins = simulation.spawn(_ -> Poll.ready(other.join()));
            assertThrows(IllegalStateException.class, simulation::run);
            var failure = assertThrows(TaskFailedException.class, joins::join);
            assertEquals(
                    "java.lang.IllegalStateException: a simulated task must not block on a task:"
                            + " id=2; poll it instead",
                    String.valueOf(failure.getCause()));
        }

        @Test
        void refusesAParentOfAnother() {
            var simulation = new Simulation(1);
            JoinHandle<Integer> parent = new Simulation(2).spawn(_ -> Poll.ready(1));
            refuses(
                    "not a task of this simulation: parent=task 1 READY",
                    () -> simulation.spawnChild(parent, _ -> Poll.ready(1)));
            simulation.run();
        }
    }

    @Nested
    @SuppressWarnings("NullAway") // what a program without null checks may do
    class WhatIsMissing {
        @Test
        void isNamedAtOnce() throws Exception {
            var wheel = new TimerWheel(Duration.ofMillis(1), 0);
            var simulation = new Simulation(1);
            Pollable<Integer> one = _ -> Poll.ready(1);
            Duration second = Duration.ofSeconds(1);
            try (TaskExecutor executor = start()) {
                JoinHandle<Integer> task = executor.spawn(one);
                lacks("action is null", () -> task.onEnd(null));
                lacks("waker is null", () -> executor.timers().schedule(0, null));
                lacks("pollable is null", () -> executor.blockOn(null));
                lacks("parent is null", () -> executor.spawnChild(null, one));
            }
            lacks("waker is null", () -> wheel.register(0, null));
            lacks("waker is null", () -> wheel.registerDelay(second, 0, null));
            lacks("tick is null", () -> new TimerWheel(null, 0));
            lacks("limited is null", () -> org.quantalang.scheduler.Timeout.of(null, second));
            lacks("limit is null", () -> org.quantalang.scheduler.Timeout.of(one, null));
            lacks("delay is null", () -> Sleep.of(null));
            lacks("period is null", () -> Interval.every(null));
            lacks("stage is null", () -> Futures.await(null));
            lacks("parent is null", () -> simulation.spawnChild(null, one));
        }
    }

    @Nested
    class AParent {
        @Test
        void isATaskOfTheSameExecutor() throws Exception {
            try (TaskExecutor executor = start();
                    TaskExecutor other = start()) {
                JoinHandle<Integer> parent = other.spawn(_ -> Poll.ready(1));
                parent.join();
                refuses(
                        "not a task of this executor: parent=task 1 COMPLETED name=one",
                        () -> executor.spawnChild(parent, _ -> Poll.ready(1)));
                assertEquals(1, executor.spawn(_ -> Poll.ready(1)).join());
            }
        }
    }

    @Nested
    class BlockingAWorker {
        @Test
        @SuppressWarnings("try") // closing inside is what is refused
        void isRefusedWithWhatToDoInstead() throws Exception {
            try (TaskExecutor executor = start()) {
                JoinHandle<Boolean> never = executor.spawn(_ -> Poll.pending());
                try {
                    String onTask = "a worker must not block on a task: id=1; poll it instead";
                    failsOnAWorker(onTask, _ -> Poll.ready(never.join()), executor);
                    failsOnAWorker(onTask, _ -> Poll.ready(never.toFuture().get()), executor);
                    failsOnAWorker(onTask, _ -> Poll.ready(never.toFuture().join()), executor);
                    failsOnAWorker(
                            "a worker must not block on a pollable; poll it instead: name=one",
                            _ -> Poll.ready(executor.blockOn(new Oneshot<String>())),
                            executor);
                    failsOnAWorker(
                            "a worker cannot close its own executor: name=one",
                            _ -> {
                                executor.close();
                                return Poll.ready(true);
                            },
                            executor);
                } finally {
                    never.cancel();
                }
            }
        }

        @Test
        void isNoBlockingWhereTheTaskHasEnded() throws Exception {
            try (TaskExecutor executor = start()) {
                JoinHandle<String> done = executor.spawn(_ -> Poll.ready("done"));
                done.join();
                assertEquals("done", executor.spawn(_ -> Poll.ready(done.join())).join());
            }
        }
    }

    @Nested
    class AFailure {
        @Test
        void inAPollEndsTheTaskAlone() throws Exception {
            try (TaskExecutor executor = start()) {
                for (Throwable thrown :
                        new Throwable[] {
                            new Exception("checked"),
                            new OutOfMemoryError("pretended"),
                            new ThreadDeathLike()
                        }) {
                    JoinHandle<String> task = executor.spawn(_ -> sneakily(thrown));
                    var failure = assertThrows(TaskFailedException.class, task::join);
                    assertEquals(thrown, failure.getCause());
                    assertEquals(TaskState.PANICKED, task.state());
                }
                assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
            }
        }

        @SuppressWarnings("unchecked") // the compiler is told another type on purpose
        private static <E extends Throwable> Poll<String> sneakily(Throwable thrown) throws E {
            throw (E) thrown;
        }

        @Test
        void ofTheStackEndsTheTaskAlone() throws Exception {
            try (TaskExecutor executor = start()) {
                JoinHandle<Integer> deep = executor.spawn(_ -> Poll.ready(depth(0)));
                var failure = assertThrows(TaskFailedException.class, deep::join);
                assertTrue(failure.getCause() instanceof StackOverflowError);
                assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
            }
        }

        private static int depth(int level) {
            return level < 0 ? level : depth(level + 1) + 1;
        }

        @Test
        void inACancelHandlerIsReportedAndTheTaskIsCancelled() throws Exception {
            try (TaskExecutor executor = start()) {
                var reported = new CompletableFuture<Throwable>();
                JoinHandle<Boolean> task = executor.spawn(new FailsWhenCancelled(reported));
                executor.spawn(_ -> Poll.ready(1)).join(); // after the first poll of the other
                task.cancel();
                assertThrows(CancellationException.class, task::join);
                assertEquals("cancel handler", reported.get().getMessage());
                assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
            }
        }

        @Test
        void inATimersCancelIsReportedAndTheOtherWaitsEnd() throws Exception {
            try (TaskExecutor executor = start()) {
                var taken = new Semaphore(1);
                assertTrue(taken.tryAcquire());
                var reported = new CompletableFuture<Throwable>();
                Pollable<Boolean> acquire = taken.acquire();
                Pollable<Boolean> sleep = Sleep.of(Duration.ofHours(1));
                JoinHandle<Boolean> root = executor.spawn(_ -> Poll.pending());
                JoinHandle<Boolean> task =
                        executor.spawnChild(
                                root,
                                context -> {
                                    report(reported);
                                    assertTrue(acquire.poll(context).isPending());
                                    return sleep.poll(new FailingTimers(context));
                                });
                try {
                    executor.spawn(_ -> Poll.ready(1)).join(); // after the first poll of the others
                    assertEquals(1, taken.waiting());
                    task.cancel();
                    assertEquals("timer", reported.get().getMessage());
                    executor.spawn(_ -> Poll.ready(1)).join(); // after the end of the task
                    assertEquals(0, taken.waiting());
                    assertEquals(List.of(), root.children());
                } finally {
                    root.cancel();
                }
            }
        }

        @Test
        void inACancelHandlerIsToldWithTheInterruptOfABlockedThread() {
            try (TaskExecutor executor = start()) {
                var failing = new FailsWhenCancelled(new CompletableFuture<>());
                Thread.UncaughtExceptionHandler handler =
                        Thread.currentThread().getUncaughtExceptionHandler();
                Thread.currentThread().interrupt();
                InterruptedException told;
                try {
                    told =
                            assertThrows(
                                    InterruptedException.class, () -> executor.blockOn(failing));
                } finally {
                    Thread.interrupted();
                    Thread.currentThread().setUncaughtExceptionHandler(handler);
                }
                assertEquals("cancel handler", told.getSuppressed()[0].getMessage());
            }
        }

        @Test
        void inACallbackIsReportedAndTheOthersAreCalled() throws Exception {
            try (TaskExecutor executor = start()) {
                var reported = new CompletableFuture<Throwable>();
                var called = new AtomicInteger();
                JoinHandle<Boolean> task = executor.spawn(new FailsWhenCancelled(reported));
                executor.spawn(_ -> Poll.ready(1)).join();
                task.onEnd(
                        () -> {
                            throw new IllegalStateException("callback");
                        });
                task.onEnd(called::incrementAndGet);
                task.cancel();
                assertThrows(CancellationException.class, task::join);
                assertEquals("next", executor.spawn(_ -> Poll.ready("next")).join());
                assertEquals(1, called.get());
            }
        }

        @Test
        void inAWakerDoesNotReachTheSender() throws Exception {
            try (TaskExecutor executor = start()) {
                var oneshot = new Oneshot<String>();
                var reported = new CompletableFuture<Throwable>();
                assertTrue(oneshot.poll(new FailingWaker()).isPending());
                JoinHandle<Boolean> sender =
                        executor.spawn(
                                _ -> {
                                    report(reported);
                                    return Poll.ready(oneshot.send("sent"));
                                });
                assertEquals(true, sender.join());
                assertEquals("waker", reported.get().getMessage());
            }
        }

        @Test
        void inATimersWakerDoesNotStopTheClock() throws Exception {
            try (TaskExecutor executor = start()) {
                long now = executor.timers().nanoTime();
                executor.timers()
                        .schedule(
                                now,
                                () -> {
                                    Thread.currentThread()
                                            .setUncaughtExceptionHandler((_, _) -> {});
                                    throw new IllegalStateException("waker");
                                });
                assertEquals(true, executor.spawn(Sleep.of(Duration.ofMillis(5))).join());
            }
        }

        @Test
        void inAFutureThatIsAwaitedIsTheTasks() throws Exception {
            try (TaskExecutor executor = start()) {
                var future = CompletableFuture.<String>failedFuture(new Exception("elsewhere"));
                JoinHandle<String> task = executor.spawn(Futures.await(future));
                var failure = assertThrows(ExecutionException.class, () -> task.toFuture().get());
                assertEquals("java.lang.Exception: elsewhere", String.valueOf(failure.getCause()));
            }
        }

        private static void report(CompletableFuture<Throwable> reported) {
            Thread.currentThread()
                    .setUncaughtExceptionHandler((_, failure) -> reported.complete(failure));
        }

        private record FailsWhenCancelled(CompletableFuture<Throwable> reported)
                implements Pollable<Boolean> {
            @Override
            public Poll<Boolean> poll(Context context) {
                report(reported);
                return Poll.pending();
            }

            @Override
            public void cancelled() {
                throw new IllegalStateException("cancel handler");
            }
        }

        private static final class FailingWaker implements Context, Waker {
            @Override
            public Waker waker() {
                return this;
            }

            @Override
            public Timers timers() {
                throw new AssertionError("nothing here needs a clock");
            }

            @Override
            public void wake() {
                throw new IllegalStateException("waker");
            }
        }

        /** A combinator's context whose timers cannot be cancelled. */
        private record FailingTimers(Context outer) implements Context, Timers {
            @Override
            public Waker waker() {
                return outer.waker();
            }

            @Override
            public Timers timers() {
                return this;
            }

            @Override
            public boolean mayGoOn() {
                return outer.mayGoOn();
            }

            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public Timer schedule(long deadlineNanos, Waker waker) {
                return () -> {
                    throw new IllegalStateException("timer");
                };
            }
        }

        private static final class ThreadDeathLike extends Error {
            private static final long serialVersionUID = 1L;
        }
    }

    @Nested
    class AMillionTimers {
        @Test
        void areSetCancelledAndFired() throws Exception {
            int count = 1_000_000;
            try (TaskExecutor executor = start()) {
                Timers timers = executor.timers();
                var fired = new AtomicInteger();
                var all = new CountDownLatch(count / 2);
                var cancelled = 0;
                long now = timers.nanoTime();
                for (int i = 0; i < count; i++) {
                    boolean far = i % 2 == 0;
                    Timers.Timer timer =
                            timers.schedule(
                                    now
                                            + (far ? Duration.ofDays(1) : Duration.ofMillis(i % 50))
                                                    .toNanos(),
                                    () -> {
                                        fired.incrementAndGet();
                                        all.countDown();
                                    });
                    if (far && timer.cancel()) {
                        cancelled++;
                    }
                }
                all.await();
                assertEquals(count / 2, cancelled);
                assertEquals(count / 2, fired.get());
            }
        }
    }
}
