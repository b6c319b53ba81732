package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.debug.Pattern;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

class LeakReportTest {
    interface Person {}

    private static final TypeInfo NAME = TypeInfo.leaf("Name", 24, 8);
    private static final TypeInfo PERSON =
            TypeInfo.builder("Person")
                    .reference("name", NAME)
                    .reference("friend", "Person")
                    .build();
    private static final TypeInfo PEOPLE = TypeInfo.referenceArray("Person[]", PERSON);
    private static final long NAME_AT = PERSON.offset("name");
    private static final long FRIEND = PERSON.offset("friend");
    private static final RefType<Person> PERSON_REF = RefType.of(Person.class, PERSON);

    private final List<String> notices = new ArrayList<>();
    private final ConfinedHeap heap =
            ConfinedHeap.open(
                    HeapUnderTest.COLLECTS_WHEN_ASKED
                            .withName("people")
                            .withLeakPolicy(LeakPolicy.REPORT)
                            .withNotices(notices::add));

    @AfterEach
    void closeHeap() {
        heap.close(LeakPolicy.FREE_ALL);
    }

    private long person() {
        long person = heap.allocate(PERSON);
        heap.initReference(person, NAME_AT, heap.allocate(NAME));
        return person;
    }

    private static IllegalStateException refused(ConfinedHeap heap) {
        return assertThrows(IllegalStateException.class, heap::close);
    }

    @Test
    void garbageThatATraceInSlicesIsFreeingIsNone() {
        TypeInfo node = TypeInfo.builder("Link").reference("next", "Link").build();
        for (int i = 0; i < 20; i++) {
            long first = heap.allocate(node);
            long last = first;
            for (int j = 1; j < 250; j++) {
                long next = heap.allocate(node);
                heap.initReference(last, 0, next);
                last = next;
            }
            heap.setReference(last, 0, first);
            heap.release(first);
            while (!heap.collectCycles(20L).complete()) {
                heap.leaks(); // none of it is found leaked; frees the rest
            }
            assertTrue(heap.leaks().isEmpty());
        }
        assertEquals(0, heap.liveObjects());
    }

    @Nested
    class GivenNothingHeldFromOutside {
        @Test
        void reportsNothing() {
            heap.release(person());
            assertTrue(heap.leaks().isEmpty());
            assertEquals(
                    "heap has no leaked objects: name=people immortal=0 garbage=0",
                    heap.leaks().text());
            heap.close();
            assertEquals(List.of(), notices);
        }

        @Test
        void garbageCyclesAndImmortalObjectsAreNoLeaks() {
            long a = person();
            heap.setReference(a, FRIEND, a);
            heap.release(a);
            heap.makeImmortal(person());
            LeakReport report = heap.leaks();
            assertTrue(report.isEmpty());
            assertEquals(2, report.immortal());
            assertEquals(2, report.garbage());
        }

        @Test
        void deadObjectsThatWaitAreNoLeaks() {
            try (ConfinedHeap slow =
                    ConfinedHeap.open(
                            HeapConfig.DEFAULT
                                    .withReleaseBudget(1)
                                    .withLeakPolicy(LeakPolicy.FAIL))) {
                long list = 0;
                for (int i = 0; i < 10; i++) {
                    long node = slow.allocate(PERSON);
                    slow.initReference(node, FRIEND, list);
                    list = node;
                }
                slow.release(list);
                assertTrue(slow.waitingObjects() > 0);
                assertTrue(slow.leaks().isEmpty());
                assertEquals(9, slow.leaks().garbage());
            }
        }
    }

