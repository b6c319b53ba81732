package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Faults that other schedulers had, one test each, named after what must not happen. Those that
 * need a race are in the jcstress tests; docs/design/42-how-the-scheduler-is-checked.md lists all.
 */
@Timeout(60)
class TrapsTest {
    @Nested
    class AWake {
        /** Tells when its first poll has begun, and lets it end when it is told to. */
        private static final class Held implements Pollable<Integer> {
            private final CompletableFuture<Waker> begun = new CompletableFuture<>();
            private final CountDownLatch end = new CountDownLatch(1);
            private final AtomicInteger polls = new AtomicInteger();
            private final AtomicInteger atOnce = new AtomicInteger();

            @Override
            public Poll<Integer> poll(Context context) throws InterruptedException {
                assertEquals(1, atOnce.incrementAndGet());
                int now = polls.incrementAndGet();
                if (now == 1) {
                    begun.complete(context.waker());
                    end.await();
                }
                atOnce.decrementAndGet();
                return now == 1 ? Poll.pending() : Poll.ready(now);
            }
        }

        @Test
        void isNotLostWhileThePollEndsPending() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var held = new Held();
                JoinHandle<Integer> task = executor.spawn(held);
                held.begun.get().wake();
                held.end.countDown();

                assertEquals(2, task.join());
            }
        }

        @Test
        void doesNotLetASecondWorkerPollARunningTask() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var held = new Held();
                JoinHandle<Integer> task = executor.spawn(held);
                try {
                    held.begun.get().wake();
                    // The other worker had its chance: it has run all of these.
                    for (int i = 0; i < 100; i++) {
                        executor.spawn(_ -> Poll.ready(1)).join();
                    }
                    assertEquals(1, held.polls.get());
                } finally {
                    held.end.countDown();
                }

                assertEquals(2, task.join());
            }
        }

        @Test
        void ofATaskThatHasEndedReachesNoOther() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var held = new Held();
                held.end.countDown();
                JoinHandle<Integer> task = executor.spawn(held);
                Waker stale = held.begun.get();
                stale.wake();
                task.join();
                var next = new Held();
                next.end.countDown();
                JoinHandle<Integer> other = executor.spawn(next);
                try {
                    next.begun.get();
                    stale.wake();
                    executor.spawn(_ -> Poll.ready(1)).join();

                    assertEquals(1, next.polls.get());
                    assertEquals(2, held.polls.get());
                } finally {
                    other.cancel();
                }
            }
        }
    }

    @Nested
    class AWaiter {
        @Test
        void isToldThoughTheValueComesWhileItRegisters() throws Exception {
            var oneshot = new Oneshot<String>();
            assertTrue(oneshot.poll(meanwhile(() -> oneshot.send("value"))).isReady());

            var channel = new Channel<String>(1);
            var receiver = meanwhile(() -> channel.trySend("element"));
            assertEquals(Poll.ready("element"), channel.receive().poll(receiver));

            var semaphore = new Semaphore(1);
            assertTrue(semaphore.tryAcquire());
            var acquirer = meanwhile(semaphore::release);
            assertEquals(Poll.ready(true), semaphore.acquire().poll(acquirer));
        }

        /** A context whose waker is asked for between the first look and the registration. */
        private static Context meanwhile(Runnable happens) {
            return new Context() {
                @Override
                public Waker waker() {
                    happens.run();
                    return () -> {};
                }

                @Override
                public Timers timers() {
                    throw new AssertionError("nothing here needs a clock");
                }
            };
        }

        @Test
        void thatIsCancelledDoesNotSwallowAPermit() throws Exception {
            var semaphore = new Semaphore(1);
            assertTrue(semaphore.tryAcquire());
            var first = new HandContext();
            var second = new HandContext();
            Pollable<Boolean> head = semaphore.acquire();
            Pollable<Boolean> next = semaphore.acquire();
            assertTrue(head.poll(first).isPending());
            assertTrue(next.poll(second).isPending());
            semaphore.release();
            assertEquals(1, first.woken);
            head.cancelled();

            assertEquals(1, second.woken);
            assertEquals(Poll.ready(true), next.poll(second));
        }

        @Test
        void thatIsCancelledDoesNotSwallowAnElement() throws Exception {
            var channel = new Channel<String>(1);
            var first = new HandContext();
            var second = new HandContext();
            Pollable<@Nullable String> head = channel.receive();
            Pollable<@Nullable String> next = channel.receive();
            assertTrue(head.poll(first).isPending());
            assertTrue(next.poll(second).isPending());
            channel.trySend("element");
            head.cancelled();

            assertEquals(1, second.woken);
            assertEquals(Poll.ready("element"), next.poll(second));
        }

        @Test
        void isWokenThoughTheWakerOfTheOneBeforeItThrows() throws Exception {
            var channel = new Channel<String>(1);
            var second = new HandContext();
            var failures = new ArrayList<String>();
            assertTrue(channel.receive().poll(new Throwing()).isPending());
            assertTrue(channel.receive().poll(second).isPending());
            collectingFailures(failures, channel::close);

            assertEquals(1, second.woken);
            assertEquals(List.of("waker"), failures);
        }
    }

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

        @Test
        void isNotHeldInTheBatchOfAWorkerThatIsStuck() throws Exception {
            try (TaskExecutor executor = start(2)) {
                awaitSleepOfAll(executor, 2);
                var free = new CountDownLatch(1);
                var others = new CountDownLatch(10);
                executor.spawn(
                        _ -> {
                            free.await();
                            return Poll.ready(true);
                        });
                for (int i = 0; i < 10; i++) {
                    executor.spawn(
                            _ -> {
                                others.countDown();
                                return Poll.ready(true);
                            });
                }
                others.await();
                free.countDown();
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3})
        void isSeenByAWorkerThatGoesToSleep(int workers) throws Exception {
            try (TaskExecutor executor = start(workers)) {
                for (int i = 0; i < 5_000; i++) {
                    assertEquals(i, valueOf(executor, i));
                    for (int spins = i % 64; spins > 0; spins--) {
                        Thread.onSpinWait(); // meets the way to sleep at another step
                    }
                }
            }
        }

        private static int valueOf(TaskExecutor executor, int value) throws InterruptedException {
            return executor.spawn(_ -> Poll.ready(value)).join();
        }

        @Test
        void wakesOneSleeperNotAll() throws Exception {
            try (TaskExecutor executor = start(8)) {
                long tasks = 50;
                awaitSleepOfAll(executor, 8);
                long before = executor.stats().parks();
                for (int i = 0; i < tasks; i++) {
                    executor.spawn(_ -> Poll.ready(1)).join();
                    awaitSleepOfAll(executor, 8);
                }
                long wakes = executor.stats().parks() - before;

                assertTrue(wakes <= 2 * tasks, () -> "wakes=" + wakes);
            }
        }

        @Test
        void thatIsCancelledInItsQueueIsNotPolled() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var free = new CountDownLatch(1);
                executor.spawn(
                        _ -> {
                            free.await();
                            return Poll.ready(true);
                        });
                var polled = new AtomicInteger();
                JoinHandle<Integer> queued =
                        executor.spawn(_ -> Poll.ready(polled.incrementAndGet()));
                queued.cancel();
                free.countDown();

                assertThrows(CancellationException.class, queued::join);
                assertEquals(0, polled.get());
            }
        }
    }

    @Nested
    class TheCounts {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 8})
        void doNotDriftUntilNobodyIsWoken(int workers) throws Exception {
            try (TaskExecutor executor = start(workers)) {
                for (int round = 0; round < 200; round++) {
                    List<JoinHandle<Integer>> tasks = new ArrayList<>();
                    for (int i = 0; i < 20; i++) {
                        tasks.add(
                                executor.spawn(
                                        _ -> {
                                            executor.spawn(_ -> Poll.ready(1));
                                            return Poll.ready(1);
                                        }));
                    }
                    for (JoinHandle<Integer> task : tasks) {
                        task.join();
                    }
                }
                // Each transition is checked by an assertion; here, that all of them come to rest.
                awaitSleepOfAll(executor, workers);
            }
        }
    }

    @Nested
    class MemoryOfATask {
        @Test
        void isNotHeldByItsWakerOrItsHandle() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var holding = new Holding();
                CompletableFuture<Waker> waker = holding.waker;
                var reference = new WeakReference<>(holding.held);
                JoinHandle<Integer> task = executor.spawn(holding);
                assertEquals(1, task.join());
                holding = new Holding(); // the variable itself must not be what holds it
                awaitCollection(reference);

                assertEquals(TaskState.COMPLETED, task.state());
                waker.get().wake();
                assertFalse(holding.waker.isDone());
            }
        }

        @Test
        void isNotHeldByTheQueuesOfWorkersThatSleep() throws Exception {
            try (TaskExecutor executor = start(2)) {
                List<WeakReference<Object>> values = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    Object value = new byte[10];
                    values.add(new WeakReference<>(value));
                    spawnAndForget(executor, value);
                }
                awaitSleepOfAll(executor, 2);
                for (WeakReference<Object> value : values) {
                    awaitCollection(value);
                }
            }
        }

        @Test
        void isNotHeldByTheRingOfAWorkerThatRunsThroughItsSlotAlone() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var stop = new AtomicBoolean();
                var left = new CompletableFuture<Waker>();
                var right = new CompletableFuture<Waker>();
                executor.spawn(context -> passOn(context, left, right, stop));
                executor.spawn(context -> passOn(context, right, left, stop));
                left.get();
                right.get();
                List<WeakReference<Object>> values = new ArrayList<>();
                executor.spawn(_ -> spawnMany(executor, values)).join();
                for (WeakReference<Object> value : values) {
                    awaitCollection(value);
                }
                stop.set(true);
            }
        }

        /** Wakes the other, which then takes the slot. */
        private static Poll<Boolean> passOn(
                Context context,
                CompletableFuture<Waker> own,
                CompletableFuture<Waker> other,
                AtomicBoolean stop) {
            own.complete(context.waker());
            if (other.isDone()) {
                other.join().wake();
            } else {
                context.waker().wake();
            }
            return stop.get() ? Poll.ready(true) : Poll.pending();
        }

        private static Poll<Boolean> spawnMany(
                TaskExecutor executor, List<WeakReference<Object>> values) {
            for (int i = 0; i < 20; i++) {
                Object value = new byte[10];
                values.add(new WeakReference<>(value));
                executor.spawn(_ -> Poll.ready(value));
            }
            return Poll.ready(true);
        }

        private static void spawnAndForget(TaskExecutor executor, Object value) {
            executor.spawn(
                    _ -> {
                        executor.spawn(_ -> Poll.ready(value));
                        return Poll.ready(value);
                    });
        }

        private static void awaitCollection(WeakReference<?> reference) {
            while (reference.get() != null) {
                System.gc();
            }
        }

        private static final class Holding implements Pollable<Integer> {
            private final CompletableFuture<Waker> waker = new CompletableFuture<>();
            private final Object held = new byte[10];

            @Override
            public Poll<Integer> poll(Context context) {
                waker.complete(context.waker());
                return Poll.ready(1);
            }
        }
    }

    @Nested
    class ATimer {
        @Test
        void thatHasFiredDoesNotTakeItsSuccessorAlong() {
            var wheel = new TimerWheel(Duration.ofMillis(1), 0);
            var fired = new ArrayList<String>();
            Timers.Timer first =
                    wheel.registerDelay(Duration.ofMillis(1), 0, () -> fired.add("first"));
            wheel.process(1_000_000);
            wheel.registerDelay(Duration.ofMillis(1), 1_000_000, () -> fired.add("second"));

            assertFalse(first.cancel());
            wheel.process(2_000_000);
            assertEquals(List.of("first", "second"), fired);
        }

        @Test
        void firesThoughTheWakerOfTheOneBeforeItThrows() {
            var wheel = new TimerWheel(Duration.ofMillis(1), 0);
            var failures = new ArrayList<String>();
            var fired = new ArrayList<String>();
            wheel.registerDelay(Duration.ofMillis(1), 0, new Throwing());
            wheel.registerDelay(Duration.ofMillis(2), 0, () -> fired.add("second"));
            collectingFailures(failures, () -> wheel.process(5_000_000));

            assertEquals(List.of("waker"), failures);
            assertEquals(List.of("second"), fired);
        }
    }

    @Nested
    class AnInterrupt {
        @Test
        void doesNotKeepAWorkerFromSleeping() throws Exception {
            try (TaskExecutor executor = start(1)) {
                Thread worker = executor.spawn(_ -> Poll.ready(Thread.currentThread())).join();
                for (int i = 0; i < 20; i++) {
                    worker.interrupt();
                    while (worker.isInterrupted() || worker.getState() != Thread.State.WAITING) {
                        Thread.onSpinWait();
                    }
                }
                assertEquals(1, executor.spawn(_ -> Poll.ready(1)).join());
            }
        }
    }

    @Nested
    class AShutdown {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 8})
        void losesNoTaskThatWasAcceptedBesideIt(int workers) throws Exception {
            for (int round = 0; round < 50; round++) {
                TaskExecutor executor = start(workers);
                var ran = new AtomicInteger();
                var accepted = new AtomicInteger();
                var begun = new CountDownLatch(2);
                List<Thread> threads = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    threads.add(
                            Thread.ofPlatform()
                                    .start(
                                            () ->
                                                    spawnUntilRefused(
                                                            executor, ran, accepted, begun)));
                }
                begun.await();
                executor.close();
                for (Thread thread : threads) {
                    thread.join();
                }

                assertEquals(accepted.get(), ran.get());
                assertEquals(executor.stats().spawned(), executor.stats().finished());
            }
        }

        private static void spawnUntilRefused(
                TaskExecutor executor,
                AtomicInteger ran,
                AtomicInteger accepted,
                CountDownLatch begun) {
            try {
                while (true) {
                    executor.spawn(_ -> Poll.ready(ran.incrementAndGet()));
                    accepted.incrementAndGet();
                    begun.countDown();
                }
            } catch (RejectedExecutionException closed) {
                begun.countDown();
            }
        }
    }

    @Nested
    class ATaskThatNeverWaits {
        @Test
        void doesNotKeepOthersFromRunningThroughASemaphore() throws Exception {
            var semaphore = new Semaphore(1);
            Pollable<Boolean> acquire = semaphore.acquire();
            endsWhenAnotherTaskHasRun(
                    context -> {
                        Poll<Boolean> answer = acquire.poll(context);
                        if (answer.isReady()) {
                            semaphore.release();
                        }
                        return answer;
                    });
        }

        @Test
        void doesNotKeepOthersFromRunningThroughAChannel() throws Exception {
            var channel = new Channel<Integer>(1);
            Pollable<Boolean> send = channel.send(1);
            Pollable<@Nullable Integer> receive = channel.receive();
            endsWhenAnotherTaskHasRun(
                    context ->
                            send.poll(context).isPending()
                                    ? Poll.pending()
                                    : receive.poll(context).map(_ -> true));
        }

        @Test
        void doesNotKeepOthersFromRunningThroughOneshots() throws Exception {
            endsWhenAnotherTaskHasRun(
                    context -> {
                        var oneshot = new Oneshot<Integer>();
                        oneshot.send(1);
                        return oneshot.poll(context).map(_ -> true);
                    });
        }

        @Test
        void doesNotKeepOthersFromRunningThroughTimers() throws Exception {
            Interval interval = Interval.every(Duration.ofNanos(1));
            endsWhenAnotherTaskHasRun(context -> interval.poll(context).map(_ -> true));
        }

        @Test
        void doesNotKeepOthersFromRunningThroughFutures() throws Exception {
            CompletableFuture<Boolean> done = CompletableFuture.completedFuture(true);
            endsWhenAnotherTaskHasRun(context -> Futures.await(done).poll(context));
        }

        @Test
        void doesNotKeepOthersFromRunningThroughJoins() throws Exception {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<Boolean> done = executor.spawn(_ -> Poll.ready(true));
                done.join();
                endsWhenAnotherTaskHasRun(done);
            }
        }

        /** Polls in a loop until a second task of the only worker has run. */
        private static void endsWhenAnotherTaskHasRun(Pollable<Boolean> operation)
                throws Exception {
            try (TaskExecutor executor = start(1)) {
                var other = new AtomicInteger();
                JoinHandle<Boolean> loop =
                        executor.spawn(
                                context -> {
                                    while (other.get() == 0) {
                                        if (operation.poll(context).isPending()) {
                                            return Poll.pending();
                                        }
                                    }
                                    return Poll.ready(true);
                                });
                executor.spawn(_ -> Poll.ready(other.incrementAndGet())).join();
                assertEquals(true, loop.join());
            }
        }
    }

    /** A waker of a user's own that fails. */
    private static final class Throwing implements Context, Waker {
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

    /** Runs an action while the failures that nobody catches are collected. */
    private static void collectingFailures(List<String> failures, Runnable action) {
        Thread thread = Thread.currentThread();
        Thread.UncaughtExceptionHandler before = thread.getUncaughtExceptionHandler();
        thread.setUncaughtExceptionHandler(
                (_, failure) -> failures.add(String.valueOf(failure.getMessage())));
        try {
            action.run();
        } finally {
            thread.setUncaughtExceptionHandler(before);
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
