package org.quantalang.core.internal.classgraph;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.call.Callback;
import org.quantalang.abi.call.NativeLibrary;

import java.lang.foreign.Arena;
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

    /** C {@code int (*compare)(const void *, const void *)}. */
    private static final CFunctionSignature COMPARE =
            CFunctionSignature.of(CTypes.INT, CTypes.CONST_VOID_POINTER, CTypes.CONST_VOID_POINTER);

    /** C {@code void qsort(void *base, size_t count, size_t size, int (*compare)(...))}. */
    private static final CFunctionSignature QSORT =
            CFunctionSignature.of(
                    CTypes.VOID,
                    CTypes.VOID_POINTER,
                    CTypes.SIZE_T,
                    CTypes.SIZE_T,
                    CType.functionPointer(COMPARE));

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

    private static void qsort(MemorySegment addresses, Arena arena) {
        try {
            MethodHandle compare =
                    MethodHandles.lookup()
                            .findStatic(
                                    NameOrder.class,
                                    "compare",
                                    MethodType.methodType(
                                            int.class, MemorySegment.class, MemorySegment.class));
            Callback callback = Callback.create(arena, COMPARE, compare);
            MethodHandle qsort =
                    callback.guard(NativeLibrary.libc().downcall("qsort", QSORT).handle());
            long count = addresses.byteSize() / ADDRESS.byteSize();
            qsort.invokeExact(addresses, count, ADDRESS.byteSize(), callback.pointer());
        } catch (Throwable failure) { // what invokeExact declares; neither lookup nor qsort throws
            throw new IllegalStateException("cannot call qsort: " + failure, failure);
        }
    }

    /** Called by C with pointers to two elements. */
    @SuppressWarnings("UnusedMethod") // found by name for the callback
    private static int compare(MemorySegment left, MemorySegment right) {
        long a = MEMORY.get(JAVA_LONG, left.address());
        long b = MEMORY.get(JAVA_LONG, right.address());
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