    @Nested
    class GivenObjectsThatWereNotReleased {
        @Test
        void countsThemByTypeAndSaysWhatKeepsTheOthersAlive() {
            long a = person();
            long b = person();
            heap.initReference(a, FRIEND, b);
            long people = heap.allocateArray(PEOPLE, 3);
            heap.setReference(people, ConfinedHeap.elementOffset(2), a);
            LeakReport report = heap.leaks();
            assertEquals(2, report.rootCount()); // the array, and a, which still has our reference
            assertEquals(5, report.objects());
            long redzones = report.objects() * Pattern.REDZONE_BYTES;
            assertEquals(heap.liveBytes() - redzones, report.bytes());
            assertEquals(
                    List.of(
                            new LeakReport.Type("Name", 0, 2, 2 * 48),
                            new LeakReport.Type("Person", 1, 2, 2 * 32),
                            new LeakReport.Type("Person[]", 1, 1, 48)),
                    report.types());
            assertEquals(
                    List.of("Name", "Person"),
                    report.paths().stream().map(LeakReport.Path::type).toList());
            assertEquals(
                    "Person@0x%x.name -> Name@0x%x".formatted(a, heap.getReference(a, NAME_AT)),
                    report.paths().get(0).path());
            assertEquals(
                    "Person@0x%x.friend -> Person@0x%x".formatted(a, b),
                    report.paths().get(1).path());
            heap.release(a);
            assertEquals(
                    "Person[]@0x%x[2] -> Person@0x%x".formatted(people, a),
                    heap.leaks().paths().get(1).path());
        }

        @Test
        void aRootTellsHowOftenItIsHeld() {
            long a = person();
            heap.retain(a);
            heap.retain(a);
            LeakReport.Root root = heap.leaks().roots().getFirst();
            assertEquals("Person", root.type());
            assertEquals(a, root.address());
            assertEquals(3, root.outside());
        }

        @Test
        void anOpenHandleIsSuchAReference() {
            Ref<Person> forgotten = PERSON_REF.allocate(heap);
            assertEquals(forgotten.address(), heap.leaks().roots().getFirst().address());
            forgotten.close();
            assertTrue(heap.leaks().isEmpty());
        }

        @Test
        void aLongWayIsToldByItsEnds() {
            long head = heap.allocate(PERSON);
            long last = head;
            for (int i = 0; i < 1000; i++) {
                long node = heap.allocate(PERSON);
                heap.initReference(last, FRIEND, node);
                last = node;
            }
            heap.initReference(last, NAME_AT, heap.allocate(NAME));
            String path = heap.leaks().paths().getLast().path();
            assertTrue(path.startsWith("Person@0x%x.friend -> Person@0x".formatted(head)), path);
            assertTrue(path.contains(" ... 990 more ... -> "), path);
            assertTrue(path.contains("Person@0x%x.name -> Name@0x".formatted(last)), path);
            assertEquals(12 + 1, path.split(" -> ", -1).length, path);
        }

        @Test
        void theirPlacesAreToldWhereCheckedModeTakesThemDown() {
            person();
            LeakReport report = heap.leaks();
            if (CheckedLevel.SITES) {
                String stack = report.roots().getFirst().stack();
                assertTrue(stack.contains("LeakReportTest.person("), stack);
                assertEquals(2, report.sites().size());
                assertTrue(report.text().contains("allocated by thread main"), report.text());
            } else {
                assertEquals(List.of(), report.sites());
            }
        }
    }

    @Nested
    class GivenAHeapThatCloses {
        @Test
        void reportsAndFrees() {
            long a = person();
            heap.close();
            assertEquals(1, notices.size());
            String text = notices.getFirst();
            assertTrue(
                    text.startsWith(
                            "heap has leaked objects: name=people roots=1 objects=2 bytes=80"
                                    + " immortal=0 garbage=0; close every handle"),
                    text);
            assertTrue(
                    text.contains("root: Person at 0x%x, references from outside: 1".formatted(a)),
                    text);
            assertTrue(text.contains("kept alive: Name by Person@0x%x.name".formatted(a)), text);
            assertEquals("heap is closed: name=people", refusal(heap::leaks));
        }

