package org.quantalang.memory.internal.alloc;

/**
 * The pages of a heap that hold no blocks, and the limit on those that do.
 *
 * <p>A page that falls empty stays resident for a while, newest first, since a program that freed
 * much often allocates much again; after the delay its memory goes back to the system, some of it
 * whenever another page falls empty, and only its address space is kept. Runs of several pages are
 * taken where the lowest free ones are that suffice.
 *
 * <p>Any thread: each call takes the pool's lock. A confined heap takes it for nothing, a few times
 * a page.
 *
 * <p>Invariants: {@code held == used + resident free pages <= limit}; a page below {@code top} is
 * either used or free by its bit and in exactly one of the two lists.
 */
public final class PagePool {
    /** What {@link #acquire} answers when the limit or the address space is reached. */
    public static final long NONE = 0;

    /**
     * How long a call gives pages back, about: a program that dropped half a gigabyte must not stop
     * for all of it at once. A delay of 0 has no such bound.
     */
    private static final long RETURN_NANOS = 100_000;

    private final HeapSpace space;

    /** Who is charged for the pages that hold blocks. */
    final PageAccounts accounts;

    private final long limitPages;
    private final long delayNanos;

    /** Pages below the top that are not used, counted from the first of the space. */
    final FreePageBits free = new FreePageBits();

    private long top;
    private long usedPages;
    private long peakPages;
    private long residentFree;

    // Lists through the entries' next and prev: newest resident page, oldest, and returned pages.
    private long newest;
    private long oldest;
    private long returned;

    PagePool(HeapSpace space, String heapName, long limitBytes, long delayNanos) {
        this.space = space;
        this.accounts = new PageAccounts(heapName, limitBytes >>> PageTable.PAGE_SHIFT);
        this.limitPages = limitBytes >>> PageTable.PAGE_SHIFT;
        this.delayNanos = delayNanos;
        this.top = space.objects;
    }

    /**
     * Takes {@code pages} adjacent pages for an account; {@link #NONE} if its limit or that of an
     * ancestor, space or system say no.
     */
    synchronized long acquire(long pages, PageAccount account) {
        if (!accounts.charge(account, pages)) {
            return NONE;
        }
        long page = take(pages);
        if (page == NONE) {
            accounts.credit(account, pages);
        } else {
            PageTable.account(space.entry(page), account.number);
        }
        return page;
    }

    private long take(long pages) {
        if (pages == 1 && newest != 0) {
            long page = space.pageOf(newest);
            takeFree(page, 1);
            return used(page, 1);
        }
        long excess = usedPages + residentFree + pages - limitPages;
        while (excess > 0 && oldest != 0) {
            excess -= giveBack(excess);
        }
        long page = pages == 1 ? returnedPage() : freeRun(pages);
        if (page == NONE) {
            if ((space.end() - top) >>> PageTable.PAGE_SHIFT < pages) {
                return NONE;
            }
            page = top;
            if (!space.source.commit(page, pages << PageTable.PAGE_SHIFT)) {
                return NONE;
            }
            top += pages << PageTable.PAGE_SHIFT;
            return used(page, pages);
        }
        if (!space.source.commit(page, pages << PageTable.PAGE_SHIFT)) {
            return NONE;
        }
        takeFree(page, pages);
        return used(page, pages);
    }

    private long used(long page, long pages) {
        usedPages += pages;
        peakPages = Math.max(peakPages, usedPages);
        return page;
    }

    /** Takes back pages that hold nothing any more. */
    synchronized void release(long page, long pages) {
        PageAccount account = accounts.at(PageTable.account(space.entry(page)));
        free.add(numberOf(page), pages);
        usedPages -= pages;
        accounts.credit(account, pages);
        long now = System.nanoTime();
        for (long i = 0; i < pages; i++) {
            long entry = space.entry(page + (i << PageTable.PAGE_SHIFT));
            PageTable.kind(entry, PageTable.POOLED);
            PageTable.holdsNoBlocks(entry);
            PageTable.extra(entry, now);
            PageTable.prev(entry, 0);
            PageTable.next(entry, newest);
            if (newest != 0) {
                PageTable.prev(newest, entry);
            } else {
                oldest = entry;
            }
            newest = entry;
        }
        residentFree += pages;
        returnOld(now);
    }

