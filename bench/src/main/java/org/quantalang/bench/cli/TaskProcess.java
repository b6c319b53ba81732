package org.quantalang.bench.cli;

import org.quantalang.bench.scheduler.TaskMeasurement;
import org.quantalang.bench.scheduler.TaskRow;
import org.quantalang.bench.workload.WorkloadResult;
import org.quantalang.core.cli.CommandFailure;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that measures one row and prints a line a repetition.
 *
 * @param command program and arguments
 */
record TaskProcess(List<String> command) {
    private static final Pattern LINE = Pattern.compile("ms=([0-9.]+) checksum=(-?[0-9]+).*");
    private static final Pattern PEAK = Pattern.compile("peakResidentBytes=([0-9]+).*");
    private static final long LIMIT_MINUTES = 5;

    /** Runs it and reads what it measured of a row. */
    WorkloadResult run(TaskRow row, int workers) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var found = new ArrayList<WorkloadResult.Repetition>();
        long peak = 0;
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) {
                    found.add(
                            new WorkloadResult.Repetition(
                                    Double.parseDouble(matcher.group(1)),
                                    Long.parseLong(matcher.group(2))));
                }
                Matcher peakMatcher = PEAK.matcher(line);
                if (peakMatcher.matches()) {
                    peak = Long.parseLong(peakMatcher.group(1));
                }
            }
        } finally {
            if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly().waitFor();
            }
        }
        if (process.exitValue() != 0 || found.isEmpty()) {
            throw new CommandFailure(
                    "a measuring process failed: exit=%d command=%s"
                            .formatted(process.exitValue(), String.join(" ", command)));
        }
        return TaskMeasurement.result(row, workers, peak, found);
    }
}
