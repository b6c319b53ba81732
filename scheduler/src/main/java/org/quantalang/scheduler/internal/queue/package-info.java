/**
 * Where ready tasks wait: each worker's ring ({@link
 * org.quantalang.scheduler.internal.queue.RunQueue}) and the queue for tasks from outside ({@link
 * org.quantalang.scheduler.internal.queue.Injector}).
 */
@NullMarked
package org.quantalang.scheduler.internal.queue;

import org.jspecify.annotations.NullMarked;
