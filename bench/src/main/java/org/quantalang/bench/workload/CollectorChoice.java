package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.CycleOptions;
import org.quantalang.memory.CycleStats;
import org.quantalang.memory.HeapConfig;
import org.quantalang.memory.PauseStats;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The cycle collector that a workload's heap uses.
 *
 * @param algorithm which one
 * @param budgetMicros longest time that a long trace works at once; 0 never interrupts one
 */
public record CollectorChoice(CycleOptions.Algorithm algorithm, long budgetMicros) {
    /** Opens a heap with it. */
    ConfinedHeap open() {
        return ConfinedHeap.open(
                HeapConfig.DEFAULT.withCycleOptions(
                        CycleOptions.DEFAULT
                                .withAlgorithm(algorithm)
                                .withSlice(Duration.ofNanos(budgetMicros * 1000))));
    }

    void describe(Map<String, Object> parameters) {
        parameters.put("collector", algorithm.name().toLowerCase(Locale.ROOT));
        parameters.put("budget", budgetMicros);
    }

    /** What a heap's collector did: pauses that nobody asked for, and its counters. */
    static void observe(ConfinedHeap heap, Map<String, Object> seen) {
        PauseStats pauses = heap.pauses();
        var micros = new LinkedHashMap<String, Object>();
        micros.put("count", pauses.count());
        micros.put("p50", pauses.p50Nanos() / 1e3);
        micros.put("p90", pauses.p90Nanos() / 1e3);
        micros.put("p99", pauses.p99Nanos() / 1e3);
        micros.put("p999", pauses.p999Nanos() / 1e3);
        micros.put("max", pauses.maxNanos() / 1e3);
        seen.put("pausesMicros", micros);
        CycleStats stats = heap.cycleStats();
        var collector = new LinkedHashMap<String, Object>();
        collector.put("collections", stats.collections());
        collector.put("candidates", stats.candidates());
        collector.put("traced", stats.traced());
        collector.put("freed", stats.freedObjects());
        collector.put("bytes", stats.freedBytes());
        collector.put("full", stats.full());
        collector.put("slices", stats.slices());
        collector.put("longestSliceMicros", stats.longestSliceNanos() / 1e3);
        collector.put("nanos", stats.nanos());
        seen.put("collector", collector);
    }
}
