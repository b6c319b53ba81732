package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.time.Duration;

/**
 * How much garbage may wait for a full trace: rings linked both ways, too large for a local trace,
 * which were found live once, so that traces of young objects leave them out. The bound is that of
 * docs/design/26-cycle-triggers.md.
 */
class WaitingGarbageTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .reference("previous", "Node")
                    .reference("held", TypeInfo.byteArray())
                    .build();
    private static final TypeInfo BYTES = TypeInfo.byteArray();
    private static final long NEXT = NODE.offset("next");
    private static final long PREVIOUS = NODE.offset("previous");
    private static final long HELD = NODE.offset("held");
    private static final int HELD_BYTES = 400_000;

    /** More than {@link CycleOptions#localObjects} and a collection's candidates. */
    private static final int RING = 200;

    /** Full traces that find nothing, in {@link #DROPPED} times ten small collections. */
    private static final int MOST_FOR_NOTHING = 6;

    /** About a megabyte. */
    private static final int LARGE_RING = 20_000;

    private static final int LARGE_RINGS = 250;
    private static final int KEPT = 100;
    private static final int DROPPED = 10_000;

    /** So many live candidates that there is no credit left. */
    private static final int BARREN = 20_000;

    private static final long GROWTH_BYTES = 1 << 20;

    /** The collector looks at it once in a while only. */
    private static final double SELDOM = 1.15;

    private long most;
    private long waited;

    @BeforeEach
    void blocksAreAsUsual() {
        assumeFalse(CheckedLevel.SITES, "blocks are longer or wait in this level of checks");
        assumeFalse(Boolean.getBoolean("quanta.heap.stressCycles"), "nothing waits in this run");
    }

    @Test
    void isBoundedByTheGrowthSinceTheLastFullTrace() {
        long live = drop(100, Duration.ofNanos(200_000));
        assertTrue(waited > 0, "nothing waited");
        // Half as much again may be made while a trace in slices is on its way: one of young
        // candidates, and then the full one.
        assertTrue(most <= SELDOM * 9 / 4 * (2 * live + GROWTH_BYTES), this::told);
    }

    @Test
    void isBoundedByTheGrowthWithoutSlices() {
        long live = drop(100, Duration.ZERO);
        assertTrue(waited > 0, "nothing waited");
        assertTrue(most <= SELDOM * (2 * live + GROWTH_BYTES), this::told);
    }

    @Test
    void isMoreIfMoreGrowthIsAllowed() {
        long live = drop(1_000, Duration.ZERO);
        assertTrue(most > SELDOM * 9 / 4 * (2 * live + GROWTH_BYTES), this::told);
        assertTrue(most <= SELDOM * (11 * live + GROWTH_BYTES), this::told);
    }

    @Test
    void fewLiveCandidatesAreTraced() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long[] kept = hold(heap, BARREN);
            CycleStats stats = heap.cycleStats();
            long tried = stats.localHeld() + stats.localOpen();
            assertTrue(tried < 2048 + BARREN / 16, () -> "tried=" + tried);
            assertTrue(stats.waitingOld() > BARREN / 2, () -> stats.toString());
            releaseAll(heap, kept);
        }
    }

    @Test
    void garbageAfterManyLiveCandidatesIsFoundSoon() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long[] kept = hold(heap, BARREN);
            long live = heap.liveObjects();
            long mostWaiting = 0;
            for (int i = 0; i < BARREN; i++) {
                heap.release(pair(heap));
                mostWaiting = Math.max(mostWaiting, heap.liveObjects() - live);
            }
            long most = mostWaiting;
            assertTrue(most < 2 * 4 * 32, () -> "objects that waited=" + most);
            releaseAll(heap, kept);
        }
    }

    @Test
    void fullTracesForNothingBecomeRare() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long live = ring(heap);
            for (int i = 0; i < 10 * DROPPED; i++) {
                long pair = pair(heap);
                heap.setReference(pair, PREVIOUS, live); // a candidate too, when the pair dies
                heap.release(pair);
            }
            CycleStats stats = heap.cycleStats();
            assertTrue(stats.full() > 0, () -> stats.toString());
            assertTrue(stats.full() <= MOST_FOR_NOTHING, () -> stats.toString());
            releaseAll(heap, new long[] {live});
        }
    }

    @Test
    void largeRingsDoNotPileUp() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            for (int i = 0; i < LARGE_RINGS; i++) {
                heap.release(ring(heap, LARGE_RING));
                most = Math.max(most, heap.liveBytes());
            }
            assertTrue(most < 2 * CycleOptions.DEFAULT.growthBytes(), this::told);
            heap.collectCycles();
            assertEquals(0, heap.liveObjects());
        }
    }

    @Test
    void whatOnlyGarbageHoldsCountsAsMuch() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            for (int i = 0; i < DROPPED / 5; i++) {
                long ring = ring(heap);
                heap.moveReference(ring, HELD, heap.allocateArrayUninitialized(BYTES, HELD_BYTES));
                findLive(heap, ring);
                heap.release(ring);
                most = Math.max(most, heap.liveBytes());
            }
            assertTrue(most < 8 * CycleOptions.DEFAULT.growthBytes(), this::told);
            heap.collectCycles();
            assertEquals(0, heap.liveObjects());
        }
    }

    @Test
    void isFoundAlsoIfNoNewCandidatesCome() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long ring = ring(heap, LARGE_RING);
            findLive(heap, ring);
            heap.collectCycles();
            heap.release(ring);
            long[] arrays = new long[500];
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = heap.allocateArrayUninitialized(BYTES, HELD_BYTES);
            }
            assertEquals(arrays.length, heap.liveObjects());
            releaseAll(heap, arrays);
        }
    }

    /** Makes pairs that are held, each of them a candidate once. */
    private static long[] hold(ConfinedHeap heap, int pairs) {
        long[] held = new long[pairs];
        for (int i = 0; i < pairs; i++) {
            held[i] = pair(heap);
            heap.retain(held[i]);
            heap.release(held[i]);
        }
        return held;
    }

    private static void releaseAll(ConfinedHeap heap, long[] held) {
        for (long object : held) {
            heap.release(object);
        }
        heap.collectCycles();
        assertEquals(0, heap.liveObjects());
    }

    private static long pair(ConfinedHeap heap) {
        long first = heap.allocate(NODE);
        long second = heap.allocate(NODE);
        heap.setReference(second, NEXT, first);
        heap.moveReference(first, NEXT, second);
        return first;
    }

    private String told() {
        return "most live bytes=%d waited=%d".formatted(most, waited);
    }

    /** Returns how many bytes are live when all garbage is gone. */
    private long drop(int growthPercent, Duration slice) {
        CycleOptions options =
                CycleOptions.DEFAULT
                        .withFullTraces(1, growthPercent, GROWTH_BYTES)
                        .withSlice(slice);
        try (ConfinedHeap heap = ConfinedHeap.open(HeapConfig.DEFAULT.withCycleOptions(options))) {
            long[] kept = new long[KEPT];
            for (int i = 0; i < KEPT; i++) {
                kept[i] = ring(heap);
                findLive(heap, kept[i]);
            }
            heap.collectCycles();
            long live = heap.liveBytes();
            for (int i = 0; i < DROPPED; i++) {
                long ring = ring(heap);
                findLive(heap, ring);
                heap.release(ring);
                most = Math.max(most, heap.liveBytes());
                waited = Math.max(waited, heap.cycleStats().waitingOld());
            }
            heap.collectCycles();
            assertEquals(live, heap.liveBytes());
            releaseAll(heap, kept);
            return live;
        }
    }

    /** A ring of which one node is held. */
    private static long ring(ConfinedHeap heap) {
        return ring(heap, RING);
    }

    private static long ring(ConfinedHeap heap, int nodes) {
        long first = heap.allocate(NODE);
        long last = first;
        for (int i = 1; i < nodes; i++) {
            long node = heap.allocate(NODE);
            heap.setReference(node, PREVIOUS, last);
            heap.moveReference(last, NEXT, node);
            last = node;
        }
        heap.setReference(last, NEXT, first);
        heap.setReference(first, PREVIOUS, last);
        return first;
    }

    /** Makes candidates of all its nodes, so that the collector looks at them while it is held. */
    private static void findLive(ConfinedHeap heap, long ring) {
        long node = ring;
        do {
            heap.retain(node);
            heap.release(node);
            node = heap.getReference(node, NEXT);
        } while (node != ring);
    }
}
