package org.quantalang.memory;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.alloc.PageAccounts;
import org.quantalang.memory.internal.debug.HeapCensus;

import java.util.Locale;

/** What accounts need of their heap. Whoever may use the heap. */
abstract class AccountHost {
    private static final int MOST_TYPES = 10;

    private final HeapConfig config;
    private final PageAccounts accounts;

    AccountHost(HeapConfig config, PageAccounts accounts) {
        this.config = config;
        this.accounts = accounts;
    }

    /** Refuses a caller that may not use the heap now. */
    abstract void checkCaller();

    /** Whether the heap has closed. */
    abstract boolean ended();

    /** The allocator of the calling thread. */
    abstract BlockAllocator blocks();

    /** The same of a thread that uses the heap; null if the caller does not, or has left it. */
    abstract @Nullable BlockAllocator blocksOfUser();

    /** Makes room for an account that opens; false if there is no memory for it. */
    abstract boolean prepare(PageAccount opened);

    /** Sees to threads that have ended in a scope. */
    abstract void reap();

    /** Accounts were closed: what they held goes to those above them. */
    abstract void merge();

    /** Frees what can be freed at once. */
    abstract void settle();

    abstract HeapCensus census();

    final PageAccounts accounts() {
        return accounts;
    }

    /** The account of the whole heap. */
    final Account root() {
        return new Account(this, accounts.root());
    }

    Histogram histogram(PageAccount account) {
        return census().histogram(account);
    }

    final LeakPolicy leakPolicy() {
        return config.leakPolicy();
    }

    final void notice(String text) {
        config.notices().accept(text);
    }

    /** All accounts as a table. */
    final String tree() {
        return accounts.stats(accounts.root()).text();
    }

    /** What an allocation fails with that an account refused; null if none below the heap did. */
    final @Nullable HeapOutOfMemoryError outOfMemory(long payload) {
        PageAccount charged = blocks().account();
        PageAccount refused = blocks().refusedBy();
        if (charged.parent == null || refused == null) {
            return null;
        }
        return new HeapOutOfMemoryError(
                String.format(
                        Locale.ROOT,
                        "account is out of memory: account=%s chargedTo=%s requestedBytes=%d"
                                + " usedBytes=%d limitBytes=%d; it holds:%n%saccounts:%n%s",
                        refused.path(),
                        charged.path(),
                        payload,
                        accounts.stats(refused).usedBytes(),
                        accounts.stats(refused).limitBytes(),
                        histogram(refused).table(MOST_TYPES),
                        tree()));
    }
}
