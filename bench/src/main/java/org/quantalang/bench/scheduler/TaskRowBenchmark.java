package org.quantalang.bench.scheduler;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The rows of {@code quanta bench tasks} under JMH: what does one spawn, round, yield or element
 * cost, with its error, and how many bytes does it allocate?
 *
 * <pre>"$(.mvn/find-jdk run)/bin/java" -jar bench/target/benchmarks.jar TaskRowBenchmark -prof gc
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class TaskRowBenchmark {
    private static final int SPAWNS = 10_000;
    private static final int REMOTE_SPAWNS = 12_800;
    private static final int THOUSAND = 1_000;
    private static final int YIELDS = 200_000;
    private static final int ACQUIRES = 400_000;
    private static final int MILLION = 1_000_000;
    private static final int SKYNET_TASKS = 1_111_111;

    /** Who runs it. */
    @Param({"quanta", "fork-join", "virtual-threads", "kotlin", "cats-effect"})
    public String engine = TaskMeasurement.QUANTA;

    /** Worker threads. */
    @Param("2")
    public int workers = 2;

    private @Nullable TaskPeer peer;
    private final Outside outside = new Outside();

    /** JMH creates it. */
    public TaskRowBenchmark() {}

    @Setup
    public void start() {
        peer =
                TaskMeasurement.peers().stream()
                        .filter(each -> each.name().equals(engine))
                        .findFirst()
                        .orElseThrow()
                        .start(workers);
    }

    @TearDown
    public void stop() {
        if (peer != null) {
            peer.close();
        }
        outside.close();
    }

    private long run(String row) throws InterruptedException {
        TaskPeer running = Objects.requireNonNull(peer, "not started");
        return TaskRow.named(row).orElseThrow().program().run(running, outside);
    }

    @Benchmark
    @OperationsPerInvocation(SPAWNS)
    public long spawnLocal() throws InterruptedException {
        return run("spawn-local");
    }

    @Benchmark
    @OperationsPerInvocation(SPAWNS)
    public long spawnRemote() throws InterruptedException {
        return run("spawn-remote");
    }

    @Benchmark
    @OperationsPerInvocation(THOUSAND)
    public long chained() throws InterruptedException {
        return run("chained");
    }

    @Benchmark
    @OperationsPerInvocation(THOUSAND)
    public long pingPong() throws InterruptedException {
        return run("ping-pong");
    }

    @Benchmark
    @OperationsPerInvocation(YIELDS)
    public long yieldTo() throws InterruptedException {
        return run("yield");
    }

    @Benchmark
    @OperationsPerInvocation(REMOTE_SPAWNS)
    public long remote1() throws InterruptedException {
        return run("remote-1");
    }

    @Benchmark
    @OperationsPerInvocation(REMOTE_SPAWNS)
    public long remote8() throws InterruptedException {
        return run("remote-8");
    }

    @Benchmark
    @OperationsPerInvocation(ACQUIRES)
    public long semaphore() throws InterruptedException {
        return run("semaphore");
    }

    @Benchmark
    @OperationsPerInvocation(MILLION)
    public long channel() throws InterruptedException {
        return run("channel");
    }

    @Benchmark
    @OperationsPerInvocation(MILLION)
    public long timers() throws InterruptedException {
        return run("timers");
    }

    @Benchmark
    @OperationsPerInvocation(SKYNET_TASKS)
    public long skynet() throws InterruptedException {
        return run("skynet");
    }
}
