/**
 * What the waiting primitives share: a short lock ({@link
 * org.quantalang.scheduler.internal.wait.SpinLock}), one operation that waits ({@link
 * org.quantalang.scheduler.internal.wait.Wait}) and its queue in fair order.
 *
 * <p>A primitive checks and registers under its lock, in one step, so that a wake cannot fall
 * between the two. Wakers are called after the lock is released.
 */
@NullMarked
package org.quantalang.scheduler.internal.wait;

import org.jspecify.annotations.NullMarked;
