package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

/**
 * The queues of pages with room, one for each size class of a class table: the table has the head,
 * which is the page that blocks are taken from, and the pages' entries lead on.
 *
 * <pre>
 *  class table        entries of pages
 *  +-------+          +---------+  next  +---------+  next  +---------+
 *  | class | -------&gt; | CURRENT | -----&gt; | WAITING | -----&gt; | WAITING |      FULL: in no queue
 *  +-------+          +---------+ &lt;----- +---------+ &lt;----- +---------+
 *                                  prev               prev
 * </pre>
 *
 * <p>A class without a page has {@code noPage} for its head, so that the fast path needs no test
 * for it. By the runner of the pages only.
 */
final class PageQueues {
    private final HeapSpace space;

    PageQueues(HeapSpace space) {
        this.space = space;
    }

    static long head(long table, int sizeClass) {
        return getLong(table + ((long) sizeClass << 3));
    }

    static void head(long table, int sizeClass, long entry) {
        putLong(table + ((long) sizeClass << 3), entry);
    }

    /** Whether a class has no page with room. */
    boolean isEmpty(long table, int sizeClass) {
        return head(table, sizeClass) == space.noPage;
    }

    /** Puts a page in front; it counts one block more than it handed out while it is there. */
    static void makeCurrent(long table, int sizeClass, long entry) {
        PageTable.allocated(entry, PageTable.allocated(entry) + 1);
        PageTable.role(entry, PageTable.CURRENT);
        head(table, sizeClass, entry);
    }

    /** Whether a page has freed blocks; of pages that came from another owner, not all have. */
    boolean hasFreed(long entry) {
        return entry != 0 && PageTable.freeList(entry) != space.pageOf(entry);
    }

    /** The head has only untouched blocks left: pages with freed ones come first. */
    void demoteHead(long table, int sizeClass, long entry) {
        long other = PageTable.next(entry);
        PageTable.allocated(entry, PageTable.allocated(entry) - 1);
        PageTable.role(entry, PageTable.WAITING);
        long third = PageTable.next(other);
        PageTable.prev(other, 0);
        PageTable.next(other, entry);
        PageTable.prev(entry, other);
        PageTable.next(entry, third);
        if (third != 0) {
            PageTable.prev(third, entry);
        }
        makeCurrent(table, sizeClass, other);
    }

    /** The head is used up: it leaves the queue until one of its blocks is freed. */
    void retireFull(long table, int sizeClass, long entry) {
        long next = PageTable.next(entry);
        PageTable.next(entry, 0);
        PageTable.role(entry, PageTable.FULL);
        PageTable.extra(entry, PageTable.allocated(entry) - 1);
        PageTable.allocated(entry, PageTable.freed(entry) + 1);
        advance(table, sizeClass, next);
    }

    private void advance(long table, int sizeClass, long next) {
        if (next == 0) {
            head(table, sizeClass, space.noPage);
        } else {
            PageTable.prev(next, 0);
            makeCurrent(table, sizeClass, next);
        }
    }

    /** A page that was full has room again. */
    void enqueue(long table, int sizeClass, long entry) {
        long head = head(table, sizeClass);
        if (head == space.noPage) {
            PageTable.prev(entry, 0);
            PageTable.next(entry, 0);
            makeCurrent(table, sizeClass, entry);
            return;
        }
        long second = PageTable.next(head);
        PageTable.prev(entry, head);
        PageTable.next(entry, second);
        PageTable.next(head, entry);
        if (second != 0) {
            PageTable.prev(second, entry);
        }
    }

    /** Takes a page that is not the head out of its queue. */
    static void dequeue(long entry) {
        long next = PageTable.next(entry);
        long prev = PageTable.prev(entry);
        PageTable.next(prev, next);
        if (next != 0) {
            PageTable.prev(next, prev);
        }
    }

    /** Takes the head out of its queue. */
    void removeHead(long table, int sizeClass, long entry) {
        long next = PageTable.next(entry);
        PageTable.allocated(entry, PageTable.allocated(entry) - 1);
        PageTable.role(entry, PageTable.WAITING);
        advance(table, sizeClass, next);
    }

    /** Forgets the pages of the first {@code classes} classes. */
    void forget(long table, int classes) {
        for (int sizeClass = 1; sizeClass < classes; sizeClass++) {
            long entry = head(table, sizeClass);
            if (entry != space.noPage) {
                PageTable.allocated(entry, PageTable.allocated(entry) - 1);
                PageTable.role(entry, PageTable.WAITING);
                head(table, sizeClass, space.noPage);
            }
        }
    }
}
