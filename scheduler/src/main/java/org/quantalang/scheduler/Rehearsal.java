package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Before the first executor starts, takes tasks from their spawn to each end, on an executor of its
 * own. At the first use of a step the virtual machine makes what it needs for it, call sites of
 * variable handles above all: were the Java heap full by then, the step would fail amid a task's
 * end, its waiters would never hear of it, and {@code close} would wait for ever.
 */
final class Rehearsal {
    private static final AtomicBoolean DONE = new AtomicBoolean();

    private Rehearsal() {}

    /** Does it, unless it was done; another thread that comes meanwhile does not wait. */
    static void once() {
        if (DONE.getAndSet(true)) {
            return;
        }
        boolean complete = false;
        try (TaskExecutor executor =
                TaskExecutor.start(
                        ExecutorConfig.defaults().withName("quanta-rehearsal").withWorkers(1))) {
            JoinHandle<Boolean> steps = executor.spawn(new Steps(executor));
            steps.onEnd(steps::cancel); // the child, if they fail
            complete = true;
        } finally {
            DONE.set(complete);
        }
    }

    /**
     * Spawns many, has a command fail, yields, waits for this and that, cancels a child; alone on
     * its worker.
     */
    private static final class Steps implements Pollable<Boolean> {
        /** More polls than a worker makes before it looks outside. */
        private static final int YIELDS = 128;

        /** More than a worker's ring and a queue of the injector hold together. */
        private static final int CROWD = 1_024;

        private final TaskExecutor executor;
        private int polls;
        private @Nullable JoinHandle<Boolean> child;

        Steps(TaskExecutor executor) {
            this.executor = executor;
        }

        @Override
        public Poll<Boolean> poll(Context context) throws Exception {
            polls++;
            if (polls == 1) {
                failUnheard();
                for (int i = 0; i < CROWD; i++) {
                    JoinHandle<Boolean> _ = executor.spawn(_ -> Poll.ready(true));
                }
                waitForNoTask(context);
            }
            if (polls <= YIELDS) {
                context.waker().wake();
                return Poll.pending();
            }
            JoinHandle<Boolean> waited = child;
            if (waited == null) {
                waited =
                        executor.spawnChild(
                                Objects.requireNonNull(Task.current()), _ -> Poll.pending());
                child = waited;
                context.waker().wake();
                return Poll.pending();
            }
            if (!waited.isFinished() && waited.poll(context).isPending()) {
                waited.cancel();
                return Poll.pending();
            }
            return Poll.ready(true);
        }

        private void failUnheard() {
            Thread.currentThread().setUncaughtExceptionHandler((_, _) -> {});
            executor.asExecutor()
                    .execute(
                            () -> {
                                throw new IllegalStateException("a rehearsal");
                            });
        }

        /** Each is pending first, then woken and ready. */
        private static void waitForNoTask(Context context) throws Exception {
            var oneshot = new Oneshot<Boolean>();
            var channel = new Channel<Boolean>(1);
            Pollable<@Nullable Boolean> receive = channel.receive();
            var semaphore = new Semaphore(1);
            Pollable<Boolean> acquire = semaphore.acquire();
            boolean taken = semaphore.tryAcquire();
            for (int round = 0; round < 2; round++) {
                Poll<@Nullable Boolean> value = oneshot.poll(context);
                Poll<@Nullable Boolean> element = receive.poll(context);
                Poll<Boolean> permit = acquire.poll(context);
                if (taken && value.isPending() && element.isPending() && permit.isPending()) {
                    oneshot.send(true);
                    channel.trySend(true);
                    semaphore.release();
                }
            }
        }
    }
}
