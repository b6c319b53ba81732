package org.quantalang.scheduler.internal.queue;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.internal.task.TaskCell;
import org.quantalang.scheduler.internal.task.TaskQueue;

/** Tasks that only lie in queues. */
final class QueuedTask {
    private static final TaskQueue NOWHERE =
            new TaskQueue() {
                @Override
                public void enqueue(TaskCell<?> task) {
                    throw new AssertionError("nothing wakes these tasks");
                }

                @Override
                public void requeue(TaskCell<?> task) {
                    throw new AssertionError("nothing runs these tasks");
                }

                @Override
                public Timers timers() {
                    throw new AssertionError("nothing runs these tasks");
                }

                @Override
                public void ended(TaskCell<?> task) {
                    throw new AssertionError("nothing runs these tasks");
                }

                @Override
                public @Nullable String whyNotBlock(long taskId) {
                    return null;
                }
            };

    private QueuedTask() {}

    static TaskCell<String> task(long id) {
        return new TaskCell<>(id, _ -> Poll.ready("never run"), NOWHERE);
    }
}
