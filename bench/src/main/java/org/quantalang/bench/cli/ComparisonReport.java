package org.quantalang.bench.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.quantalang.bench.compare.Comparison;
import org.quantalang.bench.compare.Engine;
import org.quantalang.bench.compare.Measurement;
import org.quantalang.bench.compare.Row;
import org.quantalang.core.cli.CommandFailure;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;

/**
 * What was measured of a row, this runtime's own figures first: as lines of a Markdown table, or as
 * a JSON object.
 */
final class ComparisonReport {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double MEGABYTE = 1e6;

    private final Row row;
    private final Map<String, Measurement> results;
    private final Measurement ours;

    ComparisonReport(Row row, Map<String, Measurement> results) {
        Measurement measured = results.get(Engine.QUANTA);
        if (measured == null || !measured.any()) {
            throw new CommandFailure("this runtime did not finish: row=%s".formatted(row.name()));
        }
        this.row = row;
        this.results = results;
        this.ours = measured;
    }

    static void printHead(PrintWriter out) {
        out.println(
                "| row | engine | ns a unit | least | most | times quanta | process MB | heap MB"
                        + " | worst batch us |");
        out.println("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    }

    void print(PrintWriter out) {
        results.forEach(
                (engine, measured) -> {
                    if (!measured.any()) {
                        out.printf(
                                "| %s | %s | did not finish | | | | | | |%n", row.name(), engine);
                        return;
                    }
                    double perUnit = nanosPerUnit(measured);
                    out.printf(
                            Locale.ROOT,
                            "| %s | %s | %.2f | %.2f | %.2f | %.2f | %.1f | %.1f | %.0f |%n",
                            row.name(),
                            engine,
                            measured.millis() * perUnit,
                            measured.leastMillis() * perUnit,
                            measured.mostMillis() * perUnit,
                            measured.millis() / ours.millis(),
                            measured.peakResidentBytes() / MEGABYTE,
                            measured.heapResidentBytes() / MEGABYTE,
                            measured.worstBatchMicros());
                });
    }

    /** Refuses figures of programs that did not do the same work. */
    void checkThatAllAgree() {
        String disagreeing = Comparison.disagreeing(results);
        if (!disagreeing.isEmpty()) {
            throw new CommandFailure(
                    "checksums differ: row=%s %s".formatted(row.name(), disagreeing));
        }
    }

    void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("row", row.name());
        json.writeArrayFieldStart("engines");
        for (Map.Entry<String, Measurement> each : results.entrySet()) {
            json.writeStartObject();
            json.writeStringField("engine", each.getKey());
            json.writeBooleanField("finished", each.getValue().any());
            if (each.getValue().any()) {
                writeFigures(json, each.getValue());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void writeFigures(JsonGenerator json, Measurement measured) throws IOException {
        double perUnit = nanosPerUnit(measured);
        json.writeNumberField("nsPerUnit", measured.millis() * perUnit);
        json.writeNumberField("leastNsPerUnit", measured.leastMillis() * perUnit);
        json.writeNumberField("mostNsPerUnit", measured.mostMillis() * perUnit);
        json.writeNumberField("timesQuanta", measured.millis() / ours.millis());
        json.writeNumberField("peakResidentBytes", measured.peakResidentBytes());
        json.writeNumberField("heapResidentBytes", measured.heapResidentBytes());
        json.writeNumberField("worstBatchMicros", measured.worstBatchMicros());
        json.writeNumberField("checksum", measured.checksum());
    }

    /** What a millisecond of a repetition is for a unit of its work. */
    private double nanosPerUnit(Measurement measured) {
        return NANOS_PER_MILLI / (row.units() == 0 ? measured.checksum() : row.units());
    }
}
