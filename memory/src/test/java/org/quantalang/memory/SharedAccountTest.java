package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.inspect.AccountStats;
import org.quantalang.memory.internal.shared.Race;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Accounts of a shared heap, which threads enter each for itself. */
class SharedAccountTest {
    private static final long PAGE = 1 << 16;
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo BLOB = TypeInfo.leaf("Blob", 3000, 8);
    private static final TypeInfo LARGE = TypeInfo.leaf("Large", 3 * (int) PAGE - 100, 8);

    private final SharedHeap shared =
            SharedHeap.open(HeapConfig.DEFAULT.withName("test").withLimitBytes(200 * PAGE));

    private static long used(Account account) {
        return account.stats().usedBytes();
    }

    @AfterEach
    void verifyAndClose() {
        shared.verify();
        shared.close();
    }

    private @Nullable Throwable elsewhere(Thread.Builder builder, Runnable work)
            throws InterruptedException {
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread thread =
                builder.start(
                        () -> {
                            try {
                                work.run();
                            } catch (RuntimeException | Error failure) {
                                failed.set(failure);
                            }
                        });
        thread.join();
        return failed.get();
    }

    @Test
    void aScopeIsOfItsThread() throws InterruptedException {
        Account account = shared.account().child("mine", 10 * PAGE);
        try (Account.Scope scope = account.enter()) {
            assertNotNull(scope);
            long mine = shared.allocate(BLOB);
            assertEquals(
                    null,
                    elsewhere(
                            Thread.ofPlatform(),
                            () -> {
                                long others = shared.allocate(BLOB);
                                assertEquals(1, account.histogram().objects());
                                shared.release(others);
                                shared.release(mine);
                            }));
        }
        shared.poll();
        shared.trim();
        assertEquals(0, used(account));
        account.close();
    }

    @Test
    void theLimitHoldsForAllThreadsTogether() throws InterruptedException {
        Account account = shared.account().child("together", 10 * PAGE);
        List<Long> objects = new ArrayList<>();
        Runnable allocateTwo =
                () -> {
                    try (Account.Scope scope = account.enter()) {
                        assertNotNull(scope);
                        for (int i = 0; i < 2; i++) {
                            objects.add(shared.allocate(LARGE));
                        }
                    }
                };
        assertEquals(null, elsewhere(Thread.ofPlatform(), allocateTwo));
        Throwable refusal = elsewhere(Thread.ofPlatform().name("second"), allocateTwo);
        assertNotNull(refusal);
        String text = String.valueOf(refusal.getMessage());
        assertTrue(
                text.startsWith(
                        "account is out of memory: account=test/together"
                                + " chargedTo=test/together requestedBytes=196512"
                                + " usedBytes=589824 limitBytes=655360; it holds:"),
                text);
        objects.forEach(shared::release);
        shared.drain();
        shared.trim();
        assertEquals(0, used(account));
    }

    @Test
    void pagesOfAnEndedThreadServeTheSameAccount() throws InterruptedException {
        Account account = shared.account().child("pages", 10 * PAGE);
        List<Long> objects = new ArrayList<>();
        Runnable allocate =
                () -> {
                    try (Account.Scope scope = account.enter()) {
                        assertNotNull(scope);
                        objects.add(shared.allocate(BLOB));
                    }
                };
        for (int i = 0; i < 4; i++) {
            assertEquals(null, elsewhere(Thread.ofPlatform(), allocate));
        }
        assertEquals(PAGE, used(account));
        account.close();
        assertEquals(List.of(), shared.account().stats().children());
        objects.forEach(shared::release);
        shared.trim();
    }

    @Test
    void whatAnotherThreadHoldsStaysUntilThatOneLeaves() throws InterruptedException {
        Account account = shared.account().child("others", 10 * PAGE);
        List<Long> objects = new ArrayList<>();
        assertEquals(
                null,
                elsewhere(
                        Thread.ofPlatform(),
                        () -> {
                            try (Account.Scope scope = account.enter()) {
                                assertNotNull(scope);
                                objects.add(shared.allocate(BLOB));
                            }
                            Throwable failed = null;
                            try {
                                failed = elsewhere(Thread.ofPlatform(), account::close);
                            } catch (InterruptedException interrupted) {
                                throw new AssertionError(interrupted);
                            }
                            assertEquals(null, failed);
                            AccountStats left = shared.account().stats().children().getFirst();
                            assertFalse(left.open());
                            assertEquals(PAGE, left.usedBytes());
                            shared.leave();
                            assertEquals(List.of(), shared.account().stats().children());
                        }));
        objects.forEach(shared::release);
    }

