package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.Waker;

import java.util.Objects;

/** One timer, a node in a slot of a {@link Wheel}; belongs to whoever guards the wheel. */
public class WheelTimer {
    static final int NOWHERE = -1;

    final Waker waker;
    long tick;
    int slot = NOWHERE;
    @Nullable WheelTimer previous;
    @Nullable WheelTimer next;

    /** Makes a timer that is in no wheel. */
    public WheelTimer(Waker waker) {
        this.waker = Objects.requireNonNull(waker, "waker is null");
    }

    /** Returns whom to wake. */
    public final Waker waker() {
        return waker;
    }

    /** After {@link Wheel#advance}: takes the next of the timers that fired. */
    public final @Nullable WheelTimer takeNext() {
        WheelTimer following = next;
        next = null;
        return following;
    }
}
