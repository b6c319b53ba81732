package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.FailureHandler;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.lang.ref.Cleaner;

/**
 * What a task threw, as long as nobody has asked for it: once the task, which is its own handle, is
 * garbage, the handler is told. Costs what fails, and nothing else. As Python's asyncio does ("Task
 * exception was never retrieved"). Any thread.
 */
public final class UnaskedFailure {
    // Made by the first failure. No constant of a class of its own: were there no memory or thread
    // for it, that class could never be used again.
    private static @Nullable Cleaner cleaner;

    private final Report report;
    private final Cleaner.Cleanable watch;

    private UnaskedFailure(Report report, Cleaner.Cleanable watch) {
        this.report = report;
        this.watch = watch;
    }

    /** What the cleaner runs; knows nothing of the task itself, which would keep that. */
    private static final class Report implements Runnable {
        private final long taskId;
        private final Throwable failure;
        private final FailureHandler handler;
        private volatile boolean asked;

        Report(long taskId, Throwable failure, FailureHandler handler) {
            this.taskId = taskId;
            this.failure = failure;
            this.handler = handler;
        }

        @Override
        public void run() {
            if (!asked) {
                tell(handler, taskId, failure);
            }
        }
    }

    /** Watches a task that is about to end by a failure. */
    public static UnaskedFailure of(TaskCell<?> task, Throwable failure, FailureHandler handler) {
        var report = new Report(task.id(), failure, handler);
        return new UnaskedFailure(report, cleaner().register(task, report));
    }

    private static synchronized Cleaner cleaner() {
        Cleaner made = cleaner;
        if (made == null) {
            made =
                    Cleaner.create(
                            Thread.ofPlatform()
                                    .daemon()
                                    .name("quanta-unasked-failures")
                                    .inheritInheritableThreadLocals(false)
                                    .factory());
            cleaner = made;
        }
        return made;
    }

    /** Tells the handler, which is not ours. */
    public static void tell(FailureHandler handler, long taskId, Throwable failure) {
        Foreign.run(() -> handler.failed(taskId, failure));
    }

    /** The failure, now that somebody asks. The caller keeps the task reachable. */
    Throwable ask() {
        report.asked = true;
        watch.clean();
        return report.failure;
    }
}
