package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** Tracers must not throw; one that does costs what it holds, and never another object. */
class TracerFailureTest {
    private final IllegalArgumentException failure = new IllegalArgumentException("a tracer's own");
    private final List<Throwable> told = new ArrayList<>();

    /** Slots that are told before the tracer throws. */
    private int toldSlots = Integer.MAX_VALUE;

    private final TypeInfo pair =
            TypeInfo.builder("Pair")
                    .opaque(16, 8)
                    .tracer(
                            (object, visitor) -> {
                                for (int i = 0; i < 2; i++) {
                                    if (i >= toldSlots) {
                                        throw failure;
                                    }
                                    visitor.slot(object + 8L * i);
                                }
                            })
                    .build();

    private final TypeInfo node =
            TypeInfo.builder("Node").reference("a", "Node").reference("b", pair).build();

    private final HeapConfig config =
            HeapConfig.DEFAULT
                    .withAutomaticCollection(false)
                    .withLeakPolicy(LeakPolicy.FREE_ALL)
                    .withFailureHandler(
                            new FailureHandler() {
                                @Override
                                public void destructorFailed(
                                        TypeInfo type, long object, Throwable thrown) {
                                    throw new AssertionError(thrown);
                                }

                                @Override
                                public void tracerFailed(
                                        TypeInfo type, long object, Throwable thrown) {
                                    told.add(thrown);
                                }
                            });

    @Test
    void anObjectThatDiesIsFreedAndWhatWasNotToldLeaks() {
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            dieWithoutTheSecond(heap);
        }
    }

    @Test
    void soItIsOnASharedHeap() {
        try (SharedHeap heap = SharedHeap.open(config)) {
            dieWithoutTheSecond(heap);
        }
    }

    private void dieWithoutTheSecond(Heap heap) {
        long holder = heap.allocate(pair);
        heap.moveReference(holder, 0, heap.allocate(pair));
        long second = heap.allocate(pair);
        heap.moveReference(holder, 8, second);
        toldSlots = 1;
        heap.release(holder);
        assertEquals(List.of(failure, failure), told); // the first one's tracer too
        assertEquals(1, heap.liveObjects());
        assertEquals(1, heap.strongCount(second));
        toldSlots = Integer.MAX_VALUE;
        heap.verify();
    }

    /** A ring of which one holds a pair, which refers to a live object. */
    private long ringWithPair(ConfinedHeap heap, long live) {
        long first = heap.allocate(node);
        long second = heap.allocate(node);
        heap.moveReference(first, node.offset("a"), second);
        heap.setReference(second, node.offset("a"), first);
        long held = heap.allocate(pair);
        heap.moveReference(second, node.offset("b"), held);
        heap.setReference(held, 0, live);
        return first;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aTraceThatEndsByAnErrorIsTheLast(int slots) {
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            heap.register(pair, node);
            long live = heap.allocate(node);
            long ring = ringWithPair(heap, live);
            heap.retain(ring);
            heap.release(ring);
            toldSlots = slots;
            assertSame(
                    failure,
                    assertThrows(IllegalArgumentException.class, () -> heap.collectCycles()));
            toldSlots = Integer.MAX_VALUE;

            // By the notes that the trace left, what this candidate refers to would be garbage.
            heap.retain(live);
            heap.release(live);
            for (Runnable call :
                    List.<Runnable>of(
                            () -> heap.collectCycles(),
                            () -> heap.collectCycles(100),
                            () -> heap.collectByTracing(live, ring))) {
                String message =
                        String.valueOf(
                                assertThrows(IllegalStateException.class, call::run).getMessage());
                assertTrue(message.startsWith("heap collects no cycles any more"), message);
            }
            assertEquals(2, heap.strongCount(live));
            assertEquals(2, heap.strongCount(ring));
            assertEquals(4, heap.liveObjects());
        }
    }

    @Test
    void automaticCollectionsEndToo() {
        TypeInfo[] types = {pair, node};
        try (ConfinedHeap heap = ConfinedHeap.open(config.withAutomaticCollection(true))) {
            heap.register(types);
            long live = heap.allocate(node);
            long ring = ringWithPair(heap, live);
            heap.retain(ring);
            heap.release(ring);
            toldSlots = 0;
            assertThrows(IllegalArgumentException.class, () -> heap.collectCycles());
            toldSlots = Integer.MAX_VALUE;
            long before = heap.cycleStats().collections();
            int rings = 10_000;
            for (int i = 0; i < rings; i++) {
                heap.release(ringWithPair(heap, live));
            }
            assertEquals(before, heap.cycleStats().collections());
            assertEquals(4 + 3L * rings, heap.liveObjects());
        }
    }
}
