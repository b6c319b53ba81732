package org.quantalang.scheduler;

/** Says to whoever joins a task that it ended by an exception, which is the cause. */
public final class TaskFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param taskId the task
     * @param cause what it threw
     */
    public TaskFailedException(long taskId, Throwable cause) {
        super("task failed: id=%d cause=%s".formatted(taskId, describe(cause)), cause);
    }

    /** The cause is the user's own, and so is what it says of itself. */
    private static String describe(Throwable cause) {
        try {
            return String.valueOf(cause);
        } catch (Throwable failure) { // an Error too: this must not take its place
            return cause.getClass().getName();
        }
    }
}
