package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.handle.HandleState;
import org.quantalang.memory.internal.handle.HeapLife;
import org.quantalang.memory.internal.handle.HeapLife.OpenView;
import org.quantalang.memory.internal.handle.JavaObjects;

/** What handles, views and Java objects held off heap need of a heap beyond the address tier. */
abstract sealed class HandleTier extends PayloadAccess permits ConfinedObjects, SharedObjects {
    private final HeapLife life = new HeapLife();
    private final JavaObjects javaObjects = new JavaObjects();

    /** The heap behind the interface. */
    static HandleTier of(Heap heap) {
        return (HandleTier) heap; // sealed: there is no other
    }

    abstract HeapConfig config();

    /**
     * Whether the caller may use a handle that belongs to {@code user}, and the heap is open; if
     * not, {@link #refuse} says why.
     */
    abstract boolean usable(@Nullable Thread user);

    /** Throws what {@link #usable} found, if it found anything. */
    abstract void refuse(@Nullable Thread user, Object handle);

    /** Whether handles may change their thread. */
    abstract boolean anyThread();

    /** Whether the caller may release what views have let go of. */
    abstract boolean mayRelease();

    /** Refuses an object that is not of this type, as only the address tier can make it happen. */
    abstract void checkType(long object, TypeInfo expected);

    /**
     * Reads a reference field.
     *
     * @return what it refers to, of that type, with a strong reference that the caller owns; or 0
     */
    abstract long loadTyped(long object, long offset, TypeInfo expected);

    /** The Java object that a field holds, or null. */
    abstract @Nullable Object javaObject(long object, long offset);

    /** Lets a field hold a Java object, or none. */
    abstract void javaObject(long object, long offset, @Nullable Object value);

    /** Refuses as {@link #refuse} does; returns whether the heap has closed instead. */
    final boolean endedOrRefuse(@Nullable Thread user, Object handle) {
        if (life.ended()) {
            return true;
        }
        try {
            refuse(user, handle);
            return false;
        } catch (IllegalStateException refused) {
            if (life.ended()) {
                return true; // just now
            }
            throw refused;
        }
    }

    final void checkTypeOrRelease(long owned, TypeInfo expected) {
        try {
            checkType(owned, expected);
        } catch (IllegalArgumentException otherType) {
            release(owned);
            throw otherType;
        }
    }

    static IllegalArgumentException otherType(long object, String actual, TypeInfo expected) {
        return new IllegalArgumentException(
                "object is of another type: address=0x%x type=%s wanted=%s"
                        .formatted(object, actual, expected));
    }

    final HeapLife life() {
        return life;
    }

    final JavaObjects javaObjects() {
        return javaObjects;
    }

    final HandleState newHandleState(String what, boolean strong) {
        if (life.hasLetGo()) {
            refuse(Thread.currentThread(), what); // before anything is taken off the queue
            releaseLetGo();
        }
        return new HandleState(what, config().name(), config().notices(), life, strong);
    }

    /** A view's arena closed, on whatever thread. */
    final void viewClosed(OpenView view) {
        life.viewClosed(view);
        if (mayRelease()) {
            releaseLetGo();
        }
    }

    /** Releases what views have let go of on threads that are none of the heap's. */
    final void releaseLetGo() {
        life.takeLetGo(this::release);
    }

    /** Refuses to close a heap that views lead into. */
    final void checkViews() {
        releaseLetGo();
        if (life.openViews() > 0) {
            throw new IllegalStateException(
                    "heap has open views: name=%s views=%d; close their arenas first%s"
                            .formatted(config().name(), life.openViews(), life.namesOfViews()));
        }
    }
}
