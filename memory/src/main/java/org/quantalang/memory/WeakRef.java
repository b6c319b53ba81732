package org.quantalang.memory;

import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.handle.HandleState;

import java.lang.ref.Cleaner;
import java.util.Optional;

/**
 * A weak handle: knows an object without keeping it alive. Closing and forgetting it are as with
 * {@link Ref}.
 *
 * <p>Only the thread that made it. A second close does nothing.
 *
 * @param <T> Java name of the object's type
 */
public final class WeakRef<T> implements AutoCloseable {
    private final HandleTier heap;
    private final Thread user = Thread.currentThread();
    private final RefType<T> type;
    private final HandleState state;
    private final Cleaner.Cleanable cleanable;
    private boolean closed;

    WeakRef(HandleTier heap, RefType<T> type, long object) {
        this.heap = heap;
        this.type = type;
        heap.weakRetain(object);
        state = heap.newHandleState("weak type=" + type.info().name(), false);
        state.address = object;
        cleanable = ConfinedHeap.CLEANER.register(this, state);
    }

    /**
     * A handle that keeps the object alive.
     *
     * @return the handle, to be closed; empty if the object is dead
     */
    public Optional<Ref<T>> upgrade() {
        Ref<T> ref = type.empty(heap);
        if (upgrade(ref)) {
            return Optional.of(ref);
        }
        ref.close();
        return Optional.empty();
    }

    /**
     * Lets a handle hold the object, if it lives.
     *
     * @param into the handle; empty afterwards if the object is dead
     * @return whether the object lives
     */
    public boolean upgrade(Ref<T> into) {
        checkOpen();
        into.ofHeap(heap, type.info());
        long object = heap.upgrade(state.address);
        into.hold(object);
        return object != 0;
    }

    /** {@return type of the object} */
    public RefType<T> type() {
        return type;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (!heap.endedOrRefuse(user, this)) {
            heap.weakRelease(state.address);
        }
        closed = true;
        state.address = 0;
        if (CheckedLevel.ALL) {
            state.closedAt = Site.here();
        }
        cleanable.clean();
    }

    private void checkOpen() {
        if (closed) {
            throw Ref.closedHandle("weak type=" + type, state.closedAt);
        }
        heap.refuse(user, this);
    }

    @Override
    public String toString() {
        return "WeakRef[type=%s address=0x%x%s]"
                .formatted(type, state.address, closed ? " closed" : "");
    }
}