    /** Gives back what has waited for the delay: some of it, since the caller waits meanwhile. */
    private void returnOld(long now) {
        while (oldest != 0 && now - PageTable.extra(oldest) > delayNanos) {
            giveBack(1);
            if (delayNanos > 0 && System.nanoTime() - now > RETURN_NANOS) {
                return;
            }
        }
    }

    /** Gives the memory of every free page back to the system, whatever its age. */
    synchronized void returnAll() {
        while (oldest != 0) {
            giveBack(Long.MAX_VALUE);
        }
    }

    /**
     * Gives the oldest free page back, and with it the free resident pages right behind it: one
     * call for all.
     *
     * @param most how many pages at most
     * @return how many that were
     */
    private long giveBack(long most) {
        long first = space.pageOf(oldest);
        long end = first;
        long pages = 0;
        while (pages < most && end != top && free.isFree(numberOf(end)) && isResident(end)) {
            pages++;
            long each = space.entry(end);
            unlinkResident(each);
            PageTable.kind(each, PageTable.UNUSED);
            PageTable.next(each, returned);
            PageTable.prev(each, 0);
            if (returned != 0) {
                PageTable.prev(returned, each);
            }
            returned = each;
            end += PageTable.PAGE_BYTES;
        }
        space.source.decommit(first, end - first);
        return pages;
    }

    private long returnedPage() {
        return returned == 0 ? NONE : space.pageOf(returned);
    }

    private boolean isResident(long page) {
        return PageTable.kind(space.entry(page)) == PageTable.POOLED;
    }

    private void takeFree(long page, long pages) {
        for (long i = 0; i < pages; i++) {
            long entry = space.entry(page + (i << PageTable.PAGE_SHIFT));
            if (PageTable.kind(entry) == PageTable.POOLED) {
                unlinkResident(entry);
            } else {
                unlinkReturned(entry);
            }
        }
        free.remove(numberOf(page), pages);
    }

    private void unlinkResident(long entry) {
        long next = PageTable.next(entry);
        long prev = PageTable.prev(entry);
        if (prev != 0) {
            PageTable.next(prev, next);
        } else {
            newest = next;
        }
        if (next != 0) {
            PageTable.prev(next, prev);
        } else {
            oldest = prev;
        }
        residentFree--;
    }

    private void unlinkReturned(long entry) {
        long next = PageTable.next(entry);
        long prev = PageTable.prev(entry);
        if (prev != 0) {
            PageTable.next(prev, next);
        } else {
            returned = next;
        }
        if (next != 0) {
            PageTable.prev(next, prev);
        }
    }

    private long freeRun(long pages) {
        long number = free.lowestRun(pages);
        return number == FreePageBits.NONE
                ? NONE
                : space.objects + (number << PageTable.PAGE_SHIFT);
    }

    private long numberOf(long page) {
        return (page - space.objects) >>> PageTable.PAGE_SHIFT;
    }

    /** End of the pages that were ever used. */
    synchronized long top() {
        return top;
    }

    synchronized long usedBytes() {
        return usedPages << PageTable.PAGE_SHIFT;
    }

    /** Bytes the heap holds: pages in use and free pages not yet given back. */
    synchronized long heldBytes() {
        return (usedPages + residentFree) << PageTable.PAGE_SHIFT;
    }

    synchronized long peakBytes() {
        return peakPages << PageTable.PAGE_SHIFT;
    }

    long limitBytes() {
        return limitPages << PageTable.PAGE_SHIFT;
    }
}
