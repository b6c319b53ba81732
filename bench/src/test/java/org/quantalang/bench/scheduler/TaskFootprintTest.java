package org.quantalang.bench.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.TaskExecutor;

import java.lang.management.ManagementFactory;

/** What a task costs in bytes, as the virtual machine counts the allocations of a thread. */
@Timeout(120)
class TaskFootprintTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int TASKS = 100_000;
    private static final int POLLS = 100_000;
    private static final int MOST_BYTES = 96;

    /** Captures nothing, and is an object of its own in each task. */
    private static final class Nothing implements Pollable<Boolean> {
        @Override
        public Poll<Boolean> poll(Context context) {
            return Poll.ready(true);
        }
    }

    @Test
    void takes96BytesAtMostWithItsHandleAndAPollableThatCapturesNothing() throws Exception {
        assumeTrue(hasCompressedReferences(), "with references of 8 bytes it takes more");
        try (TaskExecutor executor = start()) {
            // On the worker: from outside, the injector's chunks would count as well.
            Pollable<Double> spawner =
                    _ -> {
                        long before = THREADS.getCurrentThreadAllocatedBytes();
                        for (int i = 0; i < TASKS; i++) {
                            executor.spawn(new Nothing());
                        }
                        long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
                        return Poll.ready((double) bytes / TASKS);
                    };
            executor.spawn(spawner).join(); // classes, and chunks of the injector
            double bytes = executor.spawn(spawner).join();
            assertTrue(bytes <= MOST_BYTES, () -> "bytes=" + bytes);
            assertTrue(bytes >= 32, () -> "not everything was counted: bytes=" + bytes);
        }
    }

    @Test
    void allocatesNothingInAPoll() throws Exception {
        try (TaskExecutor executor = start()) {
            var warm = new Yielder();
            executor.spawn(warm).join();
            var measured = new Yielder();
            executor.spawn(measured).join();
            // One byte a poll would be 100,000.
            assertEquals(0, measured.bytes / POLLS, () -> "bytes=" + measured.bytes);
        }
    }

    private static boolean hasCompressedReferences() {
        var machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        return Boolean.parseBoolean(machine.getVMOption("UseCompressedOops").getValue());
    }

    private static TaskExecutor start() {
        return TaskExecutor.start(ExecutorConfig.defaults().withWorkers(1));
    }

    /** Is polled again and again, and takes what its thread has allocated at both ends. */
    private static final class Yielder implements Pollable<Boolean> {
        private int polls;
        private long bytes;

        @Override
        public Poll<Boolean> poll(Context context) {
            if (polls == 0) {
                bytes = -THREADS.getCurrentThreadAllocatedBytes();
            }
            if (polls++ == POLLS) {
                bytes += THREADS.getCurrentThreadAllocatedBytes();
                return Poll.ready(true);
            }
            context.waker().wake();
            return Poll.pending();
        }
    }
}
