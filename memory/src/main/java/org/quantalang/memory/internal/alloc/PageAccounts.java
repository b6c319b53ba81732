package org.quantalang.memory.internal.alloc;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.AccountStats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The accounts of a heap: a tree whose root is the heap itself. A page belongs to one account,
 * whose number is on the page's entry; it is charged to that account and to all above it.
 *
 * <p>A child with a reservation is charged to its parent with the reservation at least, so that its
 * first pages can always be had.
 *
 * <p>A closed account holds pages until these are empty or have been merged into its parent; its
 * number is free then.
 *
 * <p>Any thread: each call takes a lock, a few times a page.
 */
public final class PageAccounts {
    /** Accounts that can exist at once: their number has 16 bits on a page's entry. */
    static final int MOST = 1 << 16;

    private final PageAccount root;
    private @Nullable PageAccount[] accounts = new @Nullable PageAccount[4];
    private int firstFree = 1;

    /** How many were closed so far. */
    private volatile int closes;

    PageAccounts(String heapName, long limitPages) {
        root = new PageAccount(0, null, heapName, limitPages, 0);
        accounts[0] = root;
    }

    /** The heap itself. */
    public PageAccount root() {
        return root;
    }

    int closes() {
        return closes;
    }

    /** The account with a number; null if there is none, as beside threads that close accounts. */
    synchronized @Nullable PageAccount find(int number) {
        return number < accounts.length ? accounts[number] : null;
    }

    PageAccount at(int number) {
        PageAccount account = find(number);
        if (account == null) {
            throw new IllegalStateException(
                    "page has an account that never was: account=%d; memory is damaged"
                            .formatted(number));
        }
        return account;
    }

    /**
     * Opens an account.
     *
     * @return the account, or null if an ancestor cannot give the reservation
     */
    public synchronized @Nullable PageAccount open(
            PageAccount parent, String name, long limitBytes, long reservedBytes) {
        if (parent.closed) {
            throw closed(parent);
        }
        long reserved = HeapSpace.pageUp(reservedBytes) >>> PageTable.PAGE_SHIFT;
        if (refusing(parent, reserved) != null) {
            return null;
        }
        int number = freeNumber();
        PageAccount account =
                new PageAccount(
                        number, parent, name, limitBytes >>> PageTable.PAGE_SHIFT, reserved);
        accounts[number] = account;
        parent.children++;
        add(parent, reserved);
        return account;
    }

    private int freeNumber() {
        int number = firstFree;
        while (number < accounts.length && accounts[number] != null) {
            number++;
        }
        if (number == MOST) {
            throw new IllegalStateException("heap has too many accounts: most=" + MOST);
        }
        if (number == accounts.length) {
            accounts = Arrays.copyOf(accounts, 2 * number);
        }
        firstFree = number + 1;
        return number;
    }

    /** Who of an account and its ancestors has no room for so many pages more; null if all have. */
    public synchronized @Nullable PageAccount refusing(PageAccount account, long pages) {
        long more = pages;
        for (PageAccount at = account; at != null && more > 0; at = at.parent) {
            if (at.usedPages + more > at.limitPages) {
                return at;
            }
            more = at.growth(more);
        }
        return null;
    }

    /** Charges an account with pages of its own; false, and nothing done, if somebody refuses. */
    synchronized boolean charge(PageAccount account, long pages) {
        if (refusing(account, pages) != null) {
            return false;
        }
        account.ownPages += pages;
        add(account, pages);
        return true;
    }

    synchronized void credit(PageAccount account, long pages) {
        account.ownPages -= pages;
        add(account, -pages);
        forgetIfDone(account);
    }

    private static void add(PageAccount account, long pages) {
        long more = pages;
        for (PageAccount at = account; at != null && more != 0; at = at.parent) {
            long grown = at.growth(more);
            at.usedPages += more;
            at.peakPages = Math.max(at.peakPages, at.usedPages);
            more = grown;
        }
    }

    /** Where pages of an account belong: itself, or the nearest ancestor that is open. */
    synchronized PageAccount heir(int number) {
        PageAccount heir = at(number);
        while (heir.closed && heir.parent != null) {
            heir = heir.parent;
        }
        return heir;
    }

    /** A page, or a run by its first page, goes to the heir of its account if that was closed. */
    synchronized void inherit(long entry) {
        PageAccount account = at(PageTable.account(entry));
        PageAccount heir = heir(account.number);
        if (heir != account) {
            move(account, heir, pagesOf(entry));
            PageTable.account(entry, heir.number);
        }
    }

    private static long pagesOf(long entry) {
        return PageTable.kind(entry) == PageTable.LARGE
                ? HeapSpace.pageUp(PageTable.carved(entry) + PageTable.extra(entry))
                        >>> PageTable.PAGE_SHIFT
                : 1;
    }

    /** Pages of a closed account go to an ancestor; those in between were charged all along. */
    private void move(PageAccount from, PageAccount to, long pages) {
        from.ownPages -= pages;
        to.ownPages += pages;
        for (PageAccount at = from; at != null && at != to; at = at.parent) {
            at.usedPages -= pages;
        }
        forgetIfDone(from);
    }

    /**
     * A scope of an account begins.
     *
     * @throws IllegalStateException if it was closed meanwhile
     */
    synchronized void entered(PageAccount account) {
        checkOpen(account);
        account.entered++;
    }

    /** A scope of an account ends. */
    synchronized void left(PageAccount account) {
        account.entered--;
    }

    /** Whether an account is open. */
    public synchronized boolean isOpen(PageAccount account) {
        return !account.closed;
    }

    /** Refuses an account that is closed. */
    public synchronized void checkOpen(PageAccount account) {
        if (account.closed) {
            throw closed(account);
        }
    }

    private static IllegalStateException closed(PageAccount account) {
        return new IllegalStateException("account is closed: account=" + account.path());
    }

    /** Refuses to close an account that is in use. */
    public synchronized void checkUnused(PageAccount account) {
        if (account.children > 0 || account.entered > 0) {
            throw new IllegalStateException(
                    ("account is in use: account=%s openChildren=%d entered=%d; close its children"
                                    + " and its scopes first")
                            .formatted(account.path(), account.children, account.entered));
        }
    }

    /** Closes an account; its reservation ends. */
    public synchronized void close(PageAccount account) {
        PageAccount parent = account.parent;
        if (parent == null || account.closed) {
            return;
        }
        checkUnused(account);
        account.closed = true;
        closes++;
        parent.children--;
        long unused = Math.max(account.reservedPages - account.usedPages, 0);
        account.reservedPages = 0;
        add(parent, -unused);
        forgetIfDone(account);
    }

    private void forgetIfDone(PageAccount account) {
        PageAccount at = account;
        while (at != null && at.closed && at.usedPages == 0 && accounts[at.number] == at) {
            accounts[at.number] = null;
            firstFree = Math.min(firstFree, at.number);
            at = at.parent;
        }
    }

    /** An account with all below it, as it is now. */
    public synchronized AccountStats stats(PageAccount account) {
        List<AccountStats> children = new ArrayList<>();
        for (PageAccount each : accounts) {
            if (each != null && each.parent == account) {
                children.add(stats(each));
            }
        }
        return new AccountStats(
                account.name,
                account.limitPages << PageTable.PAGE_SHIFT,
                account.reservedPages << PageTable.PAGE_SHIFT,
                account.usedPages << PageTable.PAGE_SHIFT,
                account.ownPages << PageTable.PAGE_SHIFT,
                account.peakPages << PageTable.PAGE_SHIFT,
                !account.closed,
                children);
    }
}
