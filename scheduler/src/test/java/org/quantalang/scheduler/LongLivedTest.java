package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.scheduler.internal.wait.WaitOwner;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;

/** Tasks and handles that live long hold no more than what they still wait for. */
@org.junit.jupiter.api.Timeout(60)
class LongLivedTest {
    private static final Duration LONG = Duration.ofHours(1);

    /** Polls by hand, and knows what it waits for, as a task does. */
    private static final class Owner extends WaitOwner implements Context, Waker {
        private int timers;

        @Override
        public Waker waker() {
            return this;
        }

        @Override
        public void wake() {}

        @Override
        public Timers timers() {
            return new Timers() {
                @Override
                public long nanoTime() {
                    return 0;
                }

                @Override
                public Timer schedule(long deadlineNanos, Waker waker) {
                    timers++;
                    return new Timer() {
                        private boolean left = true;

                        @Override
                        public boolean cancel() {
                            boolean was = left;
                            left = false;
                            timers -= was ? 1 : 0;
                            return was;
                        }
                    };
                }
            };
        }

        boolean waits() {
            return isWaiting();
        }
    }

    @Nested
    class AnOperationThatIsCancelled {
        private final Owner task = new Owner();

        private void leavesNothing(Pollable<?> operation) throws Exception {
            assertTrue(operation.poll(task).isPending());
            assertTrue(task.waits());
            operation.cancelled();
            assertFalse(task.waits());
            assertEquals(0, task.timers);
        }

        @Test
        void isNotHeldByTheTaskThatGoesOn() throws Exception {
            var full = new Channel<Integer>(1);
            full.trySend(1);
            var taken = new Semaphore(1);
            assertTrue(taken.tryAcquire());
            leavesNothing(new Channel<Integer>(1).receive());
            leavesNothing(full.send(2));
            leavesNothing(taken.acquire());
            leavesNothing(Sleep.of(LONG));
            leavesNothing(Interval.every(LONG));
            leavesNothing(Timeout.of(new Channel<Integer>(1).receive(), LONG));
            assertEquals(0, taken.waiting());
        }

        @Test
        void orWhoseLimitedOperationFailsLeavesNoTimer() throws Exception {
            var polls = new int[1];
            Pollable<Integer> failing =
                    _ -> {
                        if (polls[0]++ > 0) {
                            throw new IllegalStateException("failed");
                        }
                        return Poll.pending();
                    };
            Timeout<Integer> limited = Timeout.of(failing, LONG);
            assertTrue(limited.poll(task).isPending());
            assertEquals(1, task.timers);
            assertThrows(IllegalStateException.class, () -> limited.poll(task));
            assertFalse(task.waits());
            assertEquals(0, task.timers);
        }

        @Test
        void andFailsAtThatIsToldWithTheTimeout() {
            Pollable<Integer> failing =
                    new Pollable<>() {
                        @Override
                        public Poll<Integer> poll(Context context) {
                            return Poll.pending();
                        }

                        @Override
                        public void cancelled() {
                            throw new IllegalStateException("cancelled");
                        }
                    };
            Timeout<Integer> limited = Timeout.of(failing, Duration.ZERO);
            var failure = assertThrows(TimeoutException.class, () -> limited.poll(task));
            assertEquals("cancelled", failure.getSuppressed()[0].getMessage());
        }
    }

    @Nested
    class ATimer {
        @Test
        void wakesByTheWakerOfTheLastPoll() {
            var wheel = new TimerWheel(Duration.ofMillis(1), 0); // no clock that runs on meanwhile
            boolean[] woken = new boolean[2];
            Sleep sleep = Sleep.of(Duration.ofMillis(20));
            for (int i = 0; i < 2; i++) {
                int which = i;
                assertTrue(sleep.poll(with(on(wheel), () -> woken[which] = true)).isPending());
            }
            assertEquals(1, wheel.size());
            wheel.process(Duration.ofMillis(20).toNanos());
            assertFalse(woken[0]);
            assertTrue(woken[1]);
        }

