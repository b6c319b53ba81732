package org.quantalang.memory.internal.object;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls of functions that a program compiled to C gave to the heap by address. */
public final class NativeCalls {
    // Restricted: the program that registers the function promises its prototype, void (void *).
    private static final MethodHandle DROP = voidFunctionOfPointer();

    private NativeCalls() {}

    @SuppressWarnings("restricted")
    private static MethodHandle voidFunctionOfPointer() {
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    /** Calls the C destructor at {@code function} for {@code object}. */
    public static void drop(long function, long object) throws Throwable {
        DROP.invokeExact(MemorySegment.ofAddress(function), object);
    }
}
