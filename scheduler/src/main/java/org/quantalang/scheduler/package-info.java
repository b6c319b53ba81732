/**
 * Pollable tasks on work-stealing worker threads.
 *
 * <p>A {@link org.quantalang.scheduler.Pollable} is asked to go on until it yields a value. When it
 * cannot go on it keeps the {@link org.quantalang.scheduler.Waker} of its context with whoever will
 * make it ready, and says pending; the waker brings it back. Tasks never block a worker.
 *
 * <p>Everything here may be called by any thread unless a method says otherwise. The queues follow
 * the Go scheduler's run queue and Tokio's LIFO slot; the park protocol is described in {@code
 * docs/design}.
 */
@NullMarked
package org.quantalang.scheduler;

import org.jspecify.annotations.NullMarked;
