package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;

/**
 * Four threads on one shared heap for minutes, two of which end and are replaced in each round,
 * with rounds of producers and consumers: memory must not grow, and at the end nothing is left.
 */
@Tag("soak")
class SharedHeapSoakTest {
    private static final Duration HOW_LONG =
            Duration.ofSeconds(Long.getLong("quanta.soak.seconds", 300));
    private static final long MOST_BYTES = 256L << 20;

    @Test
    void memoryDoesNotGrowWhileThreadsComeAndGo() throws Exception {
        long seed = System.nanoTime();
        long end = System.nanoTime() + HOW_LONG.toNanos();
        try (SharedHeap heap = SharedHeap.open()) {
            long operations =
                    new SharedProgram(heap, seed, 20_000)
                            .run(
                                    round -> {
                                        assertTrue(
                                                heap.heldBytes() < MOST_BYTES,
                                                "held " + heap.heldBytes());
                                        return System.nanoTime() < end;
                                    });
            System.out.println(
                    "SharedHeapSoakTest seed=%d operations=%d heldBytes=%d"
                            .formatted(seed, operations, heap.heldBytes()));
        }
    }
}