    @Test
    void leavingTheHeapEndsAScope() throws InterruptedException {
        Account account = shared.account().child("left", 10 * PAGE);
        assertEquals(
                null,
                elsewhere(
                        Thread.ofPlatform(),
                        () -> {
                            Account.Scope scope = account.enter();
                            shared.leave();
                            long object = shared.allocate(LARGE);
                            assertEquals(0, used(account));
                            shared.release(object);
                            scope.close();
                            account.close();
                        }));
    }

    @Test
    void threadsThatEndedHoldNoRoomForAccounts() throws InterruptedException {
        Account account = shared.account().child("many", 10 * PAGE);
        long before = used(shared.account());
        for (int i = 0; i < 300; i++) {
            assertEquals(
                    null,
                    elsewhere(
                            Thread.ofPlatform(),
                            () -> {
                                try (Account.Scope scope = account.enter()) {
                                    assertNotNull(scope);
                                    shared.release(shared.allocate(NODE));
                                }
                            }));
        }
        shared.trim();
        shared.trim(); // what the first brought to nobody
        assertEquals(before, used(shared.account()));
        account.close();
    }

    @Test
    void aScopeIsClosedByItsThread() throws InterruptedException {
        Account account = shared.account().child("one", 10 * PAGE);
        Account.Scope scope = account.enter();
        Throwable refusal = elsewhere(Thread.ofPlatform(), scope::close);
        assertNotNull(refusal);
        assertTrue(
                String.valueOf(refusal.getMessage())
                        .startsWith("scope belongs to another thread: scope=test/one"),
                refusal::toString);
        scope.close();
        account.close();
    }

    @Test
    void aThreadThatEndedInAScopeDoesNotKeepItOpen() throws InterruptedException {
        Account account = shared.account().child("ended", 10 * PAGE);
        assertEquals(null, elsewhere(Thread.ofPlatform(), account::enter));
        account.close();
    }

    @Test
    void isEnteredOrClosedFirst() {
        Account[] account = {shared.account().child("raced", 10 * PAGE)};
        Race.run(
                2_000,
                _ -> {
                    account[0].close();
                    account[0] = shared.account().child("raced", 10 * PAGE);
                },
                _ -> {
                    long object = 0;
                    try (Account.Scope scope = account[0].enter()) {
                        assertNotNull(scope);
                        object = shared.allocate(BLOB);
                    } catch (IllegalStateException closed) {
                        assertTrue(
                                String.valueOf(closed.getMessage()).startsWith("account is closed"),
                                closed::toString);
                    }
                    if (object != 0) {
                        shared.release(object);
                    }
                },
                _ -> {
                    try {
                        account[0].close();
                    } catch (IllegalStateException entered) {
                        assertTrue(
                                String.valueOf(entered.getMessage())
                                        .startsWith("account is in use"),
                                entered::toString);
                    }
                });
        account[0].close();
        shared.trim();
        assertEquals(List.of(), shared.account().stats().children());
    }

    @Test
    void aScopeThatIsClosedAfterLeavingBringsNobodyBack() throws InterruptedException {
        SharedHeap other = SharedHeap.open(HeapConfig.DEFAULT.withLeakPolicy(LeakPolicy.FREE_ALL));
        Account account = other.account().child("left", 10 * PAGE);
        Account.Scope scope = account.enter();
        other.leave();
        scope.close();
        assertEquals(null, elsewhere(Thread.ofPlatform(), other::close));
    }

    @Test
    void virtualThreadsAreRefused() throws InterruptedException {
        Account account = shared.account().child("virtual", 10 * PAGE);
        Throwable refusal = elsewhere(Thread.ofVirtual(), account::enter);
        assertNotNull(refusal);
        assertTrue(
                String.valueOf(refusal.getMessage())
                        .startsWith("virtual threads cannot enter accounts: thread="),
                refusal::toString);
        account.close();
    }
}
