package org.quantalang.abi.call;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CType;
import org.quantalang.abi.CallPlan;
import org.quantalang.abi.Target;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;

/**
 * A C function bound to its signature: a call from Java into C.
 *
 * <p>The handle is the linker's own, with small unsigned arguments zero-extended where the platform
 * leaves that to the caller; so a call costs what a hand-written one costs, provided the handle is
 * a constant to the compiler:
 *
 * <pre>{@code
 * // size_t strlen(const char *s)
 * private static final MethodHandle STRLEN = NativeLibrary.libc()
 *         .downcall("strlen", CFunctionSignature.of(CTypes.SIZE_T, CTypes.CONST_CHAR_POINTER))
 *         .handle();
 * ...
 * long length = (long) STRLEN.invokeExact(string);
 * }</pre>
 *
 * <p>Java types of the handle: integers by width ({@code byte, short, int, long}, unsigned ones
 * too), {@code _Bool} is {@code boolean}, pointers and records are {@link MemorySegment}. A
 * function that returns a record takes a {@link java.lang.foreign.SegmentAllocator} first, which
 * owns the result.
 *
 * <p>Immutable; any thread. The signature must be the function's: the linker cannot check it.
 */
public final class Downcall {
    private static final MethodHandle BYTE_TO_UNSIGNED = toUnsigned(Byte.class, byte.class);
    private static final MethodHandle SHORT_TO_UNSIGNED = toUnsigned(Short.class, short.class);

    private final CFunctionSignature signature;
    private final MethodHandle handle;

    private Downcall(CFunctionSignature signature, MethodHandle handle) {
        this.signature = signature;
        this.handle = handle;
    }

    /**
     * Binds a function.
     *
     * @param function its address; must stay valid as long as the handle is called
     * @param signature its signature; if variadic, the handle passes no variadic arguments
     * @return the bound function
     * @throws IllegalArgumentException if the host's linker cannot make such calls; the message
     *     says which part
     */
    public static Downcall bind(MemorySegment function, CFunctionSignature signature) {
        return bindVariadic(function, signature, List.of());
    }

    /**
     * Binds a variadic function for one list of arguments after the fixed ones. They are promoted
     * as C promotes them: {@code float} to {@code double}, integers below {@code int} to {@code
     * int}.
     *
     * @param function its address
     * @param signature its signature, variadic
     * @param arguments types of the further arguments
     * @return the bound function; its handle takes the promoted types
     * @throws IllegalArgumentException if arguments are given for a function that is not variadic
     */
    @SuppressWarnings("restricted") // the caller vouches for the signature, see the class comment
    public static Downcall bindVariadic(
            MemorySegment function, CFunctionSignature signature, List<CType> arguments) {
        if (!signature.variadic() && !arguments.isEmpty()) {
            throw new IllegalArgumentException(
                    "not variadic: signature=%s further arguments=%d"
                            .formatted(signature, arguments.size()));
        }
        List<CType> promoted = new ArrayList<>();
        for (CType argument : arguments) {
            promoted.add(argument.promoted(Target.host()));
        }
        FunctionDescriptor descriptor = LinkLayout.descriptor(signature, promoted);
        MemoryLayout[] layouts = descriptor.argumentLayouts().toArray(MemoryLayout[]::new);
        @Nullable MethodHandle[] extensions = zeroExtensions(signature, promoted, layouts);
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = extensions[i] == null ? layouts[i] : ValueLayout.JAVA_INT;
        }
        FunctionDescriptor extended =
                descriptor
                        .returnLayout()
                        .map(result -> FunctionDescriptor.of(result, layouts))
                        .orElseGet(() -> FunctionDescriptor.ofVoid(layouts));
        Linker linker = Linker.nativeLinker();
        // Also with no further argument: the callee expects the variadic protocol (al on x86-64).
        MethodHandle handle =
                signature.variadic()
                        ? linker.downcallHandle(
                                function,
                                extended,
                                Linker.Option.firstVariadicArg(signature.parameters().size()))
                        : linker.downcallHandle(function, extended);
        int first = handle.type().parameterCount() - layouts.length; // behind an allocator
        return new Downcall(signature, MethodHandles.filterArguments(handle, first, extensions));
    }

    /**
     * Finds the arguments that the caller zero-extends in a register; null for all others. The
     * linker knows only Java's signed types of their width, and extends by the sign. On the stack a
     * callee reads no more than the type, and Apple's has no room for more.
     */
    private static @Nullable MethodHandle[] zeroExtensions(
            CFunctionSignature signature, List<CType> promoted, MemoryLayout[] layouts) {
        @Nullable MethodHandle[] extensions = new MethodHandle[layouts.length];
        List<ArgumentPlan> plans = CallPlan.of(signature, promoted, Target.host()).arguments();
        for (int i = 0; i < layouts.length; i++) {
            ArgumentPlan plan = plans.get(i);
            if (plan.extension() == ArgumentPlan.Extension.ZERO
                    && plan.parts().getFirst().register().isPresent()) {
                extensions[i] =
                        layouts[i].equals(ValueLayout.JAVA_BYTE)
                                ? BYTE_TO_UNSIGNED
                                : layouts[i].equals(ValueLayout.JAVA_SHORT)
                                        ? SHORT_TO_UNSIGNED
                                        : null; // boolean is never negative
            }
        }
        return extensions;
    }

    private static MethodHandle toUnsigned(Class<?> box, Class<?> type) {
        try {
            return MethodHandles.lookup()
                    .findStatic(box, "toUnsignedInt", MethodType.methodType(int.class, type));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Returns the handle to call; keep it in a {@code static final} field.
     *
     * @return the handle, for {@code invokeExact}
     */
    public MethodHandle handle() {
        return handle;
    }

    /**
     * Returns the signature.
     *
     * @return the signature it was bound with
     */
    public CFunctionSignature signature() {
        return signature;
    }
}
