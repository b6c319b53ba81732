package org.quantalang.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The program that {@link SanitizerTest} runs: C reads an object, then again once it is freed. */
final class SanitizerChild {
    private SanitizerChild() {}

    /**
     * Runs it.
     *
     * @param arguments the C library, and the offset of what C reads the second time in a live
     *     object, or {@code freed}
     */
    @SuppressWarnings("restricted") // a C function of one line, compiled by the test
    public static void main(String[] arguments) throws Throwable {
        try (ConfinedHeap heap = ConfinedHeap.open();
                Arena arena = Arena.ofConfined()) {
            Linker linker = Linker.nativeLinker();
            MethodHandle read =
                    linker.downcallHandle(
                            SymbolLookup.libraryLookup(Path.of(arguments[0]), arena)
                                    .find("read_int")
                                    .orElseThrow(),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
            long leaf = heap.allocate(TypeInfo.leaf("Leaf", 24, 8));
            heap.putInt(leaf, 8, 42);
            System.out.println("live object reads " + (int) read.invokeExact(leaf + 8));
            if (arguments[1].equals("freed")) {
                heap.release(leaf);
                System.out.println("freed object reads " + (int) read.invokeExact(leaf + 8));
            } else {
                long past = leaf + Long.parseLong(arguments[1]);
                System.out.println("past the end reads " + (int) read.invokeExact(past));
            }
        }
    }
}
