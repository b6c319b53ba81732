package org.quantalang.bench.scheduler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One row of the benchmark: a program and its size.
 *
 * @param name what the command calls it
 * @param unit what the time is divided by
 * @param units how many of them one run has
 * @param runs runs in one repetition, so that it takes tens of milliseconds
 * @param parameters shape and size, for the reader
 * @param program starts one run
 */
public record TaskRow(
        String name,
        String unit,
        long units,
        int runs,
        Map<String, Object> parameters,
        Program program) {
    private static final int SPAWNS = 10_000;
    private static final int REMOTE_SPAWNS = 12_800;
    private static final int CHAIN = 1_000;
    private static final int ROUNDS = 1_000;
    private static final int YIELDERS = 200;
    private static final int YIELDS = 1_000;
    private static final int CONTENDERS = 4;
    private static final int ACQUIRES = 100_000;
    private static final int CAPACITY = 64;
    private static final int ELEMENTS = 1_000_000;
    private static final int TIMERS_AT_ONCE = 1_000;
    private static final int TIMER_BATCHES = 1_000;
    private static final int LEAVES = 1_000_000;
    private static final int SKYNET_TASKS = 1_111_111;
    private static final int MAX_REMOTE = 64;

    /** What one run does. */
    @FunctionalInterface
    public interface Program {
        /**
         * Runs once.
         *
         * @return the checksum
         */
        long run(TaskPeer peer, Outside outside) throws InterruptedException;
    }

    /** Starts a run that counts down. */
    private interface Start {
        void on(TaskPeer peer, Countdown done);
    }

    /** What a millisecond of a repetition is in nanoseconds a unit. */
    public double nanosPerMilli() {
        return 1e6 / (units * runs);
    }

    /** The rows in their usual order, remote-N for 1, 2, 4 and 8 threads. */
    public static List<TaskRow> all() {
        return List.of(
                row(
                        "spawn-local",
                        "task",
                        SPAWNS,
                        50,
                        ordered("tasks", SPAWNS),
                        SPAWNS,
                        (peer, done) -> peer.spawnLocal(SPAWNS, done)),
                row(
                        "spawn-remote",
                        "task",
                        SPAWNS,
                        50,
                        ordered("tasks", SPAWNS),
                        SPAWNS,
                        (peer, done) -> peer.spawn(0, SPAWNS, done)),
                row(
                        "chained",
                        "task",
                        CHAIN,
                        500,
                        ordered("tasks", CHAIN),
                        1,
                        (peer, done) -> peer.chained(CHAIN, done)),
                row(
                        "ping-pong",
                        "round",
                        ROUNDS,
                        100,
                        ordered("rounds", ROUNDS),
                        ROUNDS,
                        (peer, done) -> peer.pingPong(ROUNDS, done)),
                row(
                        "yield",
                        "yield",
                        (long) YIELDERS * YIELDS,
                        5,
                        ordered("tasks", YIELDERS, "yields", YIELDS),
                        YIELDERS,
                        (peer, done) -> peer.yields(YIELDERS, YIELDS, done)),
                remote(1),
                remote(2),
                remote(4),
                remote(8),
                row(
                        "semaphore",
                        "acquire",
                        (long) CONTENDERS * ACQUIRES,
                        2,
                        ordered("tasks", CONTENDERS, "acquires", ACQUIRES, "permits", 1),
                        CONTENDERS,
                        (peer, done) -> peer.semaphore(CONTENDERS, ACQUIRES, done)),
                row(
                        "channel",
                        "element",
                        ELEMENTS,
                        1,
                        ordered("capacity", CAPACITY, "elements", ELEMENTS),
                        1,
                        (peer, done) -> peer.channel(CAPACITY, ELEMENTS, done)),
                row(
                        "timers",
                        "timer",
                        (long) TIMERS_AT_ONCE * TIMER_BATCHES,
                        1,
                        ordered("atOnce", TIMERS_AT_ONCE, "batches", TIMER_BATCHES),
                        1,
                        (peer, done) -> peer.timers(TIMERS_AT_ONCE, TIMER_BATCHES, done)),
                row(
                        "skynet",
                        "task",
                        SKYNET_TASKS,
                        1,
                        ordered("leaves", LEAVES, "children", 10),
                        1,
                        (peer, done) -> peer.skynet(LEAVES, done)));
    }

    /** Finds a row, also a remote-N that is not in the usual set. */
    public static Optional<TaskRow> named(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        Optional<TaskRow> usual = all().stream().filter(row -> row.name.equals(wanted)).findFirst();
        if (usual.isPresent() || !wanted.matches("remote-[1-9][0-9]?")) {
            return usual;
        }
        int threads = Integer.parseInt(wanted.substring("remote-".length()));
        return threads <= MAX_REMOTE ? Optional.of(remote(threads)) : Optional.empty();
    }

    private static TaskRow row(
            String name,
            String unit,
            long units,
            int runs,
            Map<String, Object> parameters,
            int counted,
            Start start) {
        return new TaskRow(
                name,
                unit,
                units,
                runs,
                parameters,
                (peer, _) -> {
                    var done = new Countdown(counted);
                    start.on(peer, done);
                    return done.await();
                });
    }

    /** A map in the order of its arguments, which are names and values in turn. */
    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    private static TaskRow remote(int threads) {
        int each = REMOTE_SPAWNS / threads;
        return new TaskRow(
                "remote-" + threads,
                "task",
                (long) each * threads,
                40,
                ordered("tasks", each * threads, "threads", threads),
                (peer, outside) -> {
                    var done = new Countdown(each * threads);
                    outside.run(threads, thread -> peer.spawn(thread * each, each, done));
                    return done.await();
                });
    }
}
