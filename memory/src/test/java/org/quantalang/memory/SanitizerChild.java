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
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("leaf", "Leaf").reference("next", "Node").build();

    private SanitizerChild() {}

    /**
     * Runs it.
     *
     * @param arguments the C library, and what C reads the second time: an offset in a live object,
     *     or which freed object
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
            long leaf = heap.allocate(LEAF);
            heap.putInt(leaf, 8, 42);
            System.out.println("live object reads " + (int) read.invokeExact(leaf + 8));
            if (arguments[1].equals("reused")) {
                for (int i = 0; i < 2_000; i++) {
                    heap.release(leaf); // more than waits
                    leaf = heap.allocate(LEAF);
                }
                heap.putInt(leaf, 8, 42);
                System.out.println("reused block reads " + (int) read.invokeExact(leaf + 8));
                return;
            }
            switch (arguments[1]) {
                case "freed" -> heap.release(leaf);
                case "held" -> {
                    long node = heap.allocate(NODE);
                    heap.initReference(node, NODE.offset("leaf"), leaf);
                    heap.release(node);
                }
                case "collected" -> {
                    leaf = heap.allocate(NODE);
                    heap.setReference(leaf, NODE.offset("next"), leaf);
                    heap.release(leaf);
                    heap.collectCycles();
                }
                case "shared" -> {
                    SharedHeap shared = SharedHeap.open();
                    leaf = shared.allocate(LEAF);
                    shared.release(leaf);
                }
                default -> {
                    long past = leaf + Long.parseLong(arguments[1]);
                    System.out.println("past the end reads " + (int) read.invokeExact(past));
                    return;
                }
            }
            System.out.println("freed object reads " + (int) read.invokeExact(leaf + 8));
        }
    }
}
