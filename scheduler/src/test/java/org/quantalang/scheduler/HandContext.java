package org.quantalang.scheduler;

/** Polls by hand, and counts the wakes that this brings. */
final class HandContext implements Context, Waker {
    int woken;

    @Override
    public Waker waker() {
        return this;
    }

    @Override
    public Timers timers() {
        throw new AssertionError("nothing here needs a clock");
    }

    @Override
    public void wake() {
        woken++;
    }
}
