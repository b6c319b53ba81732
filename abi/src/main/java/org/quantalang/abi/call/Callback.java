package org.quantalang.abi.call;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.CFunctionSignature;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.function.Consumer;

/**
 * A Java function that C can call through a function pointer.
 *
 * <p>An exception never reaches C, where it would end the process. It is caught, the callback
 * returns zero (a null pointer, a zeroed record), and:
 *
 * <ul>
 *   <li>with a handler, the handler gets it, and later calls run as usual;
 *   <li>without one it is kept, and every later call returns zero without running Java, until
 *       {@link #rethrow} throws it in the thread that made the downcall. {@link #guard} makes a
 *       downcall do that by itself.
 * </ul>
 *
 * <pre>{@code
 * // void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
 * try (Arena arena = Arena.ofConfined()) {
 *     Callback compare = Callback.create(arena, COMPARE, comparator);
 *     compare.guard(QSORT).invokeExact(base, count, size, compare.pointer());
 * }
 * }</pre>
 *
 * <p>One exception cannot be caught: callbacks that nest until the thread's stack ends, such as a
 * comparator that calls {@code qsort} with its own pointer, overflow it where no Java code is left
 * to catch, and the virtual machine ends. Bound the depth of such a recursion.
 *
 * <p>C may call it from any thread. After the arena is closed the pointer is dangling: a call
 * through it crashes the process.
 */
public final class Callback {
    private static final MethodHandle CAUGHT;
    private static final MethodHandle HAS_FAILED;
    private static final MethodHandle AFTER;
    private static final MethodHandle POINTER;
    private static final MethodHandle RECORD;

