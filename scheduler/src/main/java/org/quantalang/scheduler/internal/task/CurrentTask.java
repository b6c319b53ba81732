package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;

/** Which task this thread polls. */
public final class CurrentTask {
    private static final ThreadLocal<@Nullable TaskCell<?>> ELSEWHERE = new ThreadLocal<>();

    private CurrentTask() {}

    /** A thread that polls tasks and keeps the current one in a field: cheaper than a map. */
    public interface Runner {
        /** Returns the task that this thread polls, or null. */
        @Nullable TaskCell<?> currentTask();
    }

    /** Returns the task that this thread polls, or null. */
    public static @Nullable TaskCell<?> get() {
        return Thread.currentThread() instanceof Runner runner
                ? runner.currentTask()
                : ELSEWHERE.get();
    }

    /** A thread that is no {@link Runner} begins a poll, or ends one with null. */
    public static void set(@Nullable TaskCell<?> task) {
        if (task == null) {
            ELSEWHERE.remove();
        } else {
            ELSEWHERE.set(task);
        }
    }
}
