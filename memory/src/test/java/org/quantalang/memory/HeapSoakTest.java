package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * Phases of growth and shrinking, with objects of all sizes, chains, and rings that only the
 * collector frees: live counts return to zero, and what the heap holds to what it held after the
 * first phase.
 */
class HeapSoakTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("a", "Node").reference("b").build();
    private static final int TABLE = 20_000;

    @Test
    void returnsToWhereItBegan() {
        run(Duration.ofSeconds(20));
    }

    @Tag("soak")
    @Test
    void returnsToWhereItBeganForFiveMinutes() {
        run(Duration.ofMinutes(5));
    }

    private static void run(Duration time) {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("HeapSoakTest seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        long end = System.nanoTime() + time.toNanos();
        try (ConfinedHeap heap =
                ConfinedHeap.open(HeapConfig.DEFAULT.withReturnDelay(Duration.ofMillis(20)))) {
            heap.register(NODE);
            long[] table = new long[TABLE];
            long heldAfterFirst = 0;
            long peakAfterFirst = 0;
            int phases = 0;
            while (phases < 2 || System.nanoTime() < end) {
                long peak = phase(heap, table, random);
                phases++;
                heap.verify();
                assertEquals(0, heap.liveObjects(), () -> "left alive:\n" + heap.histogram());
                heap.trim();
                if (phases == 1) {
                    heldAfterFirst = heap.heldBytes();
                    peakAfterFirst = peak;
                }
                assertTrue(heap.heldBytes() <= heldAfterFirst * 11 / 10 + 65536);
                assertTrue(
                        peak <= peakAfterFirst * 3 / 2,
                        "peak=%d first=%d phase=%d".formatted(peak, peakAfterFirst, phases));
            }
            System.out.println("HeapSoakTest phases=" + phases + " " + heap.stats());
        }
    }

    /** Grows, replaces, shrinks; returns the most bytes held. */
    private static long phase(ConfinedHeap heap, long[] table, SplittableRandom random) {
        long peak = 0;
        for (int i = 0; i < 5 * TABLE; i++) {
            int at = random.nextInt(TABLE);
            if (table[at] != 0) {
                heap.release(table[at]);
            }
            table[at] = make(heap, random);
            if (i % 1000 == 0) {
                peak = Math.max(peak, heap.heldBytes());
            }
        }
        for (int at = 0; at < TABLE; at++) {
            if (table[at] != 0) {
                heap.release(table[at]);
                table[at] = 0;
            }
        }
        heap.collectCycles();
        return peak;
    }

    private static long make(ConfinedHeap heap, SplittableRandom random) {
        int kind = random.nextInt(100);
        if (kind < 50) {
            int most = kind == 0 ? 300_000 : kind < 5 ? 20_000 : 400;
            return heap.allocateArrayUninitialized(TypeInfo.byteArray(), random.nextInt(most));
        }
        int length = 1 + random.nextInt(20);
        long first = heap.allocate(NODE);
        long last = first;
        for (int i = 1; i < length; i++) {
            long node = heap.allocate(NODE);
            heap.initReference(last, 0, node);
            last = node;
        }
        if (kind < 75) {
            heap.setReference(last, 8, first);
        }
        return first;
    }
}
