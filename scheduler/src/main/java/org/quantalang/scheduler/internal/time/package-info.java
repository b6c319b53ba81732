/**
 * Timers: the hierarchical {@link org.quantalang.scheduler.internal.time.Wheel}, which is not
 * thread-safe, and the {@link org.quantalang.scheduler.internal.time.TimerThread} that turns one
 * for an executor.
 */
@NullMarked
package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.NullMarked;