    static {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        try {
            CAUGHT =
                    lookup.findVirtual(
                            Callback.class,
                            "caught",
                            MethodType.methodType(void.class, Throwable.class));
            HAS_FAILED =
                    lookup.findVirtual(
                            Callback.class, "hasFailed", MethodType.methodType(boolean.class));
            AFTER =
                    lookup.findVirtual(
                            Callback.class, "rethrow", MethodType.methodType(void.class));
            POINTER =
                    lookup.findStatic(
                            Callback.class,
                            "pointerForC",
                            MethodType.methodType(MemorySegment.class, MemorySegment.class));
            RECORD =
                    lookup.findStatic(
                            Callback.class,
                            "recordForC",
                            MethodType.methodType(
                                    MemorySegment.class, MemoryLayout.class, MemorySegment.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final @Nullable Consumer<Throwable> handler;
    private final MemorySegment pointer;

    // Volatile: C may call back on another thread than the one that asks afterwards.
    private volatile @Nullable Throwable failure;

    @SuppressWarnings("restricted") // the wrapped target cannot throw, and C was promised its type
    private Callback(
            Arena arena,
            CFunctionSignature signature,
            MethodHandle target,
            @Nullable Consumer<Throwable> handler) {
        this.handler = handler;
        FunctionDescriptor descriptor = LinkLayout.descriptor(signature, List.of());
        MethodType type = descriptor.toMethodType();
        if (!target.type().equals(type)) {
            throw new IllegalArgumentException(
                    "target has another type than the signature: signature=%s needs=%s target=%s"
                            .formatted(signature, type, target.type()));
        }
        MethodHandle zero = MethodHandles.dropArguments(zero(descriptor), 0, type.parameterList());
        MethodHandle checked = checkingResult(target, descriptor);
        MethodHandle wrapped =
                MethodHandles.catchException(checked, Throwable.class, recover(zero));
        if (handler == null) {
            wrapped = MethodHandles.guardWithTest(HAS_FAILED.bindTo(this), zero, wrapped);
        }
        this.pointer = Linker.nativeLinker().upcallStub(wrapped, descriptor, arena);
    }

    /**
     * Makes a function pointer whose failures are kept for {@link #rethrow}.
     *
     * @param arena the pointer is valid until it closes
     * @param signature the C type of the function, not variadic
     * @param target what runs; its type is that of a {@link Downcall} with the same signature,
     *     without the allocator
     * @return the callback
     * @throws IllegalArgumentException if the target's type does not match, or the host's linker
     *     cannot make such a function; the message says which part
     */
    public static Callback create(Arena arena, CFunctionSignature signature, MethodHandle target) {
        return new Callback(arena, requireFixed(signature), target, null);
    }

    /**
     * Makes a function pointer whose failures go to a handler, on the thread they happen on.
     *
     * @param arena the pointer is valid until it closes
     * @param signature the C type of the function, not variadic
     * @param target what runs
     * @param handler takes what the target throws; what it throws itself is dropped
     * @return the callback
     */
    public static Callback create(
            Arena arena,
            CFunctionSignature signature,
            MethodHandle target,
            Consumer<Throwable> handler) {
        return new Callback(arena, requireFixed(signature), target, handler);
    }

    private static CFunctionSignature requireFixed(CFunctionSignature signature) {
        if (signature.variadic()) {
            throw new IllegalArgumentException(
                    "a callback cannot be variadic: signature=%s; write the wrapper in C"
                            .formatted(signature));
        }
        return signature;
    }

    /** Returns zero of the result's type; a record is one that every thread may read. */
    private static MethodHandle zero(FunctionDescriptor descriptor) {
        Class<?> type = descriptor.toMethodType().returnType();
        if (type == void.class || type.isPrimitive()) {
            return MethodHandles.zero(type);
        }
        MemoryLayout layout = descriptor.returnLayout().orElseThrow();
        MemorySegment zeroed =
                layout instanceof java.lang.foreign.AddressLayout
                        ? MemorySegment.NULL
                        : Arena.ofAuto().allocate(layout);
        return MethodHandles.constant(MemorySegment.class, zeroed);
    }

    /**
     * A target whose result is fit for C, or else throws: what the linker made of a wrong one would
     * leave this side as an exception, or write past C's place for it.
     */
    private static MethodHandle checkingResult(MethodHandle target, FunctionDescriptor descriptor) {
        MemoryLayout layout = descriptor.returnLayout().orElse(null);
        if (layout == null || target.type().returnType() != MemorySegment.class) {
            return target;
        }
        MethodHandle check =
                layout instanceof java.lang.foreign.AddressLayout
                        ? POINTER
                        : MethodHandles.insertArguments(RECORD, 0, layout);
        return MethodHandles.filterReturnValue(target, check);
    }

    @SuppressWarnings("unused") // through POINTER
    private static MemorySegment pointerForC(@Nullable MemorySegment result) {
        if (result == null || !result.isNative()) {
            throw new IllegalArgumentException(
                    "callback returned no pointer that C can use: result=%s; for a null pointer return"
                                    .formatted(result)
                            + " MemorySegment.NULL");
        }
        return result;
    }

    @SuppressWarnings("unused") // through RECORD
    private static MemorySegment recordForC(MemoryLayout layout, @Nullable MemorySegment result) {
        if (result == null || result.byteSize() < layout.byteSize()) {
            throw new IllegalArgumentException(
                    "callback returned no record of the declared size: result=%s bytes=%d"
                            .formatted(result, layout.byteSize()));
        }
        MemorySegment own = Arena.ofAuto().allocate(layout);
        return own.copyFrom(result.asSlice(0, layout.byteSize()));
    }

    private MethodHandle recover(MethodHandle zero) {
        MethodHandle ignoringThrowable = MethodHandles.dropArguments(zero, 0, Throwable.class);
        return MethodHandles.foldArguments(ignoringThrowable, CAUGHT.bindTo(this));
    }

    /** Called for what the target throws. Nothing may leave this method: C is below. */
    @SuppressWarnings({"unused", "ReferenceEquality"}) // through CAUGHT; the same, not an equal one
    private void caught(Throwable thrown) {
        if (handler == null) {
            failure = thrown;
            return;
        }
        try {
            handler.accept(thrown);
        } catch (Throwable ofHandler) {
            if (ofHandler != thrown) { // an exception cannot suppress itself
                thrown.addSuppressed(ofHandler); // the process matters more than the report
            }
        }
    }

    @SuppressWarnings("unused") // through HAS_FAILED
    private boolean hasFailed() {
        return failure != null;
    }

    /**
     * Returns the function pointer.
     *
     * @return valid until the arena closes
     */
    public MemorySegment pointer() {
        return pointer;
    }

    /**
     * Throws what the target threw since the last call, if anything, and lets the callback run
     * again. Call it after the downcall that was given the pointer.
     */
    public void rethrow() {
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw Callback.<RuntimeException>sneaky(thrown);
        }
    }

    /** Throws a checked exception of the target as it is, like the handle of the downcall. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
        throw (E) thrown;
    }

    /**
     * Returns a handle that makes a downcall and then {@linkplain #rethrow throws} what this
     * callback's target threw in it.
     *
     * @param downcall a handle of a {@link Downcall}
     * @return a handle of the same type
     */
    public MethodHandle guard(MethodHandle downcall) {
        Class<?> result = downcall.type().returnType();
        MethodHandle after = AFTER.bindTo(this);
        MethodHandle then =
                result == void.class
                        ? after
                        : MethodHandles.foldArguments(MethodHandles.identity(result), after);
        return MethodHandles.filterReturnValue(downcall, then);
    }
}
