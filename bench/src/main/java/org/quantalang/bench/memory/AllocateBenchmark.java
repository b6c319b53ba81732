package org.quantalang.bench.memory;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.HeapConfig;
import org.quantalang.memory.TypeInfo;

import java.util.concurrent.TimeUnit;

/**
 * What does it cost to allocate an object and release it, beside malloc and free, and does it
 * allocate on the Java heap?
 *
 * <pre>"$(.mvn/find-jdk run)/bin/java" -jar bench/target/benchmarks.jar AllocateBenchmark -prof gc
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class AllocateBenchmark {
    private static final TypeInfo PAIR =
            TypeInfo.builder("Pair").reference("first", "Pair").reference("second", "Pair").build();

    /** Payload bytes. */
    @Param({"32", "256"})
    public int bytes;

    private final ConfinedHeap heap = ConfinedHeap.open();
    private final ConfinedHeap counting =
            ConfinedHeap.open(HeapConfig.DEFAULT.withCountsPerType(true));
    private TypeInfo leaf = PAIR;

    /** Makes the state; JMH does. */
    public AllocateBenchmark() {}

    /** Describes a leaf of the size. */
    @Setup
    public void describe() {
        leaf = TypeInfo.leaf("Leaf", bytes, 8);
        heap.register(leaf, PAIR);
        counting.register(leaf);
    }

    /** Closes the heaps. */
    @TearDown
    public void close() {
        heap.close();
        counting.close();
    }

    /**
     * C's allocator.
     *
     * @throws Throwable never
     */
    @Benchmark
    public void baseline_malloc() throws Throwable {
        NativeMalloc.free(NativeMalloc.allocate(bytes + 16L));
    }

    /** A leaf whose payload is left as it is. */
    @Benchmark
    public void heap_uninitialized() {
        heap.release(heap.allocateUninitialized(leaf));
    }

    /** The same in a heap that counts what each type allocates and frees. */
    @Benchmark
    public void heap_countedPerType() {
        counting.release(counting.allocateUninitialized(leaf));
    }

    /** A zeroed leaf. */
    @Benchmark
    public void heap_zeroed() {
        heap.release(heap.allocate(leaf));
    }

    /** An array of bytes. */
    @Benchmark
    public void heap_array() {
        heap.release(heap.allocateArrayUninitialized(TypeInfo.byteArray(), bytes - 8L));
    }

    /** An object and one that only it refers to. */
    @Benchmark
    public void heap_pair() {
        long first = heap.allocateUninitialized(PAIR);
        heap.moveReference(first, 0, heap.allocateUninitialized(PAIR));
        heap.release(first);
    }
}
