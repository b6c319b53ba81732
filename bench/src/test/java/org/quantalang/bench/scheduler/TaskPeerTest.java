package org.quantalang.bench.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.util.ArrayList;
import java.util.List;

/** Every peer does the work of every row: small sizes, the result computed by hand. */
class TaskPeerTest {
    private static final int WORKERS = 2;

    private interface Start {
        void on(TaskPeer peer, Countdown done);
    }

    private record Work(String row, int counted, long expected, Start start) {}

    private static final List<Work> WORK =
            List.of(
                    new Work("spawn", 100, 4_950, (peer, done) -> peer.spawn(0, 100, done)),
                    new Work("spawn from 50", 50, 3_725, (peer, done) -> peer.spawn(50, 50, done)),
                    new Work("spawn-local", 100, 4_950, (peer, done) -> peer.spawnLocal(100, done)),
                    new Work("chained", 1, 50, (peer, done) -> peer.chained(50, done)),
                    new Work("ping-pong", 20, 190, (peer, done) -> peer.pingPong(20, done)),
                    new Work("yield", 5, 35, (peer, done) -> peer.yields(5, 7, done)),
                    new Work("semaphore", 4, 4_000, (peer, done) -> peer.semaphore(4, 1_000, done)),
                    new Work("channel", 1, 499_500, (peer, done) -> peer.channel(4, 1_000, done)),
                    new Work("timers", 1, 100, (peer, done) -> peer.timers(10, 10, done)),
                    new Work("skynet", 1, 499_500, (peer, done) -> peer.skynet(1_000, done)));

    @TestFactory
    List<DynamicTest> computesWhatTheRowSays() {
        var tests = new ArrayList<DynamicTest>();
        for (TaskPeer.Provider provider : TaskMeasurement.peers()) {
            for (Work work : WORK) {
                tests.add(
                        DynamicTest.dynamicTest(
                                provider.name() + " " + work.row(),
                                () -> {
                                    try (TaskPeer peer = provider.start(WORKERS)) {
                                        var done = new Countdown(work.counted());
                                        work.start().on(peer, done);
                                        assertEquals(work.expected(), done.await());
                                    }
                                }));
            }
        }
        return tests;
    }

    @Test
    void findsThisRuntimeFirstAndFourPeers() {
        assertEquals(
                List.of("quanta", "fork-join", "virtual-threads", "kotlin", "cats-effect"),
                TaskMeasurement.peers().stream().map(TaskPeer.Provider::name).toList());
    }

    @Test
    void takesRemoteRowsOfOneTo64Threads() {
        assertTrue(TaskRow.named("remote-64").isPresent());
        assertTrue(TaskRow.named("remote-3").isPresent());
        assertTrue(TaskRow.named("remote-0").isEmpty());
        assertTrue(TaskRow.named("remote-65").isEmpty());
    }

    @Test
    void refusesRepetitionsThatDiffer() {
        var row =
                new TaskRow(
                        "odd",
                        "run",
                        1,
                        1,
                        java.util.Map.of(),
                        (_, _) -> System.nanoTime()); // never the same twice
        var failure =
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                TaskMeasurement.measure(
                                        row, TaskMeasurement.peers().getFirst(), WORKERS, 0, 3));
        assertTrue(
                String.valueOf(failure.getMessage()).startsWith("checksums differ: row=odd"),
                failure::toString);
    }
}
