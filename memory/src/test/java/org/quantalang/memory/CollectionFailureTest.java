package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.stream.Stream;

/**
 * No memory at any point of a collection, once or from there on: what lives is as it was, and the
 * next collection that has memory finds all garbage.
 */
class CollectionFailureTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("a").reference("b").build();

    /** References of an object lie in several runs, so that a trace copies them. */
    private static final TypeInfo SPLIT =
            TypeInfo.builder("Split").reference("a").int64("between").reference("b").build();

    /** More than the first block of a stack holds. */
    private static final int RING = 10_000;

    /** More than a local trace looks at. */
    private static final int TAIL = 100;

    /** Objects that a small step looks at, and such steps in a whole trace of a tail. */
    private static final long FEW = 8;

    private static final int STEPS = 60;

    private static final int LIVE_RINGS = 3;
    private static final int SMALL_RINGS = 12_000;

    /** The first points are all tried, of those behind one in so many. */
    private static final int ALL_UP_TO = 8;

    private static final int SOME = 13;

    /** How the collection is asked for. */
    enum Call {
        COMPLETE,
        BUDGET
    }

    @ParameterizedTest
    @MethodSource("cases")
    void leavesTheHeapAsItWas(CycleOptions.Algorithm algorithm, Call call, boolean fromThereOn) {
        failAtPoints(algorithm, call, fromThereOn, SOME);
    }

    @Tag("soak")
    @ParameterizedTest
    @MethodSource("cases")
    void leavesTheHeapAsItWasAtEveryPoint(
            CycleOptions.Algorithm algorithm, Call call, boolean fromThereOn) {
        failAtPoints(algorithm, call, fromThereOn, 1);
    }

    private static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of(CycleOptions.Algorithm.LOCAL, Call.COMPLETE, false),
                Arguments.of(CycleOptions.Algorithm.LOCAL, Call.COMPLETE, true),
                Arguments.of(CycleOptions.Algorithm.LOCAL, Call.BUDGET, false),
                Arguments.of(CycleOptions.Algorithm.LOCAL, Call.BUDGET, true),
                Arguments.of(CycleOptions.Algorithm.PLAIN, Call.COMPLETE, false),
                Arguments.of(CycleOptions.Algorithm.PLAIN, Call.COMPLETE, true));
    }

    private static void failAtPoints(
            CycleOptions.Algorithm algorithm, Call call, boolean fromThereOn, int step) {
        long point = 0;
        while (failures(algorithm, call, fromThereOn, point) > 0) {
            point += point < ALL_UP_TO ? 1 : step;
        }
        assertTrue(point > 2, "points=" + point);
    }

    private static long failures(
            CycleOptions.Algorithm algorithm, Call call, boolean fromThereOn, long point) {
        FailingSource source = new FailingSource();
        HeapConfig config =
                HeapConfig.DEFAULT
                        .withPageSource(source)
                        .withAddressSpaceBytes(64 << 20)
                        .withAutomaticCollection(false)
                        .withCycleOptions(CycleOptions.DEFAULT.withAlgorithm(algorithm));
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            heap.register(NODE, SPLIT);
            long[] live = new long[LIVE_RINGS];
            for (int i = 0; i < LIVE_RINGS; i++) {
                live[i] = ring(heap, RING);
                heap.retain(live[i]);
                heap.release(live[i]); // a candidate that lives
            }
            heap.release(ring(heap, RING));
            for (int i = 0; i < SMALL_RINGS; i++) {
                heap.release(ring(heap, 1));
            }

            source.failAfter(point, fromThereOn);
            collect(heap, call);
            source.stop();

            heap.verify();
            for (long ring : live) {
                assertEquals(RING, length(heap, ring));
                assertEquals(2, heap.strongCount(ring));
            }
            heap.collectCycles();
            assertEquals((long) LIVE_RINGS * RING, heap.liveObjects());
            for (long ring : live) {
                heap.release(ring);
            }
            heap.collectCycles();
            assertEquals(0, heap.liveObjects());
        }
        return source.failures;
    }

    /** The decrement that tells a trace in slices of a change finds no memory to note it. */
    @Test
    void aMemberThatCannotBecomeACandidateIsNotFreed() {
        for (int steps = 1; steps < STEPS; steps++) {
            FailingSource source = new FailingSource();
            try (ConfinedHeap heap = ConfinedHeap.open(config(source))) {
                long root = heap.allocate(NODE);
                long holder = heap.allocate(NODE);
                long member = heap.allocate(NODE);
                heap.initReference(root, 0, holder);
                heap.initReference(holder, 0, member);
                tail(heap, member, TAIL, root); // too much for a local trace
                heap.retain(root);
                heap.release(root);
                for (int i = 0; i < steps; i++) {
                    heap.collectCycles(FEW);
                }
                source.failAfter(0, true);
                heap.retain(member);
                heap.setReference(holder, 0, 0);
                source.stop();
                for (int i = 0; i < 10 * STEPS; i++) {
                    heap.collectCycles(FEW);
                }
                heap.verify();
                assertEquals(1, heap.strongCount(member), "steps=" + steps);
                heap.release(member);
                heap.release(root);
                heap.collectCycles();
                assertEquals(0, heap.liveObjects());
            }
        }
    }

    /** A full trace in slices has no memory for what it finds, in each of its phases. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void candidatesOfAFullTraceWithoutMemoryStayCandidates(boolean fromThereOn) {
        for (int steps = 0; steps < 2 * STEPS; steps += 5) {
            FailingSource source = new FailingSource();
            try (ConfinedHeap heap = ConfinedHeap.open(config(source))) {
                long ring = heap.allocate(NODE);
                long last = tail(heap, ring, 2 * TAIL, 0);
                heap.setReference(last, 0, ring);
                heap.retain(ring);
                heap.release(ring);
                for (int i = 0; i < 30; i++) {
                    heap.collectCycles(2000); // found live, so old
                }
                long end = heap.allocate(NODE);
                heap.setReference(end, NODE.offset("b"), ring);
                heap.initReference(ring, NODE.offset("b"), end);
                tail(heap, end, RING, 0);
                heap.release(ring);
                for (int i = 0; i < steps; i++) {
                    heap.collectCycles(200);
                }
                source.failAfter(0, fromThereOn);
                for (int i = 0; i < 30; i++) {
                    heap.collectCycles(200);
                }
                source.stop();
                for (int i = 0; i < 10 * STEPS; i++) {
                    heap.collectCycles(2000);
                }
                assertTrue(heap.collectCycles().complete());
                assertEquals(0, heap.liveObjects(), "steps=" + steps);
            }
        }
    }

    private static HeapConfig config(FailingSource source) {
        return HeapConfig.DEFAULT
                .withPageSource(source)
                .withAddressSpaceBytes(64 << 20)
                .withAutomaticCollection(false);
    }

    /** Hangs nodes one behind the other, which refer back to a root or else to the one before. */
    private static long tail(ConfinedHeap heap, long first, int nodes, long root) {
        long last = first;
        for (int i = 0; i < nodes; i++) {
            long node = heap.allocate(NODE);
            heap.setReference(node, NODE.offset("b"), root == 0 ? last : root);
            heap.initReference(last, 0, node);
            last = node;
        }
        return last;
    }

    private static void collect(ConfinedHeap heap, Call call) {
        switch (call) {
            case COMPLETE -> heap.collectCycles();
            case BUDGET -> {
                for (int i = 0; i < 60; i++) {
                    heap.collectCycles(2000);
                }
            }
        }
    }

    private static long ring(ConfinedHeap heap, int length) {
        long first = heap.allocate(SPLIT);
        long firstB = SPLIT.offset("b");
        long last = first;
        for (int i = 1; i < length; i++) {
            long node = heap.allocate(NODE);
            heap.initReference(last, last == first ? firstB : 0, node);
            last = node;
        }
        heap.setReference(last, last == first ? firstB : 0, first);
        return first;
    }

    private static int length(ConfinedHeap heap, long first) {
        int length = 1;
        long node = heap.getReference(first, SPLIT.offset("b"));
        while (node != first) {
            node = heap.getReference(node, 0);
            length++;
        }
        return length;
    }
}
