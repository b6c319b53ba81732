package org.quantalang.scheduler;

import org.quantalang.scheduler.internal.wait.Foreign;

/**
 * Hears of failures that nobody can ask for any more: what a command of {@link
 * TaskExecutor#asExecutor} threw, at once and on the worker; and what a task threw whose handle was
 * dropped before anybody joined or polled it or made a future of it, once the garbage collector has
 * found that, on a thread of its own. When that is, and whether it is before the program ends, is
 * up to the collector: who must not miss a failure asks the handle.
 */
@FunctionalInterface
public interface FailureHandler {
    /**
     * Gives a failure to the calling thread's uncaught exception handler, as a thread that ends by
     * an exception does: unless the program has set one, a stack trace on standard error.
     */
    FailureHandler UNCAUGHT = (_, failure) -> Foreign.report(failure);

    /**
     * Hears of a failure. Any thread, several at once; must not block. What this throws goes to the
     * thread's uncaught exception handler.
     *
     * @param taskId number of the task that failed
     * @param failure what it threw
     */
    void failed(long taskId, Throwable failure);
}
