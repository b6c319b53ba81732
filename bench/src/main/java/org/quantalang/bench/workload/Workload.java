package org.quantalang.bench.workload;

import org.quantalang.memory.Heap;

import java.util.Map;

/** A program that is measured: run several times, each time with the same work and checksum. */
public interface Workload extends AutoCloseable {
    /** The seed that every repetition starts its random numbers with, in every language. */
    long SEED = 42;

    /** Name, as on the command line. */
    String name();

    /** Parameters in the order in which they are printed. */
    Map<String, Object> parameters();

    /** What one unit of work is. */
    String unit();

    /** Units of one repetition, once its checksum is known. */
    long units(long checksum);

    /** What a repetition needs and what is not measured. */
    default void prepare() {}

    /**
     * One repetition: what is measured.
     *
     * @return a checksum over what was computed; 0 for workloads that compute nothing
     */
    long run();

    /** What the last repetition saw besides time; printed as further members. */
    default Map<String, Object> observations() {
        return Map.of();
    }

    /** The heap it uses. */
    Heap heap();

    @Override
    void close();
}
