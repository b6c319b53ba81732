package org.quantalang.memory;

import org.quantalang.memory.inspect.AccountStats;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageAccount;

import java.util.Objects;

/**
 * A part of a heap with a limit of its own: of one request, one customer, one cache. Objects are
 * the heap's and refer to each other as ever; an account is only charged with their memory.
 *
 * {@snippet :
 * try (ConfinedHeap heap = ConfinedHeap.open();
 *         Account requests = heap.account().child("requests", 64L << 20);
 *         Account one = requests.child("request 17", 8L << 20)) {
 *     try (Account.Scope scope = one.enter()) {
 *         long object = heap.allocate(type); // charged to one, to requests and to the heap
 *     }
 * }
 * }
 *
 * <p>What is charged are pages of 64 KiB: an account takes at least one for each size of object
 * that it holds. A free returns the charge to the account that the object was charged to, whoever
 * frees it. An account that is never entered costs nothing, and a heap without accounts neither.
 *
 * <p>If an allocation would exceed the limit of the account or of one above it, a confined heap
 * collects cycles and tries again (a shared one cannot beside other threads); then it throws {@link
 * HeapOutOfMemoryError}, which names the account that refused, its limit, what it holds, and all
 * accounts.
 *
 * <p>In a confined heap, for the owner thread only. In a shared heap, any thread; a scope is of the
 * thread that opened it.
 */
public final class Account implements AutoCloseable {
    private final AccountHost host;
    private final PageAccount pages;

    Account(AccountHost host, PageAccount pages) {
        this.host = host;
        this.pages = pages;
    }

    /** While a scope is open, what its thread allocates is charged to its account. */
    public static final class Scope implements AutoCloseable {
        private final AccountHost host;
        private final PageAccount account;
        private final Thread thread = Thread.currentThread();
        private boolean closed;

        private Scope(AccountHost host, PageAccount account) {
            this.host = host;
            this.account = account;
        }

        /**
         * Charges again what was charged before. A second close does nothing.
         *
         * @throws IllegalStateException if this is not the innermost scope of the calling thread,
         *     or another thread's
         */
        @Override
        public void close() {
            if (closed || host.ended()) {
                return;
            }
            host.checkCaller();
            if (!thread.equals(Thread.currentThread())) {
                throw new IllegalStateException(
                        "scope belongs to another thread: scope=%s thread=%s caller=%s; close it there"
                                .formatted(
                                        account,
                                        thread.getName(),
                                        Thread.currentThread().getName()));
            }
            BlockAllocator blocks = host.blocksOfUser();
            if (blocks != null) { // else the thread has left the heap meanwhile
                leave(blocks);
            }
            closed = true;
        }

        private void leave(BlockAllocator blocks) {
            PageAccount now = blocks.account();
            if (now == account) {
                blocks.leaveAccount();
            } else if (now.parent != null) { // else it left, and came back
                throw new IllegalStateException(
                        ("scope is not the innermost of this thread: scope=%s innermost=%s; close"
                                        + " scopes in try-with-resources")
                                .formatted(account, now));
            }
        }
    }

    /** {@return its name} Of the first account, the heap's. */
    public String name() {
        return pages.name;
    }

    /** {@return its name behind those of the accounts above it, with slashes between} */
    public String path() {
        return pages.path();
    }

    /**
     * Opens an account below this one.
     *
     * @param name its name in reports
     * @param limitBytes most bytes of pages that it and those below it may hold; {@link
     *     Long#MAX_VALUE} for as many as this one
     * @return the account; close it
     */
    public Account child(String name, long limitBytes) {
        return child(name, limitBytes, 0);
    }

