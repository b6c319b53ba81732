package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Tells AddressSanitizer, if it was loaded in front of the JVM, which memory C may not touch: freed
 * blocks and redzones. Java code is not instrumented, so that the heap itself may.
 *
 * <p>Any thread.
 */
final class AddressSanitizer {
    /**
     * Whether to look for it, which takes 20 milliseconds. Who runs the JVM with it sets one of
     * these: it must be loaded first, and leave the JVM its signals.
     */
    private static final boolean SOUGHT =
            System.getenv("ASAN_OPTIONS") != null
                    || Objects.requireNonNullElse(System.getenv("LD_PRELOAD"), "").contains("asan");

    private static final @Nullable MethodHandle POISON = function("__asan_poison_memory_region");
    private static final @Nullable MethodHandle UNPOISON =
            function("__asan_unpoison_memory_region");

    /** Whether it is there. */
    static final boolean PRESENT = POISON != null && UNPOISON != null;

    private AddressSanitizer() {}

    // The two functions only mark memory, in tables of their own. The default lookup does not see
    // libraries that were loaded in front, dlsym does.
    @SuppressWarnings("restricted")
    private static @Nullable MethodHandle function(String name) {
        if (!SOUGHT) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        MemorySegment dlsym = linker.defaultLookup().find("dlsym").orElse(null);
        if (dlsym == null) {
            return null;
        }
        MethodHandle find =
                linker.downcallHandle(
                        dlsym,
                        FunctionDescriptor.of(
                                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found =
                    (MemorySegment) find.invokeExact(MemorySegment.NULL, arena.allocateFrom(name));
            return found.address() == 0
                    ? null
                    : linker.downcallHandle(
                            found,
                            FunctionDescriptor.ofVoid(
                                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        } catch (Throwable failure) {
            throw new AssertionError("dlsym failed", failure);
        }
    }

    /** C may not touch {@code [from, to)}. */
    static void poison(long from, long to) {
        call(POISON, from, to);
    }

    /** C may touch {@code [from, to)} again. */
    static void unpoison(long from, long to) {
        call(UNPOISON, from, to);
    }

    private static void call(@Nullable MethodHandle function, long from, long to) {
        if (function == null || from == to) {
            return;
        }
        try {
            function.invokeExact(from, to - from);
        } catch (Throwable failure) {
            throw new AssertionError("a C function that only marks memory failed", failure);
        }
    }
}