        @Test
        void failsAndStaysOpenUntilNothingIsHeld() {
            ConfinedHeap strict =
                    ConfinedHeap.open(
                            HeapConfig.DEFAULT.withName("strict").withLeakPolicy(LeakPolicy.FAIL));
            long object = strict.allocate(NAME);
            String text = String.valueOf(refused(strict).getMessage());
            assertTrue(text.startsWith("heap has leaked objects: name=strict roots=1"), text);
            strict.release(object);
            strict.close();
            assertEquals("heap is closed: name=strict", refusal(strict::leaks));
        }

        @Test
        void freesAllWithoutAWordIfAsked() {
            person();
            heap.close(LeakPolicy.FREE_ALL);
            assertEquals(List.of(), notices);
        }
    }

    private static String refusal(Executable misuse) {
        return String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
    }

    @Nested
    class GivenAHeapInUse {
        @Test
        void anotherThreadIsRefusedAndToldWhoUsesIt() throws InterruptedException {
            List<Throwable> seen = new ArrayList<>();
            Thread closer =
                    new Thread(
                            () -> seen.add(assertThrows(RuntimeException.class, heap::close)),
                            "closer");
            closer.start();
            closer.join();
            Throwable refusal = seen.getFirst();
            String text = String.valueOf(refusal.getMessage());
            assertTrue(
                    text.startsWith("heap is in use by another thread: name=people owner=main"),
                    text);
            assertTrue(text.contains("caller=closer; close it there"), text);
            Throwable owner = refusal.getCause();
            assertNotNull(owner);
            assertTrue(List.of(owner.getStackTrace()).toString().contains("LeakReportTest"));
            heap.verify();
        }

        @Test
        void mayBeClosedByAnotherOnceItsThreadHasEnded() throws InterruptedException {
            List<ConfinedHeap> opened = new ArrayList<>();
            CountDownLatch mayEnd = new CountDownLatch(1);
            Thread opener =
                    new Thread(
                            () -> {
                                opened.add(ConfinedHeap.open());
                                mayEnd.countDown();
                            });
            opener.start();
            mayEnd.await();
            opener.join();
            ConfinedHeap left = opened.getFirst();
            left.close();
            left.close();
            assertEquals("heap is closed: name=heap", refusal(left::leaks));
        }

        @Test
        void itsOwnDestructorMayNotCloseIt() {
            List<String> refusals = new ArrayList<>();
            TypeInfo closing =
                    TypeInfo.withDrop("Closing", 8, 8, (in, _) -> refusals.add(refusal(in::close)));
            heap.release(heap.allocate(closing));
            assertEquals(1, refusals.size());
            assertTrue(
                    refusals.getFirst()
                            .startsWith("heap is in use by its own destructors or a collection"),
                    refusals.getFirst());
            heap.verify();
        }

        @Test
        void aCollectionMayNotCloseIt() {
            List<String> refusals = new ArrayList<>();
            List<ConfinedHeap> closing = new ArrayList<>();
            HeapConfig config =
                    HeapUnderTest.COLLECTS_WHEN_ASKED.withCollectionListener(
                            _ -> refusals.add(refusal(closing.getFirst()::close)));
            try (ConfinedHeap listened = ConfinedHeap.open(config)) {
                closing.add(listened);
                long a = listened.allocate(PERSON);
                listened.setReference(a, FRIEND, a);
                listened.release(a);
                assertEquals(1, listened.collectCycles().freedObjects());
            }
            assertFalse(refusals.isEmpty());
        }

        @Test
        void openViewsAreNamed() {
            try (Arena arena = Arena.ofConfined();
                    Ref<Person> person = PERSON_REF.allocate(heap)) {
                person.view(arena);
                String text = refusal(heap::close);
                assertTrue(
                        text.startsWith(
                                "heap has open views: name=people views=1; close their arenas"
                                        + " first"),
                        text);
                assertTrue(
                        text.contains(
                                "view of type=Person address=0x%x opened by thread main"
                                        .formatted(person.address())),
                        text);
            }
        }
    }
}
