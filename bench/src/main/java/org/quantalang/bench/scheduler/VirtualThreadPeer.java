package org.quantalang.bench.scheduler;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Virtual threads and the blocking classes of {@code java.util.concurrent}. */
@SuppressWarnings("FutureReturnValueIgnored")
final class VirtualThreadPeer implements TaskPeer {
    private VirtualThreadPeer() {}

    /** The provider. */
    public static final class Provider implements TaskPeer.Provider {
        /** Creates the provider; the service loader does. */
        public Provider() {}

        @Override
        public String name() {
            return "virtual-threads";
        }

        @Override
        public TaskPeer start(int workers) {
            // Read when the first virtual thread starts.
            System.setProperty("jdk.virtualThreadScheduler.parallelism", String.valueOf(workers));
            return new VirtualThreadPeer();
        }
    }

    @Override
    public void spawn(int first, int count, Countdown done) {
        for (int i = first; i < first + count; i++) {
            long value = i;
            Thread.startVirtualThread(() -> done.end(value));
        }
    }

    @Override
    public void spawnLocal(int count, Countdown done) {
        Thread.startVirtualThread(() -> spawn(0, count, done));
    }

    @Override
    public void chained(int links, Countdown done) {
        Thread.startVirtualThread(() -> link(1, links, done));
    }

    private static void link(int number, int links, Countdown done) {
        if (number == links) {
            done.end(links);
        } else {
            Thread.startVirtualThread(() -> link(number + 1, links, done));
        }
    }

    @Override
    public void pingPong(int rounds, Countdown done) {
        Thread.startVirtualThread(
                () -> {
                    for (int i = 0; i < rounds; i++) {
                        Integer number = i;
                        Thread.startVirtualThread(() -> ping(number, done));
                    }
                });
    }

    private static void ping(Integer number, Countdown done) {
        var ping = new CompletableFuture<Integer>();
        var pong = new CompletableFuture<Integer>();
        Thread.startVirtualThread(() -> pong.complete(ping.join()));
        ping.complete(number);
        done.end(pong.join());
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck") // the yield is what is measured
    public void yields(int tasks, int yields, Countdown done) {
        Thread.startVirtualThread(
                () -> {
                    for (int i = 0; i < tasks; i++) {
                        Thread.startVirtualThread(
                                () -> {
                                    int yielded = 0;
                                    while (yielded < yields) {
                                        Thread.yield();
                                        yielded++;
                                    }
                                    done.end(yielded);
                                });
                    }
                });
    }

    @Override
    public void semaphore(int tasks, int acquires, Countdown done) {
        var semaphore = new Semaphore(1);
        var count = new long[1];
        long goal = tasks * (long) acquires;
        for (int i = 0; i < tasks; i++) {
            Thread.startVirtualThread(
                    () -> {
                        long last = 0;
                        for (int k = 0; k < acquires; k++) {
                            semaphore.acquireUninterruptibly();
                            last = ++count[0];
                            semaphore.release();
                        }
                        done.end(last == goal ? last : 0);
                    });
        }
    }

    /** A blocking operation that nobody interrupts. */
    private interface Blocking {
        void run() throws InterruptedException;
    }

    private static void blocking(Blocking operation) {
        try {
            operation.run();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while blocking", e);
        }
    }

    @Override
    public void channel(int capacity, int elements, Countdown done) {
        var queue = new ArrayBlockingQueue<Integer>(capacity);
        Thread.startVirtualThread(
                () ->
                        blocking(
                                () -> {
                                    for (int i = 0; i < elements; i++) {
                                        queue.put(i);
                                    }
                                }));
        Thread.startVirtualThread(
                () ->
                        blocking(
                                () -> {
                                    long sum = 0;
                                    for (int i = 0; i < elements; i++) {
                                        sum += queue.take();
                                    }
                                    done.end(sum);
                                }));
    }

    /** A virtual thread's timer is its sleep: set by starting it, cancelled by an interrupt. */
    @Override
    public void timers(int batch, int batches, Countdown done) {
        Thread.startVirtualThread(
                () ->
                        blocking(
                                () -> {
                                    var cancelled = new long[batch];
                                    for (int i = 0; i < batches; i++) {
                                        setAndCancel(cancelled);
                                    }
                                    long sum = 0;
                                    for (long each : cancelled) {
                                        sum += each;
                                    }
                                    done.end(sum);
                                }));
    }

    private static void setAndCancel(long[] cancelled) throws InterruptedException {
        var set = new Thread[cancelled.length];
        for (int i = 0; i < set.length; i++) {
            int number = i;
            set[i] =
                    Thread.startVirtualThread(
                            () -> {
                                try {
                                    Thread.sleep(TimeUnit.HOURS.toMillis(1));
                                } catch (InterruptedException e) {
                                    cancelled[number]++;
                                }
                            });
        }
        for (Thread each : set) {
            each.interrupt();
        }
        for (Thread each : set) {
            each.join();
        }
    }

    @Override
    public void skynet(int leaves, Countdown done) {
        Thread.startVirtualThread(() -> blocking(() -> done.end(node(0, leaves))));
    }

    private static long node(long first, int leaves) throws InterruptedException {
        if (leaves == 1) {
            return first;
        }
        final int children = 10;
        var threads = new Thread[children];
        var sums = new long[children];
        int each = leaves / children;
        for (int i = 0; i < children; i++) {
            int number = i;
            threads[i] =
                    Thread.startVirtualThread(
                            () ->
                                    blocking(
                                            () ->
                                                    sums[number] =
                                                            node(
                                                                    first + (long) number * each,
                                                                    each)));
        }
        long sum = 0;
        for (int i = 0; i < children; i++) {
            threads[i].join();
            sum += sums[i];
        }
        return sum;
    }

    @Override
    public void close() {
        // The scheduler of virtual threads belongs to the virtual machine.
    }
}
