package org.quantalang.memory.internal.alloc;

import org.jspecify.annotations.Nullable;

/**
 * One account of a heap: how many pages it may hold, and does hold. What changes does so in {@link
 * PageAccounts}, under its lock.
 *
 * <p>{@code usedPages == ownPages + sum over children of max(usedPages, reservedPages)}.
 */
public final class PageAccount {
    /** On the entries of its pages; 0 is the heap itself. */
    final int number;

    /** The account that is charged with it; null for the heap itself. */
    public final @Nullable PageAccount parent;

    /** Its name, without those of its ancestors. */
    public final String name;

    final long limitPages;
    long reservedPages;
    long usedPages;
    long ownPages;
    long peakPages;
    int children;
    int entered;
    boolean closed;

    PageAccount(
            int number,
            @Nullable PageAccount parent,
            String name,
            long limitPages,
            long reservedPages) {
        this.number = number;
        this.parent = parent;
        this.name = name;
        this.limitPages = limitPages;
        this.reservedPages = reservedPages;
    }

    /** How much more its parent is charged if this is charged so many pages more, or less. */
    long growth(long pages) {
        return Math.max(usedPages + pages, reservedPages) - Math.max(usedPages, reservedPages);
    }

    /** Whether this is {@code other} or one of its ancestors. */
    public boolean includes(@Nullable PageAccount other) {
        PageAccount at = other;
        while (at != null && at != this) {
            at = at.parent;
        }
        return at == this;
    }

    /** Names from the heap's to its own. */
    public String path() {
        return parent == null ? name : parent.path() + "/" + name;
    }

    @Override
    public String toString() {
        return path();
    }
}
