package org.quantalang.scheduler.internal.worker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Whether one worker sleeps, so that a notification that comes before the sleep is not lost.
 *
 * <pre>
 *  EMPTY    --tryPark------> PARKED (the owner sleeps while it stays so)
 *  EMPTY    --notifyOwner--> NOTIFIED; tryPark then fails
 *  PARKED   --notifyOwner--> NOTIFIED (the notifier unparks the owner)
 *  NOTIFIED --clear--------> EMPTY
 * </pre>
 *
 * <p>The owner parks and clears; any thread notifies, once for each time that it was chosen to.
 */
final class ParkWord {
    private static final int EMPTY = 0;
    private static final int PARKED = 1;
    private static final int NOTIFIED = 2;

    private static final VarHandle WORD;

    @SuppressWarnings("UnusedVariable") // reached through WORD alone
    private volatile int word = EMPTY;

    static {
        try {
            WORD =
                    MethodHandles.lookup()
                            .findVarHandle(ParkWord.class, "word", int.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    ParkWord() {}

    /** Owner: returns whether to sleep; if not, a notification came first. */
    boolean tryPark() {
        // Volatile: pairs with the exchange in notifyOwner; one of the two sees the other.
        return WORD.compareAndSet(this, EMPTY, PARKED);
    }

    /** Owner: whether the notification is still to come. */
    boolean isParked() {
        // Acquire: pairs with the exchange in notifyOwner; sees what the notifier wrote before it.
        return (int) WORD.getAcquire(this) == PARKED;
    }

    /** Owner, after the notification: the next sleep waits for another. */
    void clear() {
        // Volatile: comes before the owner's next look at whether it is to stop; a later
        // notification
        // is not overwritten.
        WORD.setVolatile(this, EMPTY);
    }

    /** Any thread: returns whether the caller must unpark the owner. */
    boolean notifyOwner() {
        return (int) WORD.getAndSet(this, NOTIFIED) == PARKED;
    }
}
