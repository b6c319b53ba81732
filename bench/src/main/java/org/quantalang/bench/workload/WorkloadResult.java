package org.quantalang.bench.workload;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What was measured.
 *
 * @param workload name
 * @param parameters its parameters
 * @param unit what one unit of work is
 * @param repetitions time and checksum of each, the first of which is cold
 * @param nsPerUnit from the median of the repetitions after the first
 * @param peakResidentBytes the most the process had resident
 * @param heapResidentBytes what of the heap's own mappings was resident after the first or the last
 *     repetition, whichever is more
 * @param observations what else the workload saw
 */
public record WorkloadResult(
        String workload,
        Map<String, Object> parameters,
        String unit,
        List<Repetition> repetitions,
        double nsPerUnit,
        long peakResidentBytes,
        long heapResidentBytes,
        Map<String, Object> observations) {
    /**
     * One repetition.
     *
     * @param millis its time
     * @param checksum over what it computed
     */
    public record Repetition(double millis, long checksum) {}

    private static final double NANOS_PER_MILLI = 1e6;

    /** Runs a workload several times in this thread. */
    public static WorkloadResult measure(Workload workload, int repetitions) {
        var results = new Repetition[repetitions];
        long heapBytes = 0;
        long probe = Heaps.addressIn(workload.heap());
        for (int i = 0; i < repetitions; i++) {
            workload.prepare();
            long start = System.nanoTime();
            long checksum = workload.run();
            long nanos = System.nanoTime() - start;
            results[i] = new Repetition(nanos / NANOS_PER_MILLI, checksum);
            if (i == 0 || i == repetitions - 1) { // reading the map takes milliseconds
                heapBytes = Math.max(heapBytes, ResidentMemory.bytesAround(probe));
            }
        }
        long units = workload.units(results[0].checksum());
        return new WorkloadResult(
                workload.name(),
                workload.parameters(),
                workload.unit(),
                List.of(results),
                warmMedianMillis(results) * NANOS_PER_MILLI / Math.max(1, units),
                ResidentMemory.peakBytes(),
                heapBytes,
                workload.observations());
    }

    /** Median of the repetitions after the first, which is cold. */
    public static double warmMedianMillis(Repetition... all) {
        double[] warm =
                Arrays.stream(all)
                        .skip(all.length > 1 ? 1 : 0)
                        .mapToDouble(Repetition::millis)
                        .sorted()
                        .toArray();
        int middle = warm.length / 2;
        return warm.length % 2 == 1 ? warm[middle] : (warm[middle - 1] + warm[middle]) / 2;
    }
}
