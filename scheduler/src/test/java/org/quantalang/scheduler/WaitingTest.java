package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(60)
class WaitingTest {
    private static TaskExecutor start(int workers) {
        return TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers));
    }

    @Nested
    class AChannel {
        @Test
        void givesBackWhatDoesNotFit() {
            var channel = new Channel<String>(1);
            assertEquals(Channel.SendResult.SENT, channel.trySend("a"));
            assertEquals(Channel.SendResult.FULL, channel.trySend("b"));
            channel.close();
            assertEquals(Channel.SendResult.CLOSED, channel.trySend("c"));
            assertFalse(channel.isDrained());
            assertEquals("a", channel.tryReceive());
            assertNull(channel.tryReceive());
            assertTrue(channel.isDrained());
        }

        @Test
        void wakesAllWhenItIsClosed() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var empty = new Channel<String>(1);
                var full = new Channel<String>(1);
                full.trySend("in the way");
                JoinHandle<@Nullable String> receiver = executor.spawn(empty.receive());
                JoinHandle<Boolean> sender = executor.spawn(full.send("late"));
                empty.close();
                full.close();
                assertNull(receiver.join());
                assertEquals(false, sender.join());
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 8})
        void carriesEveryElementOnceBetweenManyTasks(int workers) throws Exception {
            int tasks = 4;
            int each = 20_000;
            var sum = new AtomicLong();
            var channel = new Channel<Integer>(3);
            try (TaskExecutor executor = start(workers)) {
                List<JoinHandle<Integer>> senders = new ArrayList<>();
                List<JoinHandle<Integer>> receivers = new ArrayList<>();
                for (int i = 0; i < tasks; i++) {
                    receivers.add(executor.spawn(new Sum(channel, sum)));
                    senders.add(executor.spawn(new SendAll(channel, each)));
                }
                for (JoinHandle<Integer> sender : senders) {
                    sender.join();
                }
                channel.close();
                int count = 0;
                for (JoinHandle<Integer> receiver : receivers) {
                    count += receiver.join();
                }
                assertEquals(tasks * each, count);
            }
            assertEquals((long) tasks * each * (each - 1) / 2, sum.get());
        }

        @Test
        void isUsedByAThreadThatBlocks() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var channel = new Channel<Integer>(2);
                executor.spawn(new SendAll(channel, 100));
                int sum = 0;
                for (int i = 0; i < 100; i++) {
                    Integer element = executor.blockOn(channel.receive());
                    sum += element == null ? 0 : element;
                }
                assertEquals(4950, sum);
            }
        }

        @Test
        void refusesNonsense() {
            assertThrows(IllegalArgumentException.class, () -> new Channel<String>(0));
        }
    }

    private static final class SendAll implements Pollable<Integer> {
        private final Channel<Integer> channel;
        private final int count;
        private int next;
        private @Nullable Pollable<Boolean> send;

        SendAll(Channel<Integer> channel, int count) {
            this.channel = channel;
            this.count = count;
        }

        @Override
        public Poll<Integer> poll(Context context) throws Exception {
            while (next < count) {
                if (send == null) {
                    send = channel.send(next);
                }
                if (send.poll(context).isPending()) {
                    return Poll.pending();
                }
                send = null;
                next++;
            }
            return Poll.ready(count);
        }
    }

    private static final class Sum implements Pollable<Integer> {
        private final Pollable<@Nullable Integer> receive;
        private final AtomicLong sum;
        private int count;

        Sum(Channel<Integer> channel, AtomicLong sum) {
            this.receive = channel.receive();
            this.sum = sum;
        }

        @Override
        public Poll<Integer> poll(Context context) throws Exception {
            while (receive.poll(context) instanceof Poll.Ready<@Nullable Integer> ready) {
                if (ready.value() == null) {
                    return Poll.ready(count);
                }
                count++;
                sum.addAndGet(ready.value());
            }
            return Poll.pending();
        }
    }

    @Nested
    class ASemaphore {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 8})
        void letsInNoMoreThanItHasPermits(int workers) throws Exception {
            var semaphore = new Semaphore(2);
            var inside = new AtomicInteger();
            try (TaskExecutor executor = start(workers)) {
                List<JoinHandle<Integer>> all = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    all.add(executor.spawn(new Enter(semaphore, inside, 10_000)));
                }
                for (JoinHandle<Integer> each : all) {
                    assertTrue(each.join() <= 2);
                }
            }
            assertEquals(2, semaphore.available());
        }

        @Test
        void saysWhenItIsReleasedTooOften() {
            var semaphore = new Semaphore(2);
            assertTrue(semaphore.tryAcquire());
            semaphore.release();
            assertThrows(IllegalStateException.class, semaphore::release);
            assertThrows(IllegalArgumentException.class, () -> new Semaphore(0));
        }

        @Test
        void passesTheTurnOfACancelledWaiterOn() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var semaphore = new Semaphore(1);
                assertTrue(semaphore.tryAcquire());
                JoinHandle<Boolean> first = executor.spawn(semaphore.acquire());
                JoinHandle<Boolean> second = executor.spawn(semaphore.acquire());
                // The one worker polls in order: after this task the two before it wait.
                executor.spawn(_ -> Poll.ready(1)).join();
                int waiting = semaphore.waiting();
                first.cancel();
                semaphore.release();
                assertEquals(true, second.join());
                assertEquals(2, waiting);
                assertThrows(CancellationException.class, first::join);
            }
        }

        private static void takeTwo(Semaphore semaphore) {
            assertTrue(semaphore.tryAcquire());
            assertTrue(semaphore.tryAcquire());
        }

        /**
         * One that is on its way to a free permit when it is given another leaves that one free.
         */
        @Test
        void wakesTheNextWhenOneThatIsWokenIsGivenAPermit() throws Exception {
            var semaphore = new Semaphore(2);
            takeTwo(semaphore);
            Pollable<Boolean> given = semaphore.acquire();
            Pollable<Boolean> overtaken = semaphore.acquire();
            Pollable<Boolean> last = semaphore.acquire();
            var context = new HandContext();
            var lastContext = new HandContext();
            assertTrue(given.poll(context).isPending() && overtaken.poll(context).isPending());
            assertTrue(last.poll(lastContext).isPending());
            semaphore.release();
            semaphore.release();
            takeTwo(semaphore);
            assertTrue(given.poll(context).isPending() && overtaken.poll(context).isPending());
            semaphore.release(); // given
            given.cancelled(); // whose permit is free, with one woken for it
            semaphore.release(); // given to the one that is woken
            assertEquals(1, lastContext.woken);
            assertEquals(Poll.ready(true), overtaken.poll(context));
            assertEquals(Poll.ready(true), last.poll(lastContext));
            assertEquals(0, semaphore.waiting());
        }

        @Test
        void refusesEveryoneOnceItIsClosed() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var semaphore = new Semaphore(1);
                assertTrue(semaphore.tryAcquire());
                JoinHandle<Boolean> waits = executor.spawn(semaphore.acquire());
                semaphore.close();
                assertEquals(false, waits.join());
                assertFalse(semaphore.tryAcquire());
            }
        }
    }

    private static final class Enter implements Pollable<Integer> {
        private final Semaphore semaphore;
        private final Pollable<Boolean> acquire;
        private final AtomicInteger inside;
        private int left;
        private int most;

        Enter(Semaphore semaphore, AtomicInteger inside, int times) {
            this.semaphore = semaphore;
            this.acquire = semaphore.acquire();
            this.inside = inside;
            this.left = times;
        }

        @Override
        public Poll<Integer> poll(Context context) throws Exception {
            while (left > 0) {
                if (acquire.poll(context).isPending()) {
                    return Poll.pending();
                }
                most = Math.max(most, inside.incrementAndGet());
                inside.decrementAndGet();
                semaphore.release();
                left--;
            }
            return Poll.ready(most);
        }
    }

    @Nested
    class AOneshot {
        @Test
        void takesOneValueOnly() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var oneshot = new Oneshot<String>();
                JoinHandle<@Nullable String> end = executor.spawn(oneshot);
                assertTrue(oneshot.send("first"));
                assertFalse(oneshot.send("second"));
                assertFalse(oneshot.close());
                assertEquals("first", end.join());
            }
        }

        @Test
        void endsWithNullWhenItIsClosed() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var oneshot = new Oneshot<String>();
                JoinHandle<@Nullable String> end = executor.spawn(oneshot);
                assertTrue(oneshot.close());
                assertNull(end.join());
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3})
        void losesNoWakeWhenSendRacesReceive(int workers) throws Exception {
            try (TaskExecutor executor = start(workers)) {
                for (int i = 0; i < 20_000; i++) {
                    var oneshot = new Oneshot<Integer>();
                    JoinHandle<@Nullable Integer> end = executor.spawn(oneshot);
                    oneshot.send(i);
                    assertEquals(i, end.join());
                }
            }
        }
    }

    @Nested
    class Time {
        @Test
        void passesBeforeASleepEnds() throws Exception {
            try (TaskExecutor executor = start(2)) {
                long before = System.nanoTime();
                assertEquals(true, executor.spawn(Sleep.of(Duration.ofMillis(30))).join());
                assertTrue(System.nanoTime() - before >= 30_000_000);
            }
        }

        @Test
        void wakesManySleepers() throws Exception {
            try (TaskExecutor executor = start(2)) {
                List<JoinHandle<Boolean>> all = new ArrayList<>();
                for (int i = 0; i < 10_000; i++) {
                    all.add(executor.spawn(Sleep.of(Duration.ofMillis(i % 50))));
                }
                for (JoinHandle<Boolean> each : all) {
                    each.join();
                }
            }
        }

        @Test
        void limitsAPollable() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var never = new Oneshot<String>();
                JoinHandle<@Nullable String> late =
                        executor.spawn(
                                org.quantalang.scheduler.Timeout.of(never, Duration.ofMillis(5)));
                var failure = assertThrows(TaskFailedException.class, late::join);
                assertTrue(failure.toString().contains("time is up: limit=PT0.005S"));
            }
        }

        /** A poll by hand, with a clock and a number of operations by hand. */
        private static final class HandClock implements Context, Timers {
            private long nanos;
            private int operations = 10;

            @Override
            public Waker waker() {
                return () -> {};
            }

            @Override
            public Timers timers() {
                return this;
            }

            @Override
            public boolean mayGoOn() {
                return --operations >= 0;
            }

            @Override
            public long nanoTime() {
                return nanos;
            }

            @Override
            public Timer schedule(long deadlineNanos, Waker waker) {
                return () -> true;
            }
        }

        @Test
        void limitsAPollableThatUsesUpItsBudgetInEveryPoll() throws Exception {
            var context = new HandClock();
            Pollable<Boolean> busy =
                    given -> {
                        while (given.mayGoOn()) {
                            Thread.onSpinWait();
                        }
                        return Poll.pending();
                    };
            var limited = org.quantalang.scheduler.Timeout.of(busy, Duration.ofNanos(5));
            assertTrue(limited.poll(context).isPending());
            context.operations = 10;
            context.nanos = 5;

            assertThrows(TimeoutException.class, () -> limited.poll(context));
        }

        @Test
        void countsALimitFromTheBeginningOfTheFirstPoll() {
            var context = new HandClock();
            Pollable<Boolean> slow =
                    _ -> {
                        context.nanos += 5;
                        return Poll.pending();
                    };
            var limited = org.quantalang.scheduler.Timeout.of(slow, Duration.ofNanos(5));

            assertThrows(TimeoutException.class, () -> limited.poll(context));
        }

        @Test
        void chargesEachLimitOnce() throws Exception {
            var context = new HandClock();
            context.operations = 0;
            var polls = new AtomicInteger();
            var limited =
                    org.quantalang.scheduler.Timeout.of(
                            _ -> Poll.ready(polls.incrementAndGet()), Duration.ZERO);

            assertTrue(limited.poll(context).isPending());
            assertEquals(0, polls.get());
        }

        @Test
        void ticks() throws Exception {
            try (TaskExecutor executor = start(1)) {
                Interval interval = Interval.every(Duration.ofMillis(2));
                for (long i = 1; i <= 5; i++) {
                    assertEquals(i, executor.blockOn(interval));
                }
            }
        }

        @Test
        void isNeverNegative() {
            assertThrows(IllegalArgumentException.class, () -> Sleep.of(Duration.ofMillis(-1)));
            assertThrows(IllegalArgumentException.class, () -> Interval.every(Duration.ZERO));
        }

        @Test
        void turnsAWheelByHand() {
            var wheel = new TimerWheel(Duration.ofMillis(1), 1_000);
            var fired = new ArrayList<String>();
            wheel.registerDelay(Duration.ofMillis(5), 1_000, () -> fired.add("five"));
            wheel.registerDelay(Duration.ofMillis(3), 1_000, () -> fired.add("three"));
            Timers.Timer never =
                    wheel.registerDelay(Duration.ofMillis(4), 1_000, () -> fired.add("four"));
            assertTrue(never.cancel());
            assertFalse(never.cancel());
            assertEquals(3_000_000, wheel.process(1_000));
            assertEquals(2_000_000, wheel.process(3_001_000));
            assertEquals(TimerWheel.NO_TIMER, wheel.process(9_001_000));
            assertEquals(List.of("three", "five"), fired);
        }
    }

    @Nested
    class Families {
        @Test
        void endTogetherWhenTheParentIsCancelled() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var cleaned = new AtomicInteger();
                JoinHandle<Boolean> root = executor.spawn(new Held(cleaned));
                JoinHandle<Boolean> child = executor.spawnChild(root, new Held(cleaned));
                JoinHandle<Boolean> grandchild = executor.spawnChild(child, new Held(cleaned));
                try {
                    assertEquals(root, child.parent());
                    assertEquals(List.of(child), root.children());
                } finally {
                    root.cancel();
                }
                for (JoinHandle<Boolean> each : List.of(root, child, grandchild)) {
                    assertThrows(CancellationException.class, each::join);
                }
                JoinHandle<Boolean> late = executor.spawnChild(root, new Held(cleaned));
                assertThrows(CancellationException.class, late::join);
                assertEquals(List.of(), root.children());
            }
        }

        @Test
        void areHandedOnByATaskThatEnds() throws Exception {
            try (TaskExecutor executor = start(2)) {
                var cleaned = new AtomicInteger();
                JoinHandle<Boolean> root = executor.spawn(new Held(cleaned));
                var before = new CompletableFuture<JoinHandle<Boolean>>();
                JoinHandle<Boolean> middle =
                        executor.spawnChild(
                                root,
                                _ -> {
                                    Task self = Objects.requireNonNull(Task.current());
                                    before.complete(executor.spawnChild(self, new Held(cleaned)));
                                    return Poll.ready(true);
                                });
                middle.join();
                JoinHandle<Boolean> after = executor.spawnChild(middle, new Held(cleaned));
                try {
                    assertEquals(root, before.get().parent());
                    assertEquals(List.of(after, before.get()), root.children());
                    assertEquals(List.of(), middle.children());
                } finally {
                    root.cancel();
                }
                for (JoinHandle<Boolean> each : List.of(root, before.get(), after)) {
                    assertThrows(CancellationException.class, each::join);
                }
                assertEquals(3, cleaned.get());
            }
        }

        @Test
        void ofATaskThatFollowsItselfAreNoChain() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var values = new ConcurrentLinkedQueue<WeakReference<Object>>();
                var last = new CompletableFuture<Task>();
                executor.spawn(_ -> follow(executor, values, last, 1000));
                Task held = last.get();
                while (values.stream().filter(value -> value.get() != null).count() > 10) {
                    System.gc();
                }
                held.cancel();
            }
        }

        private static Poll<Object> follow(
                TaskExecutor executor,
                ConcurrentLinkedQueue<WeakReference<Object>> values,
                CompletableFuture<Task> last,
                int left) {
            Task self = Objects.requireNonNull(Task.current());
            if (left == 0) {
                last.complete(executor.spawnChild(self, _ -> Poll.pending()));
            } else {
                executor.spawnChild(self, _ -> follow(executor, values, last, left - 1));
            }
            Object value = new byte[10];
            values.add(new WeakReference<>(value));
            return Poll.ready(value);
        }

        @Test
        void ofAHundredThousandLevelsDoNotOverflow() throws Exception {
            cancelAll(100_000, 1);
        }

        @Test
        void ofAMillionChildrenDoNotOverflow() throws Exception {
            cancelAll(1, 1_000_000);
        }

        private void cancelAll(int depth, int width) throws Exception {
            var cleaned = new AtomicInteger();
            try (TaskExecutor executor = start(2)) {
                JoinHandle<Boolean> root = executor.spawn(new Held(cleaned));
                Task parent = root;
                for (int level = 0; level < depth; level++) {
                    for (int i = 1; i < width; i++) {
                        executor.spawnChild(parent, new Held(cleaned));
                    }
                    parent = executor.spawnChild(parent, new Held(cleaned));
                }
                root.cancel();
            }
            assertEquals(1 + depth * width, cleaned.get());
        }

        @Test
        void knowTheTaskThatRuns() throws Exception {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<Boolean> task = executor.spawn(_ -> Poll.ready(Task.current() != null));
                assertEquals(true, task.join());
                assertNull(Task.current());
            }
        }
    }

    /** Waits for ever; counts that it was told of its cancellation. */
    private record Held(AtomicInteger cleaned) implements Pollable<Boolean> {
        @Override
        public Poll<Boolean> poll(Context context) {
            return Poll.pending();
        }

        @Override
        public void cancelled() {
            cleaned.incrementAndGet();
        }
    }

    @Nested
    class JavasWorld {
        @Test
        void completesATask() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var future = new CompletableFuture<String>();
                JoinHandle<String> task = executor.spawn(Futures.await(future));
                future.complete("done");
                assertEquals("done", task.join());
            }
        }

        @Test
        void isCompletedByATask() throws Exception {
            try (TaskExecutor executor = start(1)) {
                assertEquals("v", executor.spawn(_ -> Poll.ready("v")).toFuture().get());
                var cause = new IllegalStateException("broken");
                CompletableFuture<String> failed =
                        executor.<String>spawn(
                                        _ -> {
                                            throw cause;
                                        })
                                .toFuture();
                assertEquals(cause, assertThrows(ExecutionException.class, failed::get).getCause());
                JoinHandle<Boolean> held = executor.spawn(new Held(new AtomicInteger()));
                held.toFuture().cancel(false);
                assertThrows(CancellationException.class, held::join);
            }
        }

        @Test
        void cancelsNothingByAFutureThatIsDone() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var spawned = new CompletableFuture<JoinHandle<Boolean>>();
                JoinHandle<String> task =
                        executor.spawn(
                                _ -> {
                                    Task self = Objects.requireNonNull(Task.current());
                                    var held = new Held(new AtomicInteger());
                                    spawned.complete(executor.spawnChild(self, held));
                                    return Poll.ready("v");
                                });
                try {
                    CompletableFuture<String> future = task.toFuture();
                    assertEquals("v", future.get());
                    assertFalse(future.cancel(false));
                    JoinHandle<Boolean> child = spawned.get();
                    // The one worker polls in order: after this task the child waits, or has ended.
                    executor.spawn(_ -> Poll.ready(1)).join();
                    assertEquals(TaskState.WAITING, child.state());
                } finally {
                    task.cancel();
                }
                assertThrows(CancellationException.class, spawned.get()::join);
            }
        }

        @Test
        void runsItsCommandsOnWorkers() throws Exception {
            var done = new CountDownLatch(1);
            try (TaskExecutor executor = start(1)) {
                executor.asExecutor().execute(done::countDown);
                done.await();
            }
        }

        @Test
        void mustNotBlockAWorker() throws Exception {
            try (TaskExecutor executor = start(1)) {
                JoinHandle<Boolean> task =
                        executor.spawn(_ -> Poll.ready(executor.blockOn(Sleep.of(Duration.ZERO))));
                assertThrows(TaskFailedException.class, task::join);
            }
        }

        @Test
        void survivesAThrowingCallback() throws Exception {
            try (TaskExecutor executor = start(1)) {
                var seen = new CompletableFuture<Throwable>();
                JoinHandle<Boolean> task =
                        executor.spawn(
                                _ -> {
                                    Thread.currentThread()
                                            .setUncaughtExceptionHandler(
                                                    (_, failure) -> seen.complete(failure));
                                    return Poll.pending();
                                });
                task.onEnd(
                        () -> {
                            throw new IllegalStateException("callback");
                        });
                // The one worker polls in order: after this task the one before it waits.
                executor.spawn(_ -> Poll.ready(1)).join();
                TaskState before = task.state();
                task.cancel();
                assertEquals(TaskState.WAITING, before);
                assertEquals("callback", seen.get().getMessage());
                assertEquals(1, executor.spawn(_ -> Poll.ready(1)).join());
            }
        }
    }

    @Nested
    class ADeque {
        @Test
        void isPoppedAtOneEndAndStolenFromTheOther() {
            var deque = new WorkStealingDeque<Integer>();
            var target = new WorkStealingDeque<Integer>();
            for (int i = 0; i < 7; i++) {
                deque.push(i);
            }
            assertEquals(6, deque.pop());
            assertEquals(0, deque.steal());
            assertEquals(3, deque.stealBatch(target, 10));
            assertEquals(3, target.pop());
            assertEquals(2, deque.size());
            assertEquals(1, deque.stealBatch(target, 1));
            assertThrows(IllegalArgumentException.class, () -> deque.stealBatch(deque, 1));
        }
    }
}
