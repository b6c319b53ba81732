package org.quantalang.core.internal.classgraph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.memory.ConfinedHeap;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** The off-heap graph and the independent count, on graphs small enough to know. */
class ClassGraphTest {
    private final ConfinedHeap heap = ConfinedHeap.open();

    @AfterEach
    void heapIsEmptyAndSound() {
        heap.verify();
        assertEquals(0, heap.liveObjects());
        heap.close();
    }

    @Nested
    class GivenTwoClassesThatMentionEachOtherAndAThird {
        private final List<ClassRecord> records =
                List.of(
                        type("a", "A", null, Set.of("B"), List.of(), List.of()),
                        type("a", "B", "C", Set.of("A", "C"), List.of(), List.of()),
                        type("b", "C", null, Set.of(), List.of(), List.of()));

        @Test
        void countsTheSameOffHeapAndOnTheJavaHeap() {
            OffHeapGraph graph = OffHeapGraph.host(heap, records, _ -> {});
            OffHeapComponents walk = OffHeapComponents.of(graph);

            assertEquals(new ExpectedGraph(3, 4, 2, 2), ExpectedGraph.of(records));
            assertEquals(4, walk.references());
            assertEquals(2, walk.components());
            assertEquals(2, walk.largest());
            dropAll(graph);
        }

        @Test
        void keepsAClassOfADroppedModuleAsLongAsAnotherMentionsIt() {
            OffHeapGraph graph = OffHeapGraph.host(heap, records, _ -> {});
            long all = heap.liveObjects();

            graph.drop("b");
            heap.collectCycles();
            assertEquals(all, heap.liveObjects());

            graph.drop("a");
            heap.collectCycles();
            assertEquals(0, heap.liveObjects());
        }

        @Test
        void refusesToDropAModuleTwice() {
            OffHeapGraph graph = OffHeapGraph.host(heap, records, _ -> {});
            graph.drop("a");

            var failure = assertThrows(IllegalArgumentException.class, () -> graph.drop("a"));

            assertEquals("no such module, or dropped before: module=a", failure.getMessage());
            dropAll(graph);
        }
    }

    @Nested
    class GivenAClassWithMembers {
        private final List<ClassRecord> records =
                List.of(
                        type(
                                "a",
                                "A",
                                null,
                                Set.of("B"),
                                List.of(new ClassRecord.Member("field", Set.of("B"))),
                                List.of(
                                        new ClassRecord.Member("one", Set.of("A", "missing")),
                                        new ClassRecord.Member("two", Set.of()))),
                        type("a", "B", null, Set.of(), List.of(), List.of()));

        @Test
        void hostsThemWithTheirNamesAndOwners() {
            OffHeapGraph graph = OffHeapGraph.host(heap, records, _ -> {});
            OffHeapComponents walk = OffHeapComponents.of(graph);

            assertEquals("A", graph.nameOf(graph.classes().get(0)));
            assertEquals(1, graph.fieldCount());
            assertEquals(2, graph.methodCount());
            assertEquals(0, walk.membersOfOtherClasses());
            // A -> B, A -> three members, field -> B, one -> A; A and "one" are a component.
            assertEquals(6, walk.references());
            assertEquals(new ExpectedGraph(5, 6, 4, 2), ExpectedGraph.of(records));
            assertEquals(2, walk.largest());
            dropAll(graph);
        }
    }

    @Nested
    class GivenARandomGraph {
        @ParameterizedTest
        @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
        void agreesWithTheIndependentCount(long seed) {
            List<ClassRecord> records = randomRecords(new Random(seed), 300);
            ExpectedGraph expected = ExpectedGraph.of(records);

            OffHeapGraph graph = OffHeapGraph.host(heap, records, _ -> {});
            OffHeapComponents walk = OffHeapComponents.of(graph);

            assertEquals(expected.references(), walk.references());
            assertEquals(expected.components(), walk.components());
            assertEquals(expected.largestComponent(), walk.largest());
            assertEquals(0, walk.membersOfOtherClasses());
            dropAll(graph);
        }

        private static List<ClassRecord> randomRecords(Random random, int count) {
            var records = new ArrayList<ClassRecord>();
            for (int i = 0; i < count; i++) {
                Set<String> mentions = randomNames(random, count, 2);
                mentions.remove("C" + i);
                records.add(
                        type(
                                "m" + i % 7,
                                "C" + i,
                                i == 0 ? null : "C" + random.nextInt(i),
                                mentions,
                                List.of(new ClassRecord.Member("f", randomNames(random, count, 1))),
                                List.of(
                                        new ClassRecord.Member(
                                                "m", randomNames(random, count, 3)))));
            }
            return records;
        }

        private static Set<String> randomNames(Random random, int count, int most) {
            var names = new HashSet<String>();
            for (int i = random.nextInt(most + 1); i > 0; i--) {
                names.add("C" + random.nextInt(count));
            }
            return names;
        }
    }

    private void dropAll(OffHeapGraph graph) {
        graph.modules().forEach(graph::drop);
        heap.collectCycles();
    }

    private static ClassRecord type(
            String module,
            String name,
            @Nullable String superclass,
            Set<String> mentions,
            List<ClassRecord.Member> fields,
            List<ClassRecord.Member> methods) {
        return new ClassRecord(
                module,
                name,
                superclass,
                List.of(),
                new LinkedHashSet<>(mentions),
                fields,
                methods);
    }
}
