package org.quantalang.bench.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the processes of one engine measured for one workload.
 *
 * <p>The figure of a process is the median of its repetitions after the first; the figure of the
 * engine is the median over its processes, and the spread is their smallest and largest.
 */
public final class Measurement {
    private final List<Double> processMillis = new ArrayList<>();
    private long checksum;
    private long peakResidentBytes;
    private long heapResidentBytes;
    private double worstBatchMicros;

    Measurement() {}

    /** Takes over the lines {@code name=value ...} that a process printed. */
    void add(List<String> lines) {
        var millis = new ArrayList<Double>();
        for (String line : lines) {
            for (String word : line.trim().split("\\s+", -1)) {
                int equals = word.indexOf('=');
                if (equals < 0) {
                    continue;
                }
                String value = word.substring(equals + 1);
                switch (word.substring(0, equals)) {
                    case "ms" -> millis.add(Double.parseDouble(value));
                    case "checksum" -> checksum = Long.parseLong(value);
                    case "peakResidentBytes" ->
                            peakResidentBytes = Math.max(peakResidentBytes, Long.parseLong(value));
                    case "heapResidentBytes" ->
                            heapResidentBytes = Math.max(heapResidentBytes, Long.parseLong(value));
                    case "worstBatchMicros" ->
                            worstBatchMicros =
                                    Math.max(worstBatchMicros, Double.parseDouble(value));
                    default -> {}
                }
            }
        }
        if (!millis.isEmpty()) {
            List<Double> warm = millis.size() > 1 ? millis.subList(1, millis.size()) : millis;
            processMillis.add(median(warm));
        }
    }

    /** Whether any process came to an end with a time. */
    public boolean any() {
        return !processMillis.isEmpty();
    }

    /** Median over processes. */
    public double millis() {
        return median(processMillis);
    }

    /** The fastest process. */
    public double leastMillis() {
        return sorted(processMillis)[0];
    }

    /** The slowest process. */
    public double mostMillis() {
        return sorted(processMillis)[processMillis.size() - 1];
    }

    /** Checksum of the last repetition. */
    public long checksum() {
        return checksum;
    }

    /** The most that a process had resident. */
    public long peakResidentBytes() {
        return peakResidentBytes;
    }

    /** The most of the heap's own mappings that was resident; 0 if not told. */
    public long heapResidentBytes() {
        return heapResidentBytes;
    }

    /** The longest time for a hundred structures; 0 if not told. */
    public double worstBatchMicros() {
        return worstBatchMicros;
    }

    private static double median(List<Double> values) {
        double[] sorted = sorted(values);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double[] sorted(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }
}
