package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.inspect.AccountStats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class AccountTest {
    private static final long PAGE = 1 << 16;
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo BLOB = TypeInfo.leaf("Blob", 3000, 8);
    private static final TypeInfo LARGE = TypeInfo.leaf("Large", 3 * (int) PAGE - 100, 8);

    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();
    private final HeapConfig config =
            HeapConfig.DEFAULT
                    .withName("test")
                    .withLimitBytes(200 * PAGE)
                    .withNotices(notices::add);
    private final ConfinedHeap heap = ConfinedHeap.open(config.withLeakPolicy(LeakPolicy.FREE_ALL));

    @AfterEach
    void verifyAndClose() {
        heap.verify();
        heap.close();
    }

    private static void refuses(String start, Executable misuse) {
        refuses(IllegalStateException.class, start, misuse);
    }

    private static void refuses(Class<? extends Throwable> type, String start, Executable misuse) {
        Throwable refusal = assertThrows(type, misuse);
        String text = String.valueOf(refusal.getMessage());
        assertTrue(text.startsWith(start), text);
    }

    private static long used(Account account) {
        return account.stats().usedBytes();
    }

    @Nested
    class GivenAnAccount {
        private final Account requests = heap.account().child("requests", 50 * PAGE);
        private final Account one = requests.child("one", 10 * PAGE);

        @Test
        void itAndThoseAboveItAreChargedWhileItIsEntered() {
            long before = used(heap.account());
            long outside = heap.allocate(BLOB);
            long object;
            long large;
            try (Account.Scope scope = one.enter()) {
                assertNotNull(scope);
                object = heap.allocate(BLOB);
                large = heap.allocate(LARGE);
            }
            long later = heap.allocate(BLOB);
            assertEquals(4 * PAGE, used(one));
            assertEquals(4 * PAGE, used(requests));
            assertEquals(before + 5 * PAGE, used(heap.account()));
            assertEquals(0, requests.stats().ownBytes());
            assertEquals(2, one.histogram().objects());
            assertEquals(2, requests.histogram().objects());
            assertEquals(4, heap.account().histogram().objects());
            for (long each : new long[] {outside, object, large, later}) {
                heap.release(each);
            }
        }

        @Test
        void aFreeReturnsTheChargeWhoeverIsChargedThen() {
            long[] objects = new long[40];
            try (Account.Scope scope = one.enter()) {
                assertNotNull(scope);
                for (int i = 0; i < objects.length; i++) {
                    objects[i] = heap.allocate(BLOB);
                }
            }
            assertEquals(2 * PAGE, used(one));
            try (Account other = requests.child("other", 10 * PAGE);
                    Account.Scope scope = other.enter()) {
                assertNotNull(scope);
                for (long each : objects) {
                    heap.release(each);
                }
                assertEquals(0, used(other));
            } catch (IllegalStateException inUse) {
                throw new AssertionError(inUse);
            }
            heap.trim();
            assertEquals(0, used(one));
            assertEquals(2 * PAGE, one.stats().peakBytes());
        }

        @Test
        void scopesNest() {
            Account two = requests.child("two", 10 * PAGE);
            try (Account.Scope outer = one.enter()) {
                assertNotNull(outer);
                try (Account.Scope inner = two.enter()) {
                    assertNotNull(inner);
                    heap.release(heap.allocate(LARGE));
                    assertEquals(3 * PAGE, two.stats().peakBytes());
                    assertEquals(0, one.stats().peakBytes());
                }
                heap.release(heap.allocate(LARGE));
                assertEquals(3 * PAGE, one.stats().peakBytes());
            }
            two.close();
        }

        @Test
        void oneWhoseScopeHasAnotherWithinCannotBeClosed() {
            Account.Scope outer = one.enter();
            Account.Scope inner = requests.enter();
            var refusal = assertThrows(IllegalStateException.class, one::close);
            assertTrue(
                    String.valueOf(refusal.getMessage())
                            .contains(
                                    "openChildren=0 entered=1; close its children and its scopes"));
            inner.close();
            outer.close();
            one.close();
        }

        @Test
        void scopesThatAreClosedInAnotherOrderAreRefused() {
            Account.Scope outer = one.enter();
            Account.Scope inner = requests.enter();
            refuses(
                    "scope is not the innermost of this thread: scope=test/requests/one"
                            + " innermost=test/requests; close scopes in try-with-resources",
                    outer::close);
            inner.close();
            inner.close();
            outer.close();
        }

        @Test
        void atItsLimitTheErrorNamesItWhatItHoldsAndItsAncestors() {
            HeapUnderTest.assumeNoRedzones();
            List<Long> objects = new ArrayList<>();
            HeapOutOfMemoryError error;
            try (Account.Scope scope = one.enter()) {
                assertNotNull(scope);
                objects.add(heap.allocate(NODE));
                error =
                        assertThrows(
                                HeapOutOfMemoryError.class,
                                () -> {
                                    while (true) {
                                        objects.add(heap.allocate(BLOB));
                                    }
                                });
            }
            assertEquals(10 * PAGE, used(one));
            String text = String.valueOf(error.getMessage());
            assertTrue(
                    text.startsWith(
                            "account is out of memory: account=test/requests/one"
                                    + " chargedTo=test/requests/one requestedBytes=3000"
                                    + " usedBytes=655360 limitBytes=655360; it holds:"),
                    text);
            List<String> lines = text.lines().map(String::strip).toList();
            assertTrue(lines.get(2).endsWith("Blob"), text);
            assertTrue(lines.get(3).matches("1 +32 +Node"), text);
            assertTrue(lines.contains("accounts:"), text);
            assertTrue(lines.getLast().matches("655360 +655360 +655360 +655360 +0 +one"), text);
            assertTrue(
                    lines.get(lines.size() - 2).matches("655360 +0 +655360 +3276800 +0 +requests"),
                    text);
            long elsewhere = heap.allocate(BLOB); // the heap has room
            heap.release(elsewhere);
            objects.forEach(heap::release);
        }

        @Test
        void theLimitOfAnAccountAboveItHoldsToo() {
            Account wide = requests.child("wide", Long.MAX_VALUE);
            try (Account.Scope scope = wide.enter()) {
                assertNotNull(scope);
                refuses(
                        HeapOutOfMemoryError.class,
                        "account is out of memory: account=test/requests"
                                + " chargedTo=test/requests/wide requestedBytes=196512",
                        () -> {
                            while (true) {
                                assertTrue(heap.allocate(LARGE) != 0);
                            }
                        });
            }
            assertEquals(48 * PAGE, used(wide));
        }

        @Test
        void garbageCyclesAreCollectedBeforeItsLimitIsAnError() {
            try (Account.Scope scope = one.enter()) {
                assertNotNull(scope);
                long sum = 0;
                for (int i = 0; i < 200_000; i++) {
                    long ring = heap.allocate(NODE);
                    heap.setReference(ring, NODE.offset("next"), ring);
                    heap.release(ring);
                    sum++;
                }
                assertEquals(200_000, sum);
            }
        }

        @Test
        void aReservationIsKeptForIt() {
            HeapUnderTest.assumeFreedBlocksAreUsedAgain();
            long before = used(requests);
            Account sure = requests.child("sure", 20 * PAGE, 15 * PAGE);
            assertEquals(before + 15 * PAGE, used(requests));
            try (Account.Scope scope = requests.enter()) {
                assertNotNull(scope);
                refuses(
                        HeapOutOfMemoryError.class,
                        "account is out of memory: account=test/requests",
                        () -> {
                            while (true) {
                                assertTrue(heap.allocate(LARGE) != 0);
                            }
                        });
            }
            List<Long> kept = new ArrayList<>();
            try (Account.Scope scope = sure.enter()) {
                assertNotNull(scope);
                for (int i = 0; i < 5; i++) {
                    kept.add(heap.allocate(LARGE));
                }
                assertThrows(HeapOutOfMemoryError.class, () -> kept.add(allocateTwice()));
            }
            kept.forEach(heap::release);
            sure.close();
            assertEquals(33 * PAGE, used(requests));
            refuses(
                    HeapOutOfMemoryError.class,
                    "no room for a reservation: account=test/requests/too reservedBytes=1310720;"
                            + " accounts:",
                    () -> requests.child("too", 20 * PAGE, 20 * PAGE));
        }

        private long allocateTwice() {
            heap.allocate(LARGE);
            return heap.allocate(LARGE);
        }

        @Test
        void aClosedOneIsRefusedAndItsObjectsAreChargedToTheOneAbove() {
            long object;
            long large;
            try (Account.Scope scope = one.enter()) {
                assertNotNull(scope);
                refuses(
                        "account is in use: account=test/requests/one openChildren=0 entered=1;"
                                + " close its children and its scopes first",
                        one::close);
                object = heap.allocate(BLOB);
                large = heap.allocate(LARGE);
            }
            refuses(
                    "account is in use: account=test/requests openChildren=1 entered=0",
                    requests::close);
            one.close();
            one.close();
            refuses("account is closed: account=test/requests/one", one::enter);
            refuses("account is closed: account=test/requests/one", () -> one.child("x", 1));
            assertEquals(List.of(), requests.stats().children());
            assertEquals(4 * PAGE, requests.stats().ownBytes());
            try (Account.Scope scope = requests.enter()) {
                assertNotNull(scope);
                long further = heap.allocate(BLOB);
                assertEquals(4 * PAGE, used(requests), "there was room on the page of the first");
                heap.release(further);
            }
            heap.release(object);
            heap.release(large);
            heap.trim();
            assertEquals(0, used(requests));
        }

        @Test
        void limitsThatAreNoneAreRefused() {
            refuses(
                    IllegalArgumentException.class,
                    "no such limits: account=x limitBytes=1 reservedBytes=2",
                    () -> requests.child("x", 1, 2));
        }

        @Test
        void theReportShowsTheTree() {
            AccountStats stats = heap.account().stats();
            List<String> lines = stats.text().lines().toList();
            assertEquals(4, lines.size());
            assertTrue(lines.get(1).endsWith("  test"), stats::text);
            assertTrue(lines.get(2).endsWith("    requests"), stats::text);
            assertTrue(lines.get(3).endsWith("      one"), stats::text);
            assertEquals(
                    "one", heap.numbers().accounts().children().get(0).children().get(0).name());
            assertTrue(
                    stats.toJson().contains("\"name\":\"one\",\"limitBytes\":655360"),
                    stats::toJson);
        }
    }

    @Nested
    class GivenThePolicyOfTheHeap {
        private void close(LeakPolicy policy) {
            try (ConfinedHeap strict = ConfinedHeap.open(config.withLeakPolicy(policy))) {
                Account account = strict.account().child("strict", Long.MAX_VALUE);
                long object;
                try (Account.Scope scope = account.enter()) {
                    assertNotNull(scope);
                    object = strict.allocate(NODE);
                    long ring = strict.allocate(NODE);
                    strict.setReference(ring, NODE.offset("next"), ring);
                    strict.release(ring);
                }
                try {
                    account.close();
                } finally {
                    strict.release(object);
                }
                account.close();
            }
        }

        @Test
        void objectsThatAreLeftAreReported() {
            HeapUnderTest.assumeNoRedzones();
            close(LeakPolicy.REPORT);
            String notice = String.valueOf(notices.poll());
            assertTrue(
                    notice.startsWith(
                            "account has objects left: account=test/strict objects=1 bytes=32;"
                                    + " release them before it is closed; they are:"),
                    notice);
        }

        @Test
        void orTheCloseFails() {
            HeapUnderTest.assumeNoRedzones();
            refuses(
                    "account has objects left: account=test/strict objects=1 bytes=32",
                    () -> close(LeakPolicy.FAIL));
        }

        @Test
        void orNothingIsSaid() {
            close(LeakPolicy.FREE_ALL);
            assertTrue(notices.isEmpty());
        }
    }

    @Test
    void thousandsOfAccountsMayComeAndGo() {
        Deque<Long> objects = new ArrayDeque<>();
        for (int i = 0; i < 3000; i++) {
            try (Account account = heap.account().child("request " + i, 10 * PAGE)) {
                try (Account.Scope scope = account.enter()) {
                    assertNotNull(scope);
                    objects.add(heap.allocate(i % 7 == 0 ? LARGE : NODE));
                }
            }
            if (objects.size() > 20) {
                heap.release(objects.remove());
            }
        }
        objects.forEach(heap::release);
        heap.trim();
        assertEquals(List.of(), heap.account().stats().children());
        assertTrue(used(heap.account()) <= PAGE, "a page of class tables");
    }

    /** Random accounts, allocations and frees; the charges must be those of a plain model. */
    @Test
    void chargesAgreeWithAModel() {
        Random random = new Random(17);
        List<Account> open = new ArrayList<>(List.of(heap.account()));
        List<Long> objects = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            try {
                step(random, open, objects, "a" + step);
            } catch (HeapOutOfMemoryError full) {
                releaseSome(objects, random, objects.size() / 2);
            }
            if (step % 500 == 0) {
                heap.verify();
                assertSumsUp(heap.account().stats());
                assertEquals(heap.liveObjects(), heap.account().histogram().objects());
            }
        }
        objects.forEach(heap::release);
        while (open.size() > 1) {
            closeIfPossible(open, open.getLast());
        }
        heap.trim();
        assertTrue(used(heap.account()) <= 2 * PAGE);
    }

    private void step(Random random, List<Account> open, List<Long> objects, String name) {
        Account account = open.get(random.nextInt(open.size()));
        switch (random.nextInt(8)) {
            case 0 -> {
                if (open.size() < 40) {
                    open.add(account.child(name, 30 * PAGE, random.nextInt(3) * PAGE));
                }
            }
            case 1 -> closeIfPossible(open, account);
            case 2, 3, 4 -> {
                try (Account.Scope scope = account.enter()) {
                    assertNotNull(scope);
                    objects.add(
                            heap.allocate(
                                    switch (random.nextInt(20)) {
                                        case 0 -> LARGE;
                                        case 1, 2, 3 -> BLOB;
                                        default -> NODE;
                                    }));
                }
            }
            default -> releaseSome(objects, random, 1);
        }
    }

    private static void closeIfPossible(List<Account> open, Account account) {
        if (account.stats().children().stream().noneMatch(AccountStats::open)
                && account != open.getFirst()) {
            account.close();
            open.remove(account);
        }
    }

    private void releaseSome(List<Long> objects, Random random, int count) {
        for (int i = 0; i < count && !objects.isEmpty(); i++) {
            int index = random.nextInt(objects.size());
            heap.release(objects.get(index));
            objects.set(index, objects.getLast());
            objects.removeLast();
        }
    }

    private static void assertSumsUp(AccountStats account) {
        long children =
                account.children().stream()
                        .mapToLong(each -> Math.max(each.usedBytes(), each.reservedBytes()))
                        .sum();
        assertEquals(account.usedBytes(), account.ownBytes() + children, account::text);
        assertTrue(account.usedBytes() <= account.limitBytes(), account::text);
        account.children().forEach(AccountTest::assertSumsUp);
    }
}
