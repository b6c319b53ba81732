package org.quantalang.bench.memory;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.quantalang.bench.workload.RawMemory;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.TypeInfo;

import java.util.concurrent.TimeUnit;

/**
 * What does a count cost beside a bare read, add and write of the same word, and does any operation
 * of the address tier allocate on the Java heap?
 *
 * <pre>"$(.mvn/find-jdk run)/bin/java" -jar bench/target/benchmarks.jar CountBenchmark -prof gc
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class CountBenchmark {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("back", "Node")
                    .int64("value")
                    .build();
    private static final int OBJECTS = 1024;
    private static final long BACK = 8;
    private static final long VALUE = 16;

    private final ConfinedHeap heap = ConfinedHeap.open();
    private final long[] nodes = new long[OBJECTS];
    private int next;

    /** Makes the nodes; JMH does. */
    public CountBenchmark() {
        for (int i = 0; i < OBJECTS; i++) {
            nodes[i] = heap.allocate(NODE);
        }
    }

    /** Closes the heap. */
    @TearDown
    public void close() {
        heap.close();
    }

    private long node() {
        return nodes[next++ & (OBJECTS - 1)];
    }

    /** A word of the payload, up and down. */
    @Benchmark
    public void baseline_addSubtract() {
        long word = node() + VALUE;
        RawMemory.putLong(word, RawMemory.getLong(word) + 1);
        RawMemory.putLong(word, RawMemory.getLong(word) - 1);
    }

    /** A strong reference more, and less. */
    @Benchmark
    public void heap_retainRelease() {
        long node = node();
        heap.retain(node);
        heap.release(node);
    }

    /** A weak reference more, and less. */
    @Benchmark
    public void heap_weakRetainRelease() {
        long node = node();
        heap.weakRetain(node);
        heap.weakRelease(node);
    }

    /** A weak reference turned into a strong one. */
    @Benchmark
    public void heap_upgradeRelease() {
        heap.release(heap.upgrade(node()));
    }

    /** A field that refers to a node and then to nothing. */
    @Benchmark
    public void heap_setReference() {
        long node = node();
        heap.setReference(node, 0, nodes[0]);
        heap.setReference(node, 0, 0);
    }

    /** A weak field likewise. */
    @Benchmark
    public void heap_setWeakReference() {
        long node = node();
        heap.setWeakReference(node, BACK, nodes[0]);
        heap.setWeakReference(node, BACK, 0);
    }
}
