package org.quantalang.bench.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** C's malloc and free by address, called without a thread transition: the fastest way there is. */
final class NativeMalloc {
    private static final MethodHandle MALLOC =
            handle("malloc", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(JAVA_LONG));

    private NativeMalloc() {}

    // Both take and return plain addresses, which the caller pairs.
    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                descriptor,
                Linker.Option.critical(false));
    }

    static long allocate(long bytes) throws Throwable {
        return (long) MALLOC.invokeExact(bytes);
    }

    static void free(long address) throws Throwable {
        FREE.invokeExact(address);
    }
}
