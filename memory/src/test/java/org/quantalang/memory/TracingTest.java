package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.memory.internal.object.Memory;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/** Collection from given roots: what they do not lead to goes, whatever its count says. */
class TracingTest {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 8, 8);
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("a", "Node")
                    .reference("b", "Node")
                    .reference("leaf", LEAF)
                    .build();
    private static final long A = NODE.offset("a");
    private static final long B = NODE.offset("b");
    private static final long LEAF_FIELD = NODE.offset("leaf");

    private static ConfinedHeap open(CycleOptions.Algorithm algorithm) {
        return open(HeapConfig.DEFAULT, algorithm);
    }

    private static ConfinedHeap open(HeapConfig config, CycleOptions.Algorithm algorithm) {
        return ConfinedHeap.open(
                config.withCycleOptions(CycleOptions.DEFAULT.withAlgorithm(algorithm)));
    }

    private static long chain(ConfinedHeap heap, int length) {
        long first = 0;
        for (int i = 0; i < length; i++) {
            long node = heap.allocate(NODE);
            heap.initReference(node, A, first);
            first = node;
        }
        return first;
    }

    @ParameterizedTest
    @EnumSource
    void freesWhatWasRetainedAndForgotten(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            long kept = chain(heap, 10);
            long forgotten = chain(heap, 7);
            heap.initReference(forgotten, LEAF_FIELD, heap.allocate(LEAF));
            CollectionResult result = heap.collectByTracing(kept);
            assertEquals(8, result.freedObjects());
            assertTrue(result.complete());
            assertEquals(CollectionResult.Reason.TRACING, result.reason());
            heap.verify();
            assertEquals(10, heap.liveObjects());
            heap.release(kept);
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesTheReferencesOfWhatItFreedAway(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            long kept = chain(heap, 2);
            long forgotten = heap.allocate(NODE);
            heap.setReference(forgotten, A, kept);
            heap.setReference(forgotten, B, kept);
            assertEquals(3, heap.strongCount(kept));
            heap.collectByTracing(kept);
            assertEquals(1, heap.strongCount(kept));
            heap.release(kept);
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void findsACycleThatNoDecrementToldOf(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            long first = chain(heap, 3);
            long last = heap.getReference(heap.getReference(first, A), A);
            heap.moveReference(last, A, first); // the reference that held the chain
            heap.collectByTracing();
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsWhatHandlesViewsAndImmortalObjectsHold(CycleOptions.Algorithm algorithm) {
        RefType<Object> type = RefType.of(Object.class, NODE);
        try (ConfinedHeap heap = open(algorithm);
                Ref<Object> handle = type.empty(heap);
                Ref<Object> viewed = type.empty(heap)) {
            handle.allocate();
            heap.initReference(handle.address(), A, chain(heap, 2));
            long immortal = chain(heap, 2);
            heap.makeImmortal(immortal);
            try (Arena arena = Arena.ofConfined()) {
                viewed.allocate();
                viewed.view(arena);
                viewed.clear();
                assertEquals(0, heap.collectByTracing(0).freedObjects());
                assertEquals(6, heap.liveObjects());
            }
            handle.clear();
            heap.collectByTracing();
            assertEquals(2, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aWeakHandleDoesNotKeepItsObject(CycleOptions.Algorithm algorithm) {
        RefType<Object> type = RefType.of(Object.class, NODE);
        try (ConfinedHeap heap = open(algorithm);
                Ref<Object> handle = type.empty(heap)) {
            handle.allocate();
            heap.retain(handle.address()); // and forgotten
            try (WeakRef<Object> weak = handle.weak()) {
                handle.clear();
                heap.collectByTracing();
                assertFalse(weak.upgrade(handle));
            }
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void finishesWhatAnInterruptedTraceBegan(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap =
                open(HeapConfig.DEFAULT.withAutomaticCollection(false), algorithm)) {
            long kept = chain(heap, 1000);
            for (int i = 0; i < 20; i++) {
                long ring = chain(heap, 1000);
                heap.setReference(ring, B, ring);
                heap.setReference(ring, LEAF_FIELD, 0);
                heap.release(ring);
            }
            heap.collectCycles(1500);
            heap.collectByTracing(kept);
            heap.verify();
            assertEquals(1000, heap.liveObjects());
            heap.release(kept);
        }
    }

    @Test
    void theVerifierCountsWhatRootsDoNotLeadTo() {
        RefType<Object> type = RefType.of(Object.class, NODE);
        try (ConfinedHeap heap = ConfinedHeap.open();
                Ref<Object> handle = type.empty(heap)) {
            handle.allocate();
            long kept = chain(heap, 10);
            chain(heap, 7);
            assertEquals(0, heap.verify().unreachable());
            assertEquals(7, heap.verifyFrom(kept).unreachable());
            assertEquals(17, heap.verifyFrom().unreachable());
            long child = heap.getReference(kept, A);
            var uncounted = assertThrows(IllegalStateException.class, () -> heap.verifyFrom(child));
            assertTrue(
                    String.valueOf(uncounted.getMessage()).contains("not counted from outside"),
                    uncounted::toString);
            heap.collectByTracing(kept);
            assertEquals(0, heap.verifyFrom(kept).unreachable());
            heap.release(kept);
        }
    }

    @Test
    void refusesARootThatIsNoLiveObject() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long object = heap.allocate(NODE);
            var inside =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> heap.collectByTracing(object + 16));
            assertTrue(
                    String.valueOf(inside.getMessage()).contains("not the start of a block"),
                    inside::toString);
            heap.weakRetain(object);
            heap.release(object);
            var dead =
                    assertThrows(
                            IllegalArgumentException.class, () -> heap.collectByTracing(object));
            assertTrue(String.valueOf(dead.getMessage()).contains("dead"), dead::toString);
            heap.weakRelease(object);
        }
    }

    // ---- destructors

    /** Objects with a destructor that notes its number and then acts. */
    private static final class Destructibles {
        final List<Long> destroyed = new ArrayList<>();
        final TypeInfo type;
        LongConsumer act = _ -> {};

        Destructibles() {
            type =
                    TypeInfo.builder("Destructible")
                            .reference("a")
                            .int64("number")
                            .destructor(
                                    (_, object) -> {
                                        destroyed.add(Memory.getLong(object, 8));
                                        act.accept(object);
                                    })
                            .build();
        }

        long make(ConfinedHeap heap, long number) {
            long object = heap.allocate(type);
            heap.putLong(object, 8, number);
            return object;
        }
    }

    @ParameterizedTest
    @EnumSource
    void destructorsRunOnceInTheOrderOfAddressesAndSeeAllWhole(CycleOptions.Algorithm algorithm) {
        var objects = new Destructibles();
        try (ConfinedHeap heap = open(algorithm)) {
            long first = objects.make(heap, 1);
            long second = objects.make(heap, 2);
            heap.setReference(second, 0, first);
            heap.weakRetain(first);
            objects.act =
                    object -> {
                        long target = heap.getReference(object, 0);
                        assertEquals(object == second ? first : 0, target);
                        assertEquals(0, heap.upgrade(first));
                    };
            heap.collectByTracing();
            assertEquals(Set.of(1L, 2L), Set.copyOf(objects.destroyed));
            assertEquals(2, objects.destroyed.size());
            assertEquals(first < second ? 1L : 2L, objects.destroyed.getFirst());
            heap.weakRelease(first);
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatADestructorStoresInASurvivorComesBackWithAllItLeadsTo(
            CycleOptions.Algorithm algorithm) {
        var objects = new Destructibles();
        try (ConfinedHeap heap = open(algorithm)) {
            long kept = heap.allocate(NODE);
            long dead = objects.make(heap, 1);
            heap.initReference(dead, 0, chain(heap, 5));
            chain(heap, 3); // forgotten, and not brought back
            objects.act = object -> heap.setReference(kept, A, object);
            heap.collectByTracing(kept);
            heap.verify();
            assertEquals(7, heap.liveObjects());
            assertEquals(2, heap.strongCount(dead), "the field, and what was forgotten before");
            heap.setReference(kept, A, 0);
            heap.collectByTracing(kept);
            assertEquals(1, objects.destroyed.size());
            assertEquals(1, heap.liveObjects());
            heap.release(kept);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatADestructorRetainsComesBack(CycleOptions.Algorithm algorithm) {
        var objects = new Destructibles();
        try (ConfinedHeap heap = open(algorithm)) {
            long dead = objects.make(heap, 1);
            long child = heap.allocate(NODE);
            heap.initReference(dead, 0, child);
            objects.act = _ -> heap.retain(child);
            heap.collectByTracing();
            heap.verify();
            assertEquals(1, heap.liveObjects());
            assertEquals(1, heap.strongCount(child));
            heap.release(child);
            assertEquals(0, heap.liveObjects());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatADestructorAllocatesStays(CycleOptions.Algorithm algorithm) {
        var objects = new Destructibles();
        try (ConfinedHeap heap = open(algorithm)) {
            long[] made = new long[1];
            objects.make(heap, 1);
            objects.act = _ -> made[0] = chain(heap, 4);
            heap.collectByTracing();
            heap.verify();
            assertEquals(4, heap.liveObjects());
            heap.release(made[0]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNothingInsideADestructor(CycleOptions.Algorithm algorithm) {
        var objects = new Destructibles();
        try (ConfinedHeap heap = open(algorithm)) {
            long kept = chain(heap, 3);
            objects.act = _ -> assertEquals(CollectionResult.NOTHING, heap.collectByTracing());
            heap.release(objects.make(heap, 1));
            objects.make(heap, 2);
            heap.collectByTracing(kept);
            assertEquals(List.of(1L, 2L), objects.destroyed);
            assertEquals(3, heap.liveObjects());
            heap.release(kept);
        }
    }

    // ---- no memory

    @ParameterizedTest
    @EnumSource
    void withoutMemoryTheHeapIsAsItWas(CycleOptions.Algorithm algorithm) {
        for (boolean destructors : new boolean[] {false, true}) {
            long point = 0;
            while (failures(algorithm, destructors, point) > 0) {
                point++;
            }
            assertTrue(point >= 1, "points=" + point);
        }
    }

    private static long failures(
            CycleOptions.Algorithm algorithm, boolean withDestructors, long point) {
        var source = new FailingSource();
        var objects = new Destructibles();
        try (ConfinedHeap heap =
                open(
                        HeapConfig.DEFAULT
                                .withPageSource(source)
                                .withAddressSpaceBytes(64 << 20)
                                .withAutomaticCollection(false),
                        algorithm)) {
            long kept = chain(heap, 20_000);
            chain(heap, 20_000);
            if (withDestructors) {
                objects.make(heap, 1);
            }
            long all = heap.liveObjects();
            source.failAfter(point, false);
            CollectionResult result = heap.collectByTracing(kept);
            source.stop();
            heap.verify();
            if (!result.complete()) {
                assertEquals(all, heap.liveObjects());
                assertEquals(0, objects.destroyed.size());
            }
            heap.collectByTracing(kept);
            assertEquals(20_000, heap.liveObjects());
            assertEquals(withDestructors ? 1 : 0, objects.destroyed.size());
            heap.release(kept);
            assertEquals(0, heap.liveObjects());
        }
        return source.failures;
    }
}
