package org.quantalang.core.internal.classgraph;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Sorts class names where they are, off heap: the C library's {@code qsort} moves their addresses
 * and asks a Java callback, which compares the bytes there as {@code strcmp} would.
 */
final class NameOrder {
    private static final MemorySegment MEMORY = allMemory();

    private NameOrder() {}

    // Only addresses that qsort passes back are read: elements of the array given to it, each the
    // address of a zero-terminated name in the heap.
    @SuppressWarnings("restricted")
    private static MemorySegment allMemory() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /** Returns whether C put all names in the order in which Java sorts them. */
    static boolean sortThroughC(OffHeapGraph graph, List<Long> classes) {
        byte[][] expected = new byte[classes.size()][];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment addresses = arena.allocate(JAVA_LONG, classes.size());
            for (int i = 0; i < classes.size(); i++) {
                addresses.setAtIndex(JAVA_LONG, i, graph.nameAddress(classes.get(i)));
                expected[i] = graph.nameOf(classes.get(i)).getBytes(StandardCharsets.UTF_8);
            }
            qsort(addresses, arena);
            Arrays.sort(expected, Arrays::compareUnsigned);
            for (int i = 0; i < expected.length; i++) {
                if (!isAt(addresses.getAtIndex(JAVA_LONG, i), expected[i])) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * C {@code void qsort(void *base, size_t count, size_t size, int (*compare)(void *, void *))}.
     */
    @SuppressWarnings("restricted") // qsort and the callback have the types given here
    private static void qsort(MemorySegment addresses, Arena arena) {
        Linker linker = Linker.nativeLinker();
        try {
            MethodHandle compare =
                    MethodHandles.lookup()
                            .findStatic(
                                    NameOrder.class,
                                    "compare",
                                    MethodType.methodType(int.class, long.class, long.class));
            MemorySegment callback =
                    linker.upcallStub(
                            compare, FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG), arena);
            MethodHandle qsort =
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("qsort"),
                            FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
            long count = addresses.byteSize() / JAVA_LONG.byteSize();
            qsort.invokeExact(addresses, count, JAVA_LONG.byteSize(), callback);
        } catch (Throwable failure) { // what invokeExact declares; neither lookup nor qsort throws
            throw new IllegalStateException("cannot call qsort: " + failure, failure);
        }
    }

    /** Called by C with the addresses of two elements. */
    @SuppressWarnings("UnusedMethod") // found by name for the callback
    private static int compare(long left, long right) {
        long a = MEMORY.get(JAVA_LONG, left);
        long b = MEMORY.get(JAVA_LONG, right);
        while (true) {
            int x = MEMORY.get(JAVA_BYTE, a++) & 0xff;
            int y = MEMORY.get(JAVA_BYTE, b++) & 0xff;
            if (x != y || x == 0) {
                return x - y;
            }
        }
    }

    private static boolean isAt(long address, byte[] name) {
        for (int i = 0; i < name.length; i++) {
            if (MEMORY.get(JAVA_BYTE, address + i) != name[i]) {
                return false;
            }
        }
        return MEMORY.get(JAVA_BYTE, address + name.length) == 0;
    }
}
