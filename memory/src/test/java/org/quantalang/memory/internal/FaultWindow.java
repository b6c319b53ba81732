package org.quantalang.memory.internal;

/** Stands between the two halves of a fault in a twin, so that a busy machine shows it too. */
public final class FaultWindow {
    private static final int SPINS = 20; // about a microsecond

    private FaultWindow() {}

    /** Takes a while. */
    public static void open() {
        for (int i = 0; i < SPINS; i++) {
            Thread.onSpinWait();
        }
    }
}
