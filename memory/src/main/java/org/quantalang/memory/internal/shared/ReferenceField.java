package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLongRelease;

/**
 * A reference field that several threads may use at once.
 *
 * <p>Between reading a reference and retaining its object, another thread could overwrite the field
 * and release the object. So a load that retains holds the field meanwhile: bit 0, which no address
 * has. A store waits while it is set, and is one compare-and-set otherwise. The bit is held for one
 * retain: a few nanoseconds, longer only if the thread that holds it loses its processor.
 *
 * <pre>
 *  value -- hold --&gt; value | 1 -- retain, then letGo --&gt; value
 *  value -- swap --&gt; other
 * </pre>
 *
 * <p>Any thread.
 */
public final class ReferenceField {
    private static final long HELD = 1;
    private static final int SPINS = 64;

    private ReferenceField() {}

    /** What is in a field, as a borrowed reference: good as long as nobody overwrites the field. */
    public static long peek(long slot) {
        // Acquire: what the object's maker wrote before it stored the reference.
        return getLongAcquire(slot) & ~HELD;
    }

    /** Holds a field, unless it is null. Returns its value, which cannot go away before letGo. */
    public static long hold(long slot) {
        for (int spins = 0; ; spins = pause(spins)) {
            long value = getLongAcquire(slot);
            if (value == 0) {
                return 0;
            }
            if ((value & HELD) == 0 && compareAndSet(slot, value, value | HELD)) {
                return value;
            }
        }
    }

    /** Lets go of a held field. */
    public static void letGo(long slot, long value) {
        // Release: the retain before it, to the swap after it.
        putLongRelease(slot, value);
    }

    /** Stores; returns what was there. */
    public static long swap(long slot, long value) {
        for (int spins = 0; ; spins = pause(spins)) {
            long before = getLongAcquire(slot);
            // Release: the object and its count, to who loads the reference.
            if ((before & HELD) == 0 && compareAndSet(slot, before, value)) {
                return before;
            }
        }
    }

    /** Stores if the field holds {@code expected}; returns whether it did. */
    public static boolean compareAndSwap(long slot, long expected, long value) {
        for (int spins = 0; ; spins = pause(spins)) {
            long before = getLongAcquire(slot);
            if ((before & ~HELD) != expected) {
                return false;
            }
            if ((before & HELD) == 0 && compareAndSet(slot, before, value)) {
                return true;
            }
        }
    }

    // Nothing relies on the yield: the field's holder goes on by itself, sooner with it.
    @SuppressWarnings("ThreadPriorityCheck")
    private static int pause(int spins) {
        if (spins < SPINS) {
            Thread.onSpinWait();
        } else {
            Thread.yield(); // whoever holds the field may wait for this processor
        }
        return spins + 1;
    }
}
