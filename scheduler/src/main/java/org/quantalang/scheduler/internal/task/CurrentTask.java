package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.Nullable;

/** Which task this thread polls. */
public final class CurrentTask {
    /** Goes before a runner's own: a task that it runs may simulate others. */
    private static final ThreadLocal<@Nullable TaskCell<?>> ELSEWHERE = new ThreadLocal<>();

    private CurrentTask() {}

    /** A thread that polls tasks and keeps the current one in a field: cheaper than a map. */
    public interface Runner {
        /** Returns the task that this thread polls, or null. */
        @Nullable TaskCell<?> currentTask();
    }

    /** Returns the task that this thread polls, or null. */
    public static @Nullable TaskCell<?> get() {
        TaskCell<?> elsewhere = ELSEWHERE.get();
        return elsewhere == null && Thread.currentThread() instanceof Runner runner
                ? runner.currentTask()
                : elsewhere;
    }

    /**
     * This thread begins a poll that is not, or not only, a {@link Runner}'s own.
     *
     * @return what {@link #end} is to be given
     */
    public static @Nullable TaskCell<?> begin(TaskCell<?> task) {
        TaskCell<?> around = ELSEWHERE.get();
        ELSEWHERE.set(task);
        return around;
    }

    /** This thread ends a poll; the one around it goes on, if there is one. */
    public static void end(@Nullable TaskCell<?> around) {
        if (around == null) {
            ELSEWHERE.remove();
        } else {
            ELSEWHERE.set(around);
        }
    }
}
