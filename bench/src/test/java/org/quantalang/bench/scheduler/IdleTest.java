package org.quantalang.bench.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.OperatingSystemMXBean;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Oneshot;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.TaskExecutor;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What an executor without work takes from the processors, in a process of its own. */
@Timeout(120)
class IdleTest {
    private static final long MOST_MILLIS = 20;
    private static final long SECONDS = 10;
    private static final int PROCESSES = 3;

    /**
     * Of three processes one is enough: some systems count in ticks of 10 milliseconds, and charge
     * one to whoever runs when it comes, even if the JVM did so for a moment only. A worker that
     * wakes is charged in each of them.
     */
    @Test
    void takesLessThan20MillisecondsOfProcessorIn10Seconds() throws Exception {
        List<Double> measured = new ArrayList<>();
        do {
            measured.add(cpuMillis("idle"));
        } while (measured.getLast() >= MOST_MILLIS && measured.size() < PROCESSES);
        assertTrue(measured.getLast() < MOST_MILLIS, () -> "milliseconds: " + measured);
    }

    @Test
    void isMeasuredSoThatABusyWorkerIsNoticed() throws Exception {
        // In a tenth of the time, of a processor that others may use as well.
        assertTrue(cpuMillis("busy") > MOST_MILLIS);
    }

    private static double cpuMillis(String mode) throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xint", // no compiler that still works on what was run before
                                "-cp",
                                System.getProperty("java.class.path"),
                                Measured.class.getName(),
                                mode)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return Double.parseDouble(output.strip());
    }

    /** Runs some tasks, then none, and prints the milliseconds of processor of its idle time. */
    static final class Measured {
        private Measured() {}

        public static void main(String[] arguments) throws Exception {
            var clock = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            boolean busy = arguments[0].equals("busy");
            try (TaskExecutor executor =
                    TaskExecutor.start(ExecutorConfig.defaults().withWorkers(2))) {
                for (int i = 0; i < 10_000; i++) {
                    executor.spawn(_ -> Poll.ready(1)).join();
                }
                JoinHandle<String> waits = executor.spawn(new Oneshot<>());
                JoinHandle<Boolean> spins =
                        executor.spawn(
                                context -> {
                                    if (busy) {
                                        context.waker().wake();
                                    }
                                    return Poll.pending();
                                });
                while (executor.stats().sleeping() < (busy ? 1 : 2)) {
                    Thread.onSpinWait();
                }
                long before = clock.getProcessCpuTime();
                Thread.sleep(1000 * SECONDS / (busy ? 10 : 1)); // the time is what is measured
                long cpuNanos = clock.getProcessCpuTime() - before;
                waits.cancel();
                spins.cancel();
                System.out.println(cpuNanos / 1e6);
            }
        }
    }
}
