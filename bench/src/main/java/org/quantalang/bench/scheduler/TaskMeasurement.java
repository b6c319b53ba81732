package org.quantalang.bench.scheduler;

import org.quantalang.bench.workload.ResidentMemory;
import org.quantalang.bench.workload.WorkloadResult;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** Measures one row with one peer in this process. */
public final class TaskMeasurement {
    /** This runtime's name among the peers. */
    public static final String QUANTA = "quanta";

    private TaskMeasurement() {}

    /** The peers that are there, this runtime first. */
    public static List<TaskPeer.Provider> peers() {
        return ServiceLoader.load(TaskPeer.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /**
     * Runs a row several times, after a time of which nothing is kept: with two processors the
     * compiler takes turns with what it compiles for more than a second.
     *
     * @throws IllegalStateException if two repetitions computed different checksums
     */
    public static WorkloadResult measure(
            TaskRow row,
            TaskPeer.Provider provider,
            int workers,
            double warmupSeconds,
            int repetitions)
            throws InterruptedException {
        var results = new ArrayList<WorkloadResult.Repetition>();
        try (TaskPeer peer = provider.start(workers);
                var outside = new Outside()) {
            long warmAt = System.nanoTime() + (long) (warmupSeconds * 1e9);
            while (System.nanoTime() < warmAt) {
                row.program().run(peer, outside);
            }
            for (int i = 0; i < repetitions; i++) {
                long checksum = 0;
                long start = System.nanoTime();
                for (int run = 0; run < row.runs(); run++) {
                    checksum += row.program().run(peer, outside);
                }
                long nanos = System.nanoTime() - start;
                results.add(new WorkloadResult.Repetition(nanos / 1e6, checksum));
                if (checksum != results.getFirst().checksum()) {
                    throw new IllegalStateException(
                            "checksums differ: row=%s peer=%s first=%d now=%d"
                                    .formatted(
                                            row.name(),
                                            provider.name(),
                                            results.getFirst().checksum(),
                                            checksum));
                }
            }
        }
        return result(row, workers, ResidentMemory.peakBytes(), results);
    }

    /** The result of a row, from its repetitions here or in another process. */
    public static WorkloadResult result(
            TaskRow row,
            int workers,
            long peakResidentBytes,
            List<WorkloadResult.Repetition> repetitions) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("workers", workers);
        parameters.putAll(row.parameters());
        return new WorkloadResult(
                row.name(),
                parameters,
                row.unit(),
                List.copyOf(repetitions),
                WorkloadResult.warmMedianMillis(
                                repetitions.toArray(WorkloadResult.Repetition[]::new))
                        * row.nanosPerMilli(),
                peakResidentBytes,
                0, // tasks live in the Java heap, which is part of the process
                Map.of());
    }
}
