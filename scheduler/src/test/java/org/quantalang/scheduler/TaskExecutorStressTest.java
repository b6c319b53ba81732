package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Many tasks at once: each is polled as often as it asks for, none is lost, none hangs. */
@Timeout(120)
class TaskExecutorStressTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void endsEveryTaskOfAGrowingTree(int workers) throws InterruptedException {
        var count = new AtomicLong();
        try (TaskExecutor executor =
                TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers))) {
            executor.spawn(_ -> grow(executor, count, 16));
        }
        assertEquals((1 << 17) - 1, count.get());
    }

    private static Poll<Long> grow(TaskExecutor executor, AtomicLong count, int depth) {
        if (depth > 0) {
            executor.spawn(_ -> grow(executor, count, depth - 1));
            executor.spawn(_ -> grow(executor, count, depth - 1));
        }
        return Poll.ready(count.incrementAndGet());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void losesNoWakeBetweenPairsThatPassABall(int workers) throws InterruptedException {
        int rounds = 20_000;
        try (TaskExecutor executor =
                TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers))) {
            var handles = new ArrayList<JoinHandle<Integer>>();
            for (int pair = 0; pair < 4; pair++) {
                var table = new Table();
                handles.add(executor.spawn(new Player(table, 0, rounds)));
                handles.add(executor.spawn(new Player(table, 1, rounds)));
            }
            for (JoinHandle<Integer> handle : handles) {
                assertEquals(rounds, handle.join());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void takesTasksFromManyThreads(int workers) throws InterruptedException {
        var count = new AtomicLong();
        try (TaskExecutor executor =
                TaskExecutor.start(ExecutorConfig.defaults().withWorkers(workers))) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            for (int n = 0; n < 25_000; n++) {
                                                executor.spawn(
                                                        _ -> Poll.ready(count.incrementAndGet()));
                                            }
                                        }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertEquals(100_000, count.get());
    }

    /** Whose turn it is, and the waker of the one who waits. */
    private static final class Table {
        private final AtomicLong turn = new AtomicLong();
        private final List<AtomicReference<@Nullable Waker>> waiting =
                List.of(new AtomicReference<>(), new AtomicReference<>());
    }

    private static final class Player implements Pollable<Integer> {
        private final Table table;
        private final int side;
        private final int rounds;
        private int played;

        Player(Table table, int side, int rounds) {
            this.table = table;
            this.side = side;
            this.rounds = rounds;
        }

        @Override
        public Poll<Integer> poll(Context context) {
            while (played < rounds) {
                table.waiting.get(side).set(context.waker()); // register, then check
                if (table.turn.get() % 2 != side) {
                    return Poll.pending();
                }
                played++;
                table.turn.incrementAndGet();
                Waker other = table.waiting.get(1 - side).get();
                if (other != null) {
                    other.wake();
                }
            }
            return Poll.ready(played);
        }
    }
}
