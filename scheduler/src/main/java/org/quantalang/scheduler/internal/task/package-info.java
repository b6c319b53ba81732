/**
 * A task: one object with one state word. {@link org.quantalang.scheduler.internal.task.TaskWord}
 * owns the word's bits and every transition; {@link
 * org.quantalang.scheduler.internal.task.TaskCell} is the task, its waker, its context and its join
 * handle in one.
 *
 * <p>Any thread may wake, cancel and join; only the worker that has moved a task to running polls
 * it.
 */
@NullMarked
package org.quantalang.scheduler.internal.task;

import org.jspecify.annotations.NullMarked;
