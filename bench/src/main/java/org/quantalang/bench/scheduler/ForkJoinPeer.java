package org.quantalang.bench.scheduler;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountedCompleter;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * {@link ForkJoinPool} in async mode: tasks are commands, waits are stages of futures that go on in
 * the pool, and what can only block does so as a managed blocker.
 */
final class ForkJoinPeer implements TaskPeer {
    private final ForkJoinPool pool;

    private ForkJoinPeer(int workers) {
        pool =
                new ForkJoinPool(
                        workers, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, true);
    }

    /** The provider. */
    public static final class Provider implements TaskPeer.Provider {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public String name() {
            return "fork-join";
        }

        @Override
        public TaskPeer start(int workers) {
            return new ForkJoinPeer(workers);
        }
    }

    @Override
    public void spawn(int first, int count, Countdown done) {
        for (int i = first; i < first + count; i++) {
            long value = i;
            pool.execute(() -> done.end(value));
        }
    }

    @Override
    public void spawnLocal(int count, Countdown done) {
        pool.execute(() -> spawn(0, count, done));
    }

    @Override
    public void chained(int links, Countdown done) {
        pool.execute(() -> link(1, links, done));
    }

    private void link(int number, int links, Countdown done) {
        if (number == links) {
            done.end(links);
        } else {
            pool.execute(() -> link(number + 1, links, done));
        }
    }

    @Override
    public void pingPong(int rounds, Countdown done) {
        pool.execute(
                () -> {
                    for (int i = 0; i < rounds; i++) {
                        Integer number = i;
                        pool.execute(() -> ping(number, done));
                    }
                });
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the countdown tells the end
    private void ping(Integer number, Countdown done) {
        var ping = new CompletableFuture<Integer>();
        var pong = new CompletableFuture<Integer>();
        pool.execute(() -> ping.thenAcceptAsync(pong::complete, pool));
        ping.complete(number);
        pong.thenAcceptAsync(done::end, pool);
    }

    @Override
    public void yields(int tasks, int yields, Countdown done) {
        pool.execute(
                () -> {
                    for (int i = 0; i < tasks; i++) {
                        pool.execute(new Yielder(pool, yields, done));
                    }
                });
    }

    private static final class Yielder implements Runnable {
        private final ForkJoinPool pool;
        private final int yields;
        private final Countdown done;
        private int yielded;

        Yielder(ForkJoinPool pool, int yields, Countdown done) {
            this.pool = pool;
            this.yields = yields;
            this.done = done;
        }

        @Override
        public void run() {
            if (yielded == yields) {
                done.end(yielded);
            } else {
                yielded++;
                pool.execute(this);
            }
        }
    }

    @Override
    public void semaphore(int tasks, int acquires, Countdown done) {
        var semaphore = new Semaphore(1);
        var count = new long[1];
        long goal = tasks * (long) acquires;
        for (int i = 0; i < tasks; i++) {
            pool.execute(
                    () -> {
                        long last = 0;
                        for (int k = 0; k < acquires; k++) {
                            acquire(semaphore);
                            last = ++count[0];
                            semaphore.release();
                        }
                        done.end(last == goal ? last : 0);
                    });
        }
    }

    private static void acquire(Semaphore semaphore) {
        if (!semaphore.tryAcquire()) {
            block(new Acquiring(semaphore));
        }
    }

    private record Acquiring(Semaphore semaphore) implements ForkJoinPool.ManagedBlocker {
        @Override
        public boolean block() throws InterruptedException {
            semaphore.acquire();
            return true;
        }

        @Override
        public boolean isReleasable() {
            return false;
        }
    }

    private static void block(ForkJoinPool.ManagedBlocker blocker) {
        try {
            ForkJoinPool.managedBlock(blocker);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while blocking", e);
        }
    }

    @Override
    public void channel(int capacity, int elements, Countdown done) {
        var queue = new ArrayBlockingQueue<Integer>(capacity);
        pool.execute(
                () -> {
                    for (int i = 0; i < elements; i++) {
                        Integer element = i;
                        if (!queue.offer(element)) {
                            block(new Putting(queue, element));
                        }
                    }
                });
        pool.execute(
                () -> {
                    long sum = 0;
                    for (int i = 0; i < elements; i++) {
                        Integer element = queue.poll();
                        if (element == null) {
                            var taking = new Taking(queue);
                            block(taking);
                            element = taking.taken;
                        }
                        sum += element;
                    }
                    done.end(sum);
                });
    }

    private record Putting(ArrayBlockingQueue<Integer> queue, Integer element)
            implements ForkJoinPool.ManagedBlocker {
        @Override
        public boolean block() throws InterruptedException {
            queue.put(element);
            return true;
        }

        @Override
        public boolean isReleasable() {
            return false;
        }
    }

    private static final class Taking implements ForkJoinPool.ManagedBlocker {
        private final ArrayBlockingQueue<Integer> queue;
        private int taken;

        Taking(ArrayBlockingQueue<Integer> queue) {
            this.queue = queue;
        }

        @Override
        public boolean block() throws InterruptedException {
            taken = queue.take();
            return true;
        }

        @Override
        public boolean isReleasable() {
            return false;
        }
    }

    @Override
    public void timers(int batch, int batches, Countdown done) {
        pool.execute(
                () -> {
                    var set = new ScheduledFuture<?>[batch];
                    long cancelled = 0;
                    for (int i = 0; i < batches; i++) {
                        for (int k = 0; k < batch; k++) {
                            set[k] = pool.schedule(() -> {}, 1, TimeUnit.HOURS);
                        }
                        for (int k = 0; k < batch; k++) {
                            cancelled += set[k].cancel(false) ? 1 : 0;
                        }
                    }
                    done.end(cancelled);
                });
    }

    @Override
    public void skynet(int leaves, Countdown done) {
        pool.execute(new Root(leaves, done));
    }

    private static final class Root extends CountedCompleter<Void> {
        private static final long serialVersionUID = 1L;

        private final int leaves;
        private final transient Countdown done;
        private final AtomicLong sum = new AtomicLong();

        Root(int leaves, Countdown done) {
            this.leaves = leaves;
            this.done = done;
        }

        @Override
        public void compute() {
            setPendingCount(1);
            new Node(this, sum, 0, leaves).fork();
            tryComplete();
        }

        @Override
        public void onCompletion(CountedCompleter<?> caller) {
            done.end(sum.get());
        }
    }

    /** A task of the tree; adds to its parent's sum, so that no task ever joins another. */
    private static final class Node extends CountedCompleter<Void> {
        private static final long serialVersionUID = 1L;
        private static final int CHILDREN = 10;

        private final transient AtomicLong parentSum;
        private final long first;
        private final int leaves;
        private final transient AtomicLong sum;

        Node(CountedCompleter<?> parent, AtomicLong parentSum, long first, int leaves) {
            super(parent);
            this.parentSum = parentSum;
            this.first = first;
            this.leaves = leaves;
            this.sum = leaves == 1 ? parentSum : new AtomicLong();
        }

        @Override
        public void compute() {
            if (leaves == 1) {
                parentSum.addAndGet(first);
            } else {
                setPendingCount(CHILDREN);
                int each = leaves / CHILDREN;
                for (int i = 0; i < CHILDREN; i++) {
                    new Node(this, sum, first + (long) i * each, each).fork();
                }
            }
            tryComplete();
        }

        @Override
        public void onCompletion(CountedCompleter<?> caller) {
            if (leaves > 1) {
                parentSum.addAndGet(sum.get());
            }
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
