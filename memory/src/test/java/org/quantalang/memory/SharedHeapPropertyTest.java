package org.quantalang.memory;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.shared.Owners;

/** Random programs of four threads against a model; a failure names the seed. */
class SharedHeapPropertyTest {
    private static final long SEED = Long.getLong("quanta.seed", System.nanoTime());

    private static void run(HeapConfig config, int rounds, int operations) throws Exception {
        System.out.println("SharedHeapPropertyTest seed=" + SEED);
        try (SharedHeap heap = SharedHeap.open(config)) {
            new SharedProgram(heap, SEED, operations).run(rounds);
        }
    }

    @Test
    void agreesWithTheModelAtEachQuietPoint() throws Exception {
        run(HeapConfig.DEFAULT, 50, 5_000);
    }

    @Test
    void agreesWithTheModelWhenReleasesStop() throws Exception {
        run(HeapConfig.DEFAULT.withReleaseBudget(1), 20, 2_000);
    }

    @Test
    void agreesWithTheModelWhenQuietPointsAreMany() throws Exception {
        run(HeapConfig.DEFAULT, 300, 50);
    }

    /** Threads that come late have no owner of their own number. */
    @Test
    void agreesWithTheModelWhenThreadsAreLentNumbers() throws Exception {
        long number = 0;
        while (number <= Owners.MOST_SAME) {
            number = Thread.ofPlatform().unstarted(() -> {}).threadId();
        }
        run(HeapConfig.DEFAULT, 100, 500);
    }

    @Test
    @Tag("soak")
    void agreesWithTheModelOverTenMillionOperations() throws Exception {
        run(HeapConfig.DEFAULT, 250, 10_000);
    }
}
