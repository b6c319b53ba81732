package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.Site;
import org.quantalang.memory.internal.handle.HandleState;
import org.quantalang.memory.internal.handle.HeapLife.OpenView;
import org.quantalang.memory.internal.handle.Views;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.util.Objects;

/**
 * A handle: holds one strong reference to an object, or nothing, until it is closed or pointed
 * elsewhere. What is wrong is an exception here, never damage: a closed or empty handle, another
 * type, another heap, another thread, an index out of bounds, a heap that is closed.
 *
 * <p>A handle is made once and may be pointed at one object after the other ({@link #set}, {@link
 * #move}, {@link RefField#get(Ref, Ref)}): that makes no garbage. Making one takes much longer,
 * since a handle that is forgotten is reported, with the place where it was made as far as that was
 * taken down. Its object is then not freed: the report is of an error, not a second way to free.
 *
 * <p>A handle belongs to one thread: that of its confined heap; on a shared heap the one that made
 * it, until {@link #handOff} there and {@link #takeOver} elsewhere. {@link #toString} is for any. A
 * second close does nothing.
 *
 * @param <T> Java name of the object's type
 */
public final class Ref<T> implements AutoCloseable {
    private static final VarHandle USER;

    static {
        try {
            USER =
                    MethodHandles.lookup()
                            .findVarHandle(Ref.class, "user", Thread.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    final HandleTier heap;
    private final RefType<T> type;
    private final TypeInfo info;
    private final HandleState state;
    private final Cleaner.Cleanable cleanable;
    private long address;
    private boolean closed;

    /** The thread that may use it; null between handOff and takeOver. */
    private @Nullable Thread user = Thread.currentThread();

    Ref(HandleTier heap, RefType<T> type) {
        this.heap = heap;
        this.type = type;
        this.info = type.info();
        heap.checkCaller();
        state = heap.newHandleState("type=" + info.name(), true);
        cleanable = ConfinedHeap.CLEANER.register(this, state);
    }

    /** {@return its heap} */
    public Heap heap() {
        return heap;
    }

    /** {@return type of the objects that it can hold} */
    public RefType<T> type() {
        return type;
    }

    /** {@return whether it holds nothing} */
    public boolean isEmpty() {
        checkOpen();
        return address == 0;
    }

    /**
     * {@return the object for the address tier, borrowed while this handle holds it; 0 if empty}
     */
    public long address() {
        checkOpen();
        return address;
    }

    /**
     * Whether both hold the same object, or both nothing.
     *
     * @param other another handle
     * @return whether it is so
     */
    public boolean sameAs(Ref<?> other) {
        return address() == other.address();
    }

    /** {@return number of elements of the array that it holds} */
    public long length() {
        if (!info.isArray()) {
            throw new IllegalArgumentException("handle's object is no array: type=" + info);
        }
        return heap.length(object());
    }

    /** {@return strong references to its object, this handle's included} */
    public long strongCount() {
        return heap.strongCount(object());
    }

    // ---- whose it is

    /**
     * The calling thread has done with the handle; what it holds stays held. The next thread that
     * calls {@link #takeOver} sees all that was written before. Shared heaps only.
     *
     * @throws IllegalStateException if the handle is of a confined heap, whose objects stay with
     *     its thread
     */
    public void handOff() {
        checkOpen();
        checkAnyThread();
        // Release: the address, and what the object holds, to the thread in takeOver.
        USER.setRelease(this, (Thread) null);
    }

    /**
     * The calling thread may use the handle from here on, if no other took it over before.
     *
     * @throws IllegalStateException if it was not handed off, or is taken over already
     */
    public void takeOver() {
        checkAnyThread();
        if (!USER.compareAndSet(this, (Thread) null, Thread.currentThread())) {
            throw new IllegalStateException(
                    "handle was not handed off, or another thread was first: handle=%s caller=%s"
                            .formatted(this, Thread.currentThread().getName()));
        }
    }

    private void checkAnyThread() {
        if (!heap.anyThread()) {
            throw new IllegalStateException(
                    "handles of a confined heap stay with its thread: handle=%s".formatted(this));
        }
    }

    // ---- what it holds

    /** Allocates an object with a zeroed payload and holds it instead. */
    public void allocate() {
        checkOpen();
        hold(heap.allocate(info));
    }

    /**
     * Allocates an array with zeroed elements and holds it instead.
     *
     * @param length number of elements
     */
    public void allocateArray(long length) {
        checkOpen();
        hold(heap.allocateArray(info, length));
    }

    void adopt(long owned) {
        checkOpen();
        if (owned != 0) {
            heap.checkType(owned, info);
        }
        hold(owned);
    }

    /**
     * Holds what {@code other} holds instead.
     *
     * @param other a handle, which keeps its own reference
     * @throws IllegalArgumentException if it is for objects of another type, whatever its Java name
     */
    public void set(Ref<? extends T> other) {
        checkOpen();
        other.checkFor(info);
        long object = other.beside(this);
        if (object != 0) {
            heap.retain(object);
        }
        hold(object);
    }

    /**
     * Takes over what {@code other} holds; that is empty afterwards.
     *
     * @param other a handle
     * @throws IllegalArgumentException if it is for objects of another type, whatever its Java name
     */
    public void move(Ref<? extends T> other) {
        checkOpen();
        other.checkFor(info);
        long object = other.beside(this);
        if (other != this) {
            other.forget();
            hold(object);
        }
    }

    /** Lets go of what it holds; stays open. */
    public void clear() {
        if (address == 0 || !heap.usable(user)) { // a closed handle holds nothing
            checkOpen();
        }
        hold(0);
    }

    /**
     * Another handle for the same object.
     *
     * @return the handle; close it
     */
    public Ref<T> copy() {
        Ref<T> copy = new Ref<>(heap, type);
        copy.set(this);
        return copy;
    }

    /**
     * A weak handle for its object.
     *
     * @return the handle; close it
     */
    public WeakRef<T> weak() {
        return new WeakRef<>(heap, type, object());
    }

    /**
     * The payload as a segment, which may be given to C. It lives as long as {@code arena}, and
     * holds a reference of its own so long, whatever becomes of this handle. The heap cannot be
     * closed before: with the global arena, never.
     *
     * @param arena whose lifetime the view gets; may belong to another thread
     * @return the payload; of an array, its elements
     */
    public MemorySegment view(Arena arena) {
        long object = object();
        boolean array = info.elementKind() != null;
        long start = array ? object + TypeInfo.ARRAY_ELEMENTS : object;
        long bytes = array ? heap.length(object) * elementBytes() : info.size();
        heap.retain(object);
        OpenView view = heap.life().viewOpened(info.name(), object);
        try {
            return Views.open(start, bytes, arena, () -> heap.viewClosed(view));
        } catch (Throwable refused) {
            heap.viewClosed(view);
            throw refused;
        }
    }

    private int elementBytes() {
        FieldKind kind = info.elementKind();
        return kind == null ? 0 : kind.bytes();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (heap.endedOrRefuse(user, this)) {
            address = 0; // gone with its heap
            state.address = 0;
        }
        if (address != 0) {
            hold(0);
        }
        closed = true;
        if (CheckedLevel.ALL) {
            state.closedAt = Site.here();
        }
        cleanable.clean();
    }

    // ---- for fields

    /** The object, for a field of {@code holder}; everything that can be wrong is found here. */
    long at(TypeInfo holder) {
        long object = address;
        if (object == 0 || info != holder || !heap.usable(user)) {
            throw refused(holder);
        }
        return object;
    }

    private long object() {
        return at(info);
    }

    /**
     * Refuses a handle for objects of another type: the compiler knows Java names, of which one may
     * extend another, or stand for two types.
     */
    void checkFor(TypeInfo wanted) {
        if (info != wanted) {
            throw new IllegalArgumentException(
                    "handle is for another type: handle=%s wanted=%s".formatted(this, wanted));
        }
    }

    /** What it holds, to be stored in an object of {@code into}; 0 if empty. */
    long ofHeap(HandleTier into, TypeInfo wanted) {
        checkFor(wanted);
        return ofHeap(into);
    }

    /** The same of any type. */
    long ofHeap(HandleTier into) {
        checkOpen();
        if (heap != into) {
            throw new IllegalArgumentException(
                    "handle is of another heap: handle=%s heap=%s".formatted(this, into));
        }
        return address;
    }

    /**
     * The same for what another handle, which was looked at, may hold as well. A closed one holds
     * nothing.
     */
    private long beside(Ref<?> checked) {
        return address == 0 || heap != checked.heap || !Objects.equals(user, checked.user)
                ? ofHeap(checked.heap)
                : address;
    }

    /** Holds {@code owned}, a reference to an object of its type, instead of what it holds. */
    void hold(long owned) {
        long old = address;
        address = owned;
        state.address = owned;
        if (old != 0) {
            heap.release(old);
        }
    }

    /** Holds nothing any more; whoever calls took its reference over. */
    void forget() {
        address = 0;
        state.address = 0;
    }

    void checkOpen() {
        if (closed || !heap.usable(user)) {
            throw refused(info);
        }
    }

    private RuntimeException refused(TypeInfo holder) {
        if (closed) {
            return closedHandle("type=" + info, state.closedAt);
        }
        heap.refuse(user, this);
        if (address == 0) {
            return new IllegalStateException(
                    "handle is empty: type=%s; point it at an object first".formatted(info));
        }
        return new IllegalArgumentException(
                "handle is of another type: handle=%s type of the field=%s"
                        .formatted(this, holder));
    }

    static IllegalStateException closedHandle(String what, @Nullable Site closedAt) {
        return new IllegalStateException(
                "handle is closed: %s; use it before its close, or copy() it".formatted(what),
                closedAt == null ? null : closedAt.asCause("it was closed here"));
    }

    @Override
    public String toString() {
        return "Ref[type=%s address=0x%x%s]".formatted(info, address, closed ? " closed" : "");
    }
}
