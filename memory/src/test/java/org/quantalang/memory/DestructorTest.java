package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantalang.memory.internal.object.Memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class DestructorTest {
    private final List<String> log = new ArrayList<>();
    private final List<Throwable> failures = new ArrayList<>();
    private Destructor behaviour = (heap, object) -> {};

    private final TypeInfo leaf = TypeInfo.leaf("Leaf", 8, 8);
    private final TypeInfo node =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("weak", "Node")
                    .int64("id")
                    .reference("leaf", leaf)
                    .destructor(
                            (heap, object) -> {
                                log.add("drop " + Memory.getLong(object, 16));
                                behaviour.destroy(heap, object);
                            })
                    .build();

    @RegisterExtension
    final HeapUnderTest test =
            new HeapUnderTest(
                    HeapConfig.DEFAULT
                            .withAutomaticCollection(false)
                            .withFailureHandler((type, object, failure) -> failures.add(failure)));

    private ConfinedHeap heap() {
        return test.heap();
    }

    private long node(long id) {
        long object = heap().allocate(node);
        heap().putLong(object, 16, id);
        return object;
    }

    private long pair() {
        long a = node(1);
        long b = node(2);
        heap().moveReference(a, 0, b);
        heap().setReference(b, 0, a);
        return a;
    }

    @Nested
    class GivenAHandlerThatFails {
        @Test
        void everythingIsFreedAllTheSame() {
            try (ConfinedHeap other =
                    ConfinedHeap.open(
                            HeapUnderTest.COLLECTS_WHEN_ASKED.withFailureHandler(
                                    (type, object, failure) -> {
                                        throw new AssertionError("handler");
                                    }))) {
                behaviour =
                        (h, object) -> {
                            throw new IllegalStateException("destructor");
                        };
                for (int round = 0; round < 2; round++) {
                    long a = other.allocate(node);
                    long b = other.allocate(node);
                    other.moveReference(a, 0, b);
                    if (round == 1) {
                        other.setReference(b, 0, a);
                    }
                    other.release(a);
                    other.collectCycles();
                    assertEquals(0, other.liveObjects());
                    other.verify();
                }
            }
        }
    }

    @Nested
    class WithinACollection {
        @Test
        void theHeapIsNotVerifiedOrSearched() {
            behaviour =
                    (h, object) -> {
                        for (Runnable look : new Runnable[] {h::verify, h::leaks}) {
                            try {
                                look.run();
                                log.add("looked");
                            } catch (IllegalStateException refusal) {
                                log.add(String.valueOf(refusal.getMessage()));
                            }
                        }
                    };
            heap().release(pair());
            heap().collectCycles();
            String rest = " within a collection: name=heap; do that when it has returned";
            assertEquals(
                    List.of(
                            "drop 1",
                            "heap cannot be verified" + rest,
                            "heap cannot be searched for leaks" + rest),
                    log.subList(0, 3));
        }
    }

    @Nested
    class WhenAnObjectDiesByCounting {
        @Test
        void runsOnceWithThePayloadIntactBeforeChildrenAreReleased() {
            long a = node(1);
            heap().moveReference(a, 0, node(2));
            behaviour =
                    (h, object) -> {
                        long next = h.getReference(object, 0);
                        log.add("next alive " + (next != 0 && h.strongCount(next) == 1));
                    };
            heap().release(a);
            assertEquals(List.of("drop 1", "next alive true", "drop 2", "next alive false"), log);
        }

        @Test
        void weakReferencesAreDeadFirst() {
            long a = node(1);
            heap().weakRetain(a);
            behaviour = (h, object) -> log.add("upgraded " + (h.upgrade(object) != 0));
            heap().release(a);
            assertEquals(List.of("drop 1", "upgraded false"), log);
            heap().weakRelease(a);
        }

        @Test
        void mayAllocateRetainAndRelease() {
            long other = heap().allocate(leaf);
            long a = node(1);
            behaviour =
                    (h, object) -> {
                        h.release(h.allocate(leaf));
                        h.release(node(7));
                        h.retain(other);
                        h.release(other);
                        behaviour = (_, _) -> {};
                    };
            heap().release(a);
            assertEquals(List.of("drop 1", "drop 7"), log);
            heap().release(other);
        }

        @Test
        void aCollectionByBudgetWithinDoesNothingAndEnds() {
            behaviour =
                    (h, object) -> {
                        var confined = (ConfinedHeap) h;
                        log.add("freed " + confined.collectCycles(1L).freedObjects());
                        log.add(
                                "freed "
                                        + confined.collectCycles(Duration.ofHours(1))
                                                .freedObjects());
                    };
            long a = node(1);
            heap().moveReference(a, 0, node(2));
            heap().release(a);
            assertEquals(
                    List.of("drop 1", "freed 0", "freed 0", "drop 2", "freed 0", "freed 0"), log);
        }

        @Test
        void resurrectionIsLegalOnceAndTheDestructorDoesNotRunAgain() {
            long a = node(1);
            heap().moveReference(a, 24, heap().allocate(leaf));
            heap().weakRetain(a);
            behaviour = (h, object) -> h.retain(object);
            heap().release(a);
            assertEquals(1, heap().strongCount(a));
            assertTrue(heap().header(a).finalized());
            assertEquals(1, heap().strongCount(heap().getReference(a, 24)));
            assertEquals(0, heap().upgrade(a), "what was dead once stays dead for weak holders");
            heap().verify();
            heap().release(a);
            assertEquals(List.of("drop 1"), log);
            heap().weakRelease(a);
        }

        @Test
        void failureGoesToTheHandlerAndTheRestStillHappens() {
            long a = node(1);
            heap().moveReference(a, 0, node(2));
            behaviour =
                    (_, _) -> {
                        throw new IllegalArgumentException("on purpose");
                    };
            heap().release(a);
            assertEquals(List.of("drop 1", "drop 2"), log);
            assertEquals(2, failures.size());
            assertEquals("on purpose", failures.getFirst().getMessage());
        }

        @Test
        void errorsAreReportedToo() {
            long a = node(1);
            behaviour =
                    (_, _) -> {
                        throw new AssertionError("on purpose");
                    };
            heap().release(a);
            assertEquals(1, failures.size());
        }

        @Test
        void aLongChainOfDestructorsNeedsNoStack() {
            TypeInfo link =
                    TypeInfo.builder("Link")
                            .reference("next", "Link")
                            .destructor((_, _) -> {})
                            .build();
            long head = 0;
            for (int i = 0; i < 300_000; i++) {
                long object = heap().allocate(link);
                heap().initReference(object, 0, head);
                head = object;
            }
            heap().release(head);
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void storingIntoADyingObjectIsReleasedWithIt() {
            long a = node(1);
            behaviour = (h, object) -> h.moveReference(object, 24, h.allocate(leaf));
            heap().release(a);
            assertEquals(0, heap().liveObjects());
        }
    }

    @Nested
    class WhenAGarbageCycleIsCollected {
        @Test
        void allMembersAreWholeAndWeaklyDeadWhileDestructorsRun() {
            long a = pair();
            heap().weakRetain(a);
            behaviour =
                    (h, object) -> {
                        long next = h.getReference(object, 0);
                        log.add("next " + Memory.getLong(next, 16) + " " + h.upgrade(a));
                    };
            heap().release(a);
            heap().collectCycles();
            assertEquals(List.of("drop 1", "next 2 0", "drop 2", "next 1 0"), log);
            assertEquals(1, heap().liveObjects());
            heap().weakRelease(a);
        }

        @Test
        void destructorThatResurrectsKeepsTheWholeCycle() {
            long a = pair();
            behaviour =
                    (h, object) -> {
                        if (object == a) {
                            h.retain(object);
                        }
                    };
            heap().release(a);
            heap().collectCycles();
            heap().verify();
            assertEquals(2, heap().liveObjects());
            assertEquals(2, heap().strongCount(a));
            heap().release(a);
            heap().collectCycles();
            assertEquals(List.of("drop 1", "drop 2"), log);
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void destructorThatBreaksTheCycleFreesEachOnce() {
            long a = pair();
            behaviour = (h, object) -> h.setReference(object, 0, 0);
            heap().release(a);
            heap().collectCycles();
            assertEquals(2, log.size());
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void destructorThatMakesNewGarbageCyclesIsAnsweredInTheSameCollection() {
            heap().release(pair());
            behaviour =
                    (_, _) -> {
                        behaviour = (_, _) -> {};
                        heap().release(pair());
                    };
            heap().collectCycles();
            assertEquals(4, log.size());
            assertEquals(0, heap().liveObjects());
        }

        @Test
        void collectionFromADestructorDoesNothing() {
            heap().release(pair());
            behaviour = (h, _) -> assertEquals(CollectionResult.NOTHING, h.collectCycles());
            heap().collectCycles();
            assertEquals(List.of(), failures);
        }
    }
}
