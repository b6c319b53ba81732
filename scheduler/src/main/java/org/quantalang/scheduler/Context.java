package org.quantalang.scheduler;

/** What a pollable is given for one poll; not to be kept beyond it. */
public interface Context {
    /** Returns the waker of the task that is polled; it may be kept. */
    Waker waker();
}