        private static Context on(TimerWheel wheel) {
            Timers timers =
                    new Timers() {
                        @Override
                        public long nanoTime() {
                            return 0;
                        }

                        @Override
                        public Timer schedule(long deadlineNanos, Waker waker) {
                            return wheel.register(deadlineNanos, waker);
                        }
                    };
            return new Context() {
                @Override
                public Waker waker() {
                    return () -> {};
                }

                @Override
                public Timers timers() {
                    return timers;
                }
            };
        }
    }

    /** As a combinator does that wants to know which of its operations was woken. */
    private static Context with(Context context, Waker waker) {
        return new Context() {
            @Override
            public Waker waker() {
                return waker;
            }

            @Override
            public Timers timers() {
                return context.timers();
            }

            @Override
            public boolean mayGoOn() {
                return context.mayGoOn();
            }
        };
    }

    @Nested
    class AWaitThroughAContextOfACombinator {
        @Test
        void endsWithItsTask() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start()) {
                var semaphore = new Semaphore(1);
                assertTrue(semaphore.tryAcquire());
                Pollable<Boolean> acquire = semaphore.acquire();
                JoinHandle<Boolean> task =
                        executor.spawn(context -> acquire.poll(with(context, context.waker())));
                while (semaphore.waiting() == 0) {
                    Thread.onSpinWait();
                }
                var ended = new CountDownLatch(1);
                task.onEnd(ended::countDown);
                task.cancel();
                ended.await();
                assertEquals(0, semaphore.waiting());
                semaphore.release();
                assertTrue(semaphore.tryAcquire());
            }
        }
    }

    @Nested
    class AFuture {
        @Test
        void isAwaitedByTheWakerOfTheLastPollAlone() throws Exception {
            var future = new CompletableFuture<Integer>();
            Pollable<Integer> awaiting = Futures.await(future);
            List<HandContext> pollers = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                pollers.add(new HandContext());
                assertTrue(awaiting.poll(pollers.getLast()).isPending());
            }
            assertEquals(1, future.getNumberOfDependents());
            future.complete(7);
            HandContext last = pollers.removeLast();
            assertEquals(1, last.woken);
            assertEquals(Poll.ready(7), awaiting.poll(last));
            for (HandContext earlier : pollers) {
                assertEquals(0, earlier.woken);
            }
        }
    }

    @Nested
    class AHandle {
        @Test
        void forgetsTasksThatEndedWithoutIt() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start()) {
                JoinHandle<Object> server = executor.spawn(_ -> Poll.pending());
                try {
                    List<WeakReference<Object>> outcomes = new ArrayList<>();
                    for (int i = 0; i < 1000; i++) {
                        outcomes.add(pollOnceAndEnd(executor, server));
                    }
                    while (outcomes.stream().filter(outcome -> outcome.get() != null).count()
                            > 100) {
                        System.gc();
                    }
                } finally {
                    server.cancel();
                }
            }
        }

        private static WeakReference<Object> pollOnceAndEnd(
                TaskExecutor executor, JoinHandle<Object> server) throws InterruptedException {
            Object value = new byte[10];
            executor.spawn(
                            context -> {
                                assertTrue(server.poll(context).isPending());
                                return Poll.ready(value);
                            })
                    .join();
            return new WeakReference<>(value);
        }

        @Test
        void isPolledByManyInTurnWithoutEnd() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start()) {
                JoinHandle<@Nullable Object> server = executor.spawn(_ -> Poll.pending());
                List<HandContext> pollers = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    pollers.add(new HandContext());
                }
                for (int round = 0; round < 1000; round++) {
                    for (HandContext poller : pollers) {
                        assertTrue(server.poll(poller).isPending());
                    }
                }
                var ended = new CountDownLatch(1);
                server.onEnd(ended::countDown); // the last to hear of it
                server.cancel();
                ended.await();
                for (HandContext poller : pollers) {
                    assertTrue(poller.woken >= 1 && poller.woken <= 4, () -> "" + poller.woken);
                }
            }
        }
    }
}
