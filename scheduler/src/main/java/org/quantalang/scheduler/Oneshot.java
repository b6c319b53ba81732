package org.quantalang.scheduler;

import org.jspecify.annotations.Nullable;
import org.quantalang.scheduler.internal.wait.Foreign;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Carries one value from one sender to one receiver, which polls this object. Any thread may send
 * or close; one task at a time receives.
 *
 * @param <T> type of the value
 */
public final class Oneshot<T> implements Pollable<@Nullable T> {
    private static final Object CLOSED = new Object();
    private static final VarHandle VALUE = handle("value", Object.class);
    private static final VarHandle WAKER = handle("waker", Waker.class);

    @SuppressWarnings("UnusedVariable") // reached through VALUE alone
    private volatile @Nullable Object value;

    @SuppressWarnings("UnusedVariable") // reached through WAKER alone
    private volatile @Nullable Waker waker;

    /** Makes one that is empty. */
    public Oneshot() {}

    private static VarHandle handle(String field, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(Oneshot.class, field, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Sends the value.
     *
     * @return false if there is a value already or it was closed; the caller still has the value
     */
    public boolean send(T sent) {
        return settle(java.util.Objects.requireNonNull(sent, "value is null"));
    }

    /**
     * Says that no value will come; the receiver gets null.
     *
     * @return false if there is a value or it was closed before
     */
    public boolean close() {
        return settle(CLOSED);
    }

    private boolean settle(Object settled) {
        // Volatile: the value, then the waker, is the counterpart of the waker, then the value, in
        // poll; whichever side comes second sees the other.
        if (!VALUE.compareAndSet(this, null, settled)) {
            return false;
        }
        Waker whom = (Waker) WAKER.getAndSet(this, null);
        if (whom != null) {
            Foreign.wake(whom);
        }
        return true;
    }

    /** Returns the value, or null if there is none at this moment. */
    @SuppressWarnings({"unchecked", "ReferenceEquality"}) // only send and close write it
    public @Nullable T tryReceive() {
        Object now = VALUE.getAcquire(this);
        return now == CLOSED ? null : (T) now;
    }

    /** Whether a value or the end has come. */
    public boolean isSettled() {
        return VALUE.getAcquire(this) != null;
    }

    /** Is ready with the value, or with null once it was closed without one. */
    @Override
    @SuppressWarnings("NullAway") // null is the value for closed
    public Poll<@Nullable T> poll(Context context) {
        if (!context.mayGoOn()) {
            return Poll.pending();
        }
        if (VALUE.getAcquire(this) == null) {
            WAKER.setVolatile(this, context.waker());
            if (VALUE.getVolatile(this) == null) {
                return Poll.pending();
            }
            WAKER.setVolatile(this, null);
        }
        return Poll.ready(tryReceive());
    }

    @Override
    public void cancelled() {
        WAKER.setVolatile(this, null);
    }
}