    /**
     * Opens an account below this one that may count on a part of its limit: this one is charged
     * with the reservation from now on, whether it is used or not.
     *
     * @param name its name in reports
     * @param limitBytes most bytes of pages that it and those below it may hold
     * @param reservedBytes how much of them is reserved, rounded up to whole pages
     * @return the account; close it
     * @throws HeapOutOfMemoryError if this account or one above it has no room for the reservation
     * @throws IllegalStateException if this account is closed
     */
    public Account child(String name, long limitBytes, long reservedBytes) {
        host.checkCaller();
        Objects.requireNonNull(name, "name is null");
        if (limitBytes < 0 || reservedBytes < 0 || reservedBytes > limitBytes) {
            throw new IllegalArgumentException(
                    "no such limits: account=%s limitBytes=%d reservedBytes=%d"
                            .formatted(name, limitBytes, reservedBytes));
        }
        PageAccount child = host.accounts().open(pages, name, limitBytes, reservedBytes);
        if (child == null) {
            throw new HeapOutOfMemoryError(
                    "no room for a reservation: account=%s reservedBytes=%d; accounts:%n%s"
                            .formatted(path() + "/" + name, reservedBytes, host.tree()));
        }
        if (!host.prepare(child)) {
            host.accounts().close(child);
            throw new HeapOutOfMemoryError(
                    "no room for an account: account=%s; accounts:%n%s"
                            .formatted(path() + "/" + name, host.tree()));
        }
        return new Account(host, child);
    }

    /**
     * Charges this account with what the calling thread allocates, until the scope is closed.
     * Scopes nest; constant time.
     *
     * @return the scope; close it
     * @throws IllegalStateException if the account is closed, or if the thread is virtual: what
     *     virtual threads allocate is charged to the heap
     */
    public Scope enter() {
        host.checkCaller();
        host.accounts().checkOpen(pages);
        BlockAllocator blocks = host.blocks();
        if (!blocks.openAccount(pages) && !openAfterEndedThreads(blocks)) {
            throw new HeapOutOfMemoryError(
                    "no room to enter an account: account=%s; accounts:%n%s"
                            .formatted(path(), host.tree()));
        }
        blocks.enterAccount(pages);
        return new Scope(host, pages);
    }

    private boolean openAfterEndedThreads(BlockAllocator blocks) {
        host.reap();
        return blocks.openAccount(pages);
    }

    /** {@return what it holds and may hold, with all accounts below it} */
    public AccountStats stats() {
        host.checkCaller();
        return host.accounts().stats(pages);
    }

    /** {@return objects charged to it or to accounts below it, by type} A step for each block. */
    public Histogram histogram() {
        host.checkCaller();
        return host.histogram(pages);
    }

    /**
     * Closes the account. Objects that are still charged to it live on, charged to the account
     * above it; what the heap does about such objects says {@link HeapConfig#withLeakPolicy}:
     * nothing, a notice, or the close fails. A second close does nothing; nor does that of the
     * heap's own account. Cost: a step for each page of the heap.
     *
     * @throws IllegalStateException if accounts below it are open, or a thread is within its scope;
     *     or by {@link LeakPolicy#FAIL}. The account is open then
     */
    @Override
    public void close() {
        if (pages.parent == null || host.ended() || !host.accounts().isOpen(pages)) {
            return;
        }
        host.checkCaller();
        host.reap();
        host.accounts().checkUnused(pages);
        if (host.leakPolicy() != LeakPolicy.FREE_ALL) {
            reportLeft();
        }
        host.accounts().close(pages);
        host.merge();
    }

    private void reportLeft() {
        host.settle();
        Histogram left = host.histogram(pages);
        if (left.objects() > 0) {
            String report =
                    ("account has objects left: account=%s objects=%d bytes=%d; release them before"
                                    + " it is closed; they are:%n%s")
                            .formatted(path(), left.objects(), left.bytes(), left.table(10));
            if (host.leakPolicy() == LeakPolicy.FAIL) {
                throw new IllegalStateException(report);
            }
            host.notice(report);
        }
    }

    @Override
    public String toString() {
        return "Account[%s]".formatted(path());
    }
}
