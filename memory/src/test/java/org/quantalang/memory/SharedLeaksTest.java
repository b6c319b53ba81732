package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What a shared heap still holds when it is to be closed. */
class SharedLeaksTest {
    private static final TypeInfo PERSON =
            TypeInfo.builder("Person").reference("friend", "Person").int64("age").build();
    private static final long FRIEND = PERSON.offset("friend");

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());
    private final SharedHeap heap =
            SharedHeap.open(
                    HeapConfig.DEFAULT
                            .withName("people")
                            .withLeakPolicy(LeakPolicy.REPORT)
                            .withNotices(notices::add));

    @AfterEach
    void closeHeap() {
        heap.close(LeakPolicy.FREE_ALL);
    }

    private static void elsewhere(Runnable work) throws InterruptedException {
        Thread thread = new Thread(work);
        thread.start();
        thread.join();
    }

    @Test
    void nothingIsReportedWhenNothingIsHeld() throws InterruptedException {
        long ring = heap.allocate(PERSON);
        heap.setReference(ring, FRIEND, ring);
        heap.release(ring);
        long immortal = heap.allocate(PERSON);
        heap.makeImmortal(immortal);
        long elsewhere = heap.allocate(PERSON);
        elsewhere(() -> heap.release(elsewhere)); // waits for this thread to look
        LeakReport report = heap.leaks();
        assertTrue(report.isEmpty(), report::text);
        assertEquals("heap has no leaked objects: name=people immortal=1 garbage=1", report.text());
    }

    @Test
    void rootsAreFoundWhoeverCountsThem() throws InterruptedException {
        long mine = heap.allocate(PERSON);
        long friend = heap.allocate(PERSON);
        heap.moveReference(mine, FRIEND, friend);
        elsewhere(
                () -> {
                    heap.retain(mine);
                    heap.retain(mine);
                    assertTrue(heap.allocate(PERSON) != 0);
                });
        heap.release(mine); // the other thread's two are left
        LeakReport report = heap.leaks();
        assertEquals(2, report.rootCount(), report::text);
        assertEquals(3, report.objects());
        List<Long> outside =
                report.roots().stream().map(LeakReport.Root::outside).sorted().toList();
        assertEquals(List.of(1L, 2L), outside, report::text);
        assertTrue(
                report.text()
                        .startsWith(
                                "heap has leaked objects: name=people roots=2 objects=3 bytes=96"
                                    + " immortal=0 garbage=0; close every handle and release every"
                                    + " address"),
                report::text);
        assertTrue(
                report.text()
                        .contains(
                                "kept alive: Person by Person@0x%x.friend -> Person@0x%x"
                                        .formatted(mine, friend)),
                report::text);
    }

    @Test
    void theirPlacesAreToldWhereCheckedModeTakesThemDown() {
        long person = heap.allocate(PERSON);
        LeakReport report = heap.leaks();
        assertEquals(person, report.roots().getFirst().address());
        assertEquals(
                CheckedLevel.SITES,
                report.roots()
                        .getFirst()
                        .stack()
                        .contains(
                                "SharedLeaksTest.theirPlacesAreToldWhereCheckedModeTakesThemDown("),
                report::text);
    }

    @Nested
    class GivenAHeapThatCloses {
        @Test
        void reportsAndFrees() {
            assertTrue(heap.allocate(PERSON) != 0);
            heap.close();
            assertEquals(1, notices.size());
            assertTrue(
                    notices.getFirst().startsWith("heap has leaked objects: name=people roots=1"),
                    notices::toString);
            heap.close();
            assertEquals(1, notices.size(), "a second close does nothing");
        }

        @Test
        void failsAndStaysOpenUntilNothingIsHeld() {
            long person = heap.allocate(PERSON);
            IllegalStateException refusal =
                    assertThrows(IllegalStateException.class, () -> heap.close(LeakPolicy.FAIL));
            assertTrue(
                    String.valueOf(refusal.getMessage())
                            .startsWith("heap has leaked objects: name=people roots=1"),
                    refusal::toString);
            heap.release(person);
            heap.close(LeakPolicy.FAIL);
            assertEquals(List.of(), notices);
        }

        @Test
        void isRefusedWhileAnotherThreadUsesIt() throws InterruptedException {
            CountDownLatch used = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            CountDownLatch left = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            Thread user =
                    new Thread(
                            () -> {
                                heap.release(heap.allocate(PERSON));
                                used.countDown();
                                await(leave);
                                heap.leave();
                                left.countDown();
                                await(end);
                            },
                            "user");
            user.start();
            used.await();
            IllegalStateException refusal = assertThrows(IllegalStateException.class, heap::close);
            assertEquals(
                    "heap is in use by other threads: name=people threads=[user] caller=main; close"
                            + " it when they have ended or called leave()",
                    refusal.getMessage());
            Throwable cause = refusal.getCause();
            assertNotNull(cause);
            assertEquals("what the first of them does (thread user)", cause.getMessage());
            heap.release(heap.allocate(PERSON)); // it is open
            leave.countDown();
            left.await();
            heap.close();
            end.countDown();
            user.join();
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }
}
