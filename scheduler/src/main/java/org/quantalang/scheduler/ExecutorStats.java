package org.quantalang.scheduler;

/**
 * What an executor has done so far; the numbers are read beside the running workers, so that they
 * may be slightly apart.
 *
 * @param spawned tasks accepted
 * @param finished tasks ended
 * @param polls polls of tasks
 * @param stolen tasks taken from another worker's queue
 * @param parks times a worker went to sleep
 * @param queued tasks in the queues at this moment
 * @param sleeping workers that sleep at this moment
 */
public record ExecutorStats(
        long spawned,
        long finished,
        long polls,
        long stolen,
        long parks,
        long queued,
        int sleeping) {}
