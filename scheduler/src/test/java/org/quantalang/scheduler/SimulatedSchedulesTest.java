package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/** The waiting primitives under many schedules, each from its seed: 100,000 together. */
@Timeout(180)
class SimulatedSchedulesTest {
    private static final int SCHEDULES = 20_000;
    private static final int MORE = 1_000_000;

    private static void search(int schedules, LongConsumer schedule) {
        for (long seed = 1; seed <= schedules; seed++) {
            try {
                schedule.accept(seed);
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("schedule fails: seed=" + seed, failure);
            }
        }
    }

    @Test
    void channelLosesNoElementWhenReceiversAreCancelled() {
        search(SCHEDULES, SimulatedSchedulesTest::receiveAndCancel);
    }

    private static void receiveAndCancel(long seed) {
        var simulation = new Simulation(seed);
        var random = new SplittableRandom(seed);
        var channel = new Channel<Integer>(1 + random.nextInt(3));
        var received = new ArrayList<Integer>();
        var senders = new ArrayList<JoinHandle<Boolean>>();
        for (int i = 0; i < 6; i++) {
            senders.add(simulation.spawn(channel.send(i)));
        }
        List<JoinHandle<?>> victims = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            victims.add(simulation.spawn(new ReceiveAfterYield(channel, received)));
        }
        simulation.spawn(new Drain(channel, received));
        simulation.spawn(
                _ -> {
                    victims.get(random.nextInt(3)).cancel();
                    return Poll.ready(true);
                });
        simulation.spawn(
                context -> {
                    for (JoinHandle<Boolean> sender : senders) {
                        if (sender.poll(context).isPending()) {
                            return Poll.pending();
                        }
                    }
                    channel.close();
                    return Poll.ready(true);
                });
        simulation.run();
        // Given to a receiver before the close, back after its cancellation.
        for (Integer left = channel.tryReceive(); left != null; left = channel.tryReceive()) {
            received.add(left);
        }
        assertEquals(6, received.stream().distinct().count(), received::toString);
        assertEquals(6, received.size());
    }

    @Test
    void semaphoreLosesNoPermitWhenWaitersAreCancelled() {
        search(SCHEDULES, SimulatedSchedulesTest::acquireAndCancel);
    }

    private static void acquireAndCancel(long seed) {
        var simulation = new Simulation(seed);
        var random = new SplittableRandom(seed);
        int permits = 1 + random.nextInt(2);
        var semaphore = new Semaphore(permits);
        var holders = new int[1];
        List<JoinHandle<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            tasks.add(simulation.spawn(new Critical(semaphore, holders, permits)));
        }
        for (int i = 0; i < 2; i++) {
            var later = new Yield(random.nextInt(8));
            simulation.spawn(
                    context -> {
                        if (later.poll(context).isPending()) {
                            return Poll.pending();
                        }
                        tasks.get(random.nextInt(5)).cancel();
                        return Poll.ready(true);
                    });
        }
        simulation.run();
        assertEquals(permits, semaphore.available());
        assertEquals(0, semaphore.waiting());
        assertEquals(0, holders[0]);
    }

    @Test
    void oneshotWakesItsReceiver() {
        search(SCHEDULES, SimulatedSchedulesTest::sendOnceAndReply);
    }

    private static void sendOnceAndReply(long seed) {
        var simulation = new Simulation(seed);
        var there = new Oneshot<Integer>();
        var back = new Oneshot<Integer>();
        simulation.spawn(
                context ->
                        there.poll(context) instanceof Poll.Ready<@Nullable Integer> r
                                ? Poll.ready(back.send(1 + orZero(r.value())))
                                : Poll.pending());
        simulation.spawn(_ -> Poll.ready(there.send(41)));
        JoinHandle<@Nullable Integer> end = simulation.spawn(back);
        simulation.run();
        assertEquals(42, valueOf(end));
    }

    @Test
    void joinSeesEveryEnd() {
        search(SCHEDULES, SimulatedSchedulesTest::joinAndCancel);
    }

    private static void joinAndCancel(long seed) {
        var simulation = new Simulation(seed);
        var random = new SplittableRandom(seed);
        JoinHandle<Integer> joined = simulation.spawn(new Yield(random.nextInt(3)));
        var told = new int[1];
        joined.onEnd(() -> told[0]++);
        for (int i = 0; i < 3; i++) {
            simulation.spawn(
                    context -> {
                        Poll<Integer> end;
                        try {
                            end = joined.poll(context);
                        } catch (java.util.concurrent.CancellationException e) {
                            end = Poll.ready(-1);
                        }
                        if (end.isReady()) {
                            told[0]++;
                        }
                        return end;
                    });
        }
        simulation.spawn(
                _ -> {
                    joined.cancel();
                    return Poll.ready(true);
                });
        simulation.run();
        assertEquals(4, told[0]);
    }

    @Test
    void cancelReachesEveryDescendantAndTimeoutsEnd() {
        search(SCHEDULES, SimulatedSchedulesTest::cancelFamily);
    }

    private static void cancelFamily(long seed) {
        var simulation = new Simulation(seed);
        var random = new SplittableRandom(seed);
        JoinHandle<Boolean> root = simulation.spawn(_ -> Poll.pending());
        List<Task> all = new ArrayList<>(List.of(root));
        simulation.spawn(
                _ -> {
                    for (int i = 0; i < 6; i++) {
                        Task parent = all.get(random.nextInt(all.size()));
                        // Some end by themselves, before or after they have children.
                        Pollable<Boolean> child =
                                random.nextInt(3) == 0
                                        ? _ -> Poll.ready(true)
                                        : Sleep.of(Duration.ofDays(1));
                        all.add(simulation.spawnChild(parent, child));
                    }
                    return Poll.ready(true);
                });
        simulation.spawn(
                _ -> {
                    root.cancel();
                    return Poll.ready(true);
                });
        JoinHandle<Boolean> late =
                simulation.spawn(
                        org.quantalang.scheduler.Timeout.of(
                                Sleep.of(Duration.ofMillis(20)),
                                Duration.ofMillis(1 + random.nextInt(19))));
        simulation.run();
        for (Task task : all) {
            assertTrue(task.isFinished());
        }
        var failure = assertThrows(TaskFailedException.class, () -> valueOf(late));
        assertTrue(failure.getCause() instanceof TimeoutException);
        assertTrue(simulation.nanoTime() < 20_000_000, "time " + simulation.nanoTime());
    }

    @Test
    @Tag("soak")
    @Timeout(3600)
    void allOfThemUnderFiveMillionSchedules() {
        search(MORE, SimulatedSchedulesTest::receiveAndCancel);
        search(MORE, SimulatedSchedulesTest::acquireAndCancel);
        search(MORE, SimulatedSchedulesTest::sendOnceAndReply);
        search(MORE, SimulatedSchedulesTest::joinAndCancel);
        search(MORE, SimulatedSchedulesTest::cancelFamily);
    }

    /** What the search is for: a waiter whose end nobody hears of keeps what it was given. */
    @Test
    void theSearchFindsACancelledWaiterThatKeepsItsPlaceAndNamesTheSeed() {
        var found =
                assertThrows(
                        AssertionError.class,
                        () -> search(SCHEDULES, SimulatedSchedulesTest::acquireUnheard));
        String message = String.valueOf(found.getMessage());
        assertTrue(message.startsWith("schedule fails: seed="), message);
        String cause = String.valueOf(found.getCause());
        assertTrue(cause.contains("tasks wait for ever: " + message.substring(16)), cause);
    }

    private static void acquireUnheard(long seed) {
        var simulation = new Simulation(seed);
        var semaphore = new Semaphore(1);
        var victim = simulation.spawn(new Unheard(semaphore.acquire()));
        for (int i = 0; i < 3; i++) {
            simulation.spawn(new Critical(semaphore, new int[1], 1));
        }
        simulation.spawn(
                _ -> {
                    victim.cancel();
                    return Poll.ready(true);
                });
        simulation.run();
    }

    /** Acquires behind a context that hides the task, so that its end aborts nothing. */
    private record Unheard(Pollable<Boolean> acquire) implements Pollable<Boolean> {
        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            return acquire.poll(
                    new Context() {
                        @Override
                        public Waker waker() {
                            return context.waker();
                        }

                        @Override
                        public Timers timers() {
                            return context.timers();
                        }
                    });
        }
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        assertEquals(trace(7), trace(7));
        assertTrue(!trace(7).equals(trace(8)) || !trace(7).equals(trace(9)));
    }

    @Test
    void tasksThatNothingWakesAreNamedWithTheSeed() {
        var simulation = new Simulation(3);
        simulation.spawn(_ -> Poll.pending());

        var failure = assertThrows(IllegalStateException.class, simulation::run);

        assertEquals(
                "tasks wait for ever: seed=3 steps=1 tasks=[task 1 WAITING]", failure.getMessage());
    }

    private static List<Integer> trace(long seed) {
        var simulation = new Simulation(seed);
        var order = new ArrayList<Integer>();
        for (int i = 0; i < 10; i++) {
            int number = i;
            simulation.spawn(
                    _ -> {
                        order.add(number);
                        return Poll.ready(number);
                    });
        }
        simulation.run();
        return order;
    }

    private static int orZero(@Nullable Integer value) {
        return value == null ? 0 : value;
    }

    private static <T extends @Nullable Object> T valueOf(JoinHandle<T> handle) {
        try {
            return handle.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Goes to the back of the queue some times. */
    private static final class Yield implements Pollable<Integer> {
        private int left;

        Yield(int times) {
            left = times;
        }

        @Override
        public Poll<Integer> poll(Context context) {
            if (left-- == 0) {
                return Poll.ready(0);
            }
            context.waker().wake();
            return Poll.pending();
        }
    }

    /** Receives one element; may be cancelled at any time. */
    private static final class ReceiveAfterYield implements Pollable<Boolean> {
        private final Pollable<@Nullable Integer> receive;
        private final List<Integer> received;

        ReceiveAfterYield(Channel<Integer> channel, List<Integer> received) {
            this.receive = channel.receive();
            this.received = received;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            if (receive.poll(context) instanceof Poll.Ready<@Nullable Integer> ready) {
                if (ready.value() != null) {
                    received.add(ready.value());
                }
                return Poll.ready(true);
            }
            return Poll.pending();
        }
    }

    /** Receives until the channel is closed and empty. */
    private static final class Drain implements Pollable<Boolean> {
        private final Pollable<@Nullable Integer> receive;
        private final List<Integer> received;

        Drain(Channel<Integer> channel, List<Integer> received) {
            this.receive = channel.receive();
            this.received = received;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            while (receive.poll(context) instanceof Poll.Ready<@Nullable Integer> ready) {
                if (ready.value() == null) {
                    return Poll.ready(true);
                }
                received.add(ready.value());
            }
            return Poll.pending();
        }
    }

    /** Holds a permit over one yield, a few times; gives it back however it ends. */
    private static final class Critical implements Pollable<Integer> {
        private final Semaphore semaphore;
        private final Pollable<Boolean> acquire;
        private final int[] holders;
        private final int permits;
        private boolean holds;
        private int left = 3;

        Critical(Semaphore semaphore, int[] holders, int permits) {
            this.semaphore = semaphore;
            this.acquire = semaphore.acquire();
            this.holders = holders;
            this.permits = permits;
        }

        @Override
        public Poll<Integer> poll(Context context) throws Exception {
            while (left > 0) {
                if (!holds) {
                    if (acquire.poll(context).isPending()) {
                        return Poll.pending();
                    }
                    holds = true;
                    holders[0]++;
                    assertTrue(holders[0] <= permits);
                    context.waker().wake();
                    return Poll.pending();
                }
                cancelled();
                left--;
            }
            return Poll.ready(1);
        }

        @Override
        public void cancelled() {
            if (holds) {
                holds = false;
                holders[0]--;
                semaphore.release();
            }
        }
    }
}
