package org.quantalang.scheduler;

/**
 * Surrounds the moments in which a worker runs no task: while it sleeps, and for an instant every
 * 200 microseconds or so while it has work. Whatever else must know that the worker's thread stands
 * still learns it here; a shared heap, whose pauses wait for the threads that use it, by {@code
 * config.withRest(heap::quietly)}.
 */
@FunctionalInterface
public interface WorkerRest {
    /** Just rests. */
    WorkerRest NONE = Runnable::run;

    /**
     * Runs {@code rest}, once, with what there is to do before and after it. On the worker's
     * thread, which takes no task until this returns; tasks that are spawned in it go to other
     * workers or wait for that. If it throws, that goes to the thread's uncaught exception handler,
     * and the worker rests without it from then on.
     *
     * @param rest returns when the worker goes on
     */
    void during(Runnable rest);
}
