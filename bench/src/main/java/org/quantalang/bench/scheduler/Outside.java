package org.quantalang.bench.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntConsumer;

/** Threads that are no workers of any peer and are kept from run to run. One caller at a time. */
public final class Outside implements AutoCloseable {
    private final ExecutorService threads =
            Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());

    /** Makes it without a thread. */
    public Outside() {}

    /**
     * Calls an action on each of several threads at once, this one among them, with its number.
     * Returns when all have returned.
     */
    public void run(int count, IntConsumer action) throws InterruptedException {
        var left = new CountDownLatch(count - 1);
        List<Runnable> others = new ArrayList<>();
        for (int i = 1; i < count; i++) {
            int number = i;
            others.add(
                    () -> {
                        action.accept(number);
                        left.countDown();
                    });
        }
        others.forEach(threads::execute);
        action.accept(0);
        left.await();
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
