package org.quantalang.scheduler;

/** Where a task stands. */
public enum TaskState {
    /** Queued: a worker will poll it. */
    READY,
    /** Being polled, or about to end: gives back what it held. */
    RUNNING,
    /** Pending: waits for its waker. */
    WAITING,
    /** Ended with a value. */
    COMPLETED,
    /** Ended by cancellation. */
    CANCELLED,
    /** Ended by an exception. */
    PANICKED
}
