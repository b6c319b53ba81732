/**
 * The worker threads: how they find tasks, and how they sleep and are woken without losing a task.
 * {@link org.quantalang.scheduler.internal.worker.IdleSet} owns the control word of that protocol.
 */
@NullMarked
package org.quantalang.scheduler.internal.worker;

import org.jspecify.annotations.NullMarked;
