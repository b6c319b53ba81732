package org.quantalang.memory.internal.alloc;

import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The class tables of one allocator: for each account that it serves, where the current page of
 * each size class is. That of the heap itself is part of the heap's layout; the others lie in pages
 * of the heap, 32 in one, and serve later accounts of the same number until the allocator's thread
 * ends.
 *
 * <p>By who runs the allocator.
 */
final class ClassTables {
    /** No table. */
    static final long NONE = 0;

    private static final long BYTES = 8L * HeapSpace.MAX_SIZE_CLASSES;

    private final HeapSpace space;
    private final PagePool pool;
    private final List<Long> pages = new ArrayList<>();
    private long[] byAccount;
    private long nextTable;
    private long end;

    ClassTables(HeapSpace space, PagePool pool, long ofHeap) {
        this.space = space;
        this.pool = pool;
        byAccount = new long[] {ofHeap};
    }

    /** The table of an account; {@link #NONE} if it was never opened here. */
    long of(int account) {
        return account < byAccount.length ? byAccount[account] : NONE;
    }

    /** The table of an account, made if need be; {@link #NONE} if there is no memory for it. */
    long open(int account) {
        long table = of(account);
        if (table != NONE) {
            return table;
        }
        if (nextTable == end && !addPage()) {
            return NONE;
        }
        table = nextTable;
        nextTable += BYTES;
        for (long slot = table; slot != table + BYTES; slot += Long.BYTES) {
            Memory.putLong(slot, space.noPage);
        }
        if (account >= byAccount.length) {
            byAccount = Arrays.copyOf(byAccount, Math.max(account + 1, 2 * byAccount.length));
        }
        byAccount[account] = table;
        return table;
    }

    private boolean addPage() {
        long page = pool.acquire(1, pool.accounts.root());
        if (page == PagePool.NONE) {
            return false;
        }
        PageTable.kind(space.entry(page), PageTable.METADATA);
        pages.add(page);
        nextTable = page;
        end = page + PageTable.PAGE_BYTES;
        return true;
    }

    /** Gives back all tables but that of the heap itself; no page is in any of them. */
    void release() {
        byAccount = new long[] {byAccount[0]};
        nextTable = 0;
        end = 0;
        for (long page : pages) {
            pool.release(page, 1);
        }
        pages.clear();
    }

    void forEach(LongConsumer visitor) {
        for (long table : byAccount) {
            if (table != NONE) {
                visitor.accept(table);
            }
        }
    }
}
