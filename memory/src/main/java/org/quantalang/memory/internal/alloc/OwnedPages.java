package org.quantalang.memory.internal.alloc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The pages of one owner of a shared heap: a thread, or none ({@link SharedSpace#COMMON}). Blocks
 * are taken and freed as in a confined heap; what other threads free comes back page by page.
 *
 * <p>The owner's runner only, except {@link #told} and the methods that say so.
 */
public final class OwnedPages {
    private static final VarHandle WAITING;

    static {
        try {
            WAITING =
                    MethodHandles.lookup()
                            .findVarHandle(OwnedPages.class, "waiting", long.class)
                            .withInvokeExactBehavior();
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final SharedSpace shared;
    private final RemoteFrees remote;
    private final int owner;

    /** Blocks of this owner's pages. */
    public final BlockAllocator blocks;

    /** Stack of pages with blocks that others freed; linked through {@link RemoteFrees}. */
    @SuppressWarnings("UnusedVariable") // through WAITING
    private volatile long waiting;

    OwnedPages(SharedSpace shared, RemoteFrees remote, BlockAllocator blocks, int owner) {
        this.shared = shared;
        this.remote = remote;
        this.blocks = blocks;
        this.owner = owner;
    }

    /** Any thread: a page of this owner has blocks that came back. */
    void told(long entry) {
        long before = (long) WAITING.getAcquire(this);
        while (true) {
            remote.next(entry, before);
            // Release: the link. Volatile: before the look at whether the owner still runs.
            if ((boolean) WAITING.compareAndSet(this, before, entry)) {
                return;
            }
            before = (long) WAITING.getAcquire(this);
        }
    }

    /** Any thread: whether pages wait. */
    public boolean waiting() {
        return waiting != 0;
    }

    /** Takes back what other threads freed; sends on pages that have another owner by now. */
    public void takeBack() {
        if (waiting == 0) {
            return;
        }
        long entry = (long) WAITING.getAndSet(this, 0L);
        while (entry != 0) {
            long next = remote.next(entry); // before T goes: then the next who frees may set it
            int now = remote.ownerOfEntry(entry);
            if (now == owner) {
                long list = remote.take(entry);
                blocks.takeBack(entry, RemoteFrees.first(list), RemoteFrees.count(list));
            } else {
                shared.tell(now, entry);
            }
            entry = next;
        }
    }

    /**
     * A block, when none was at hand: from what came back, from a page without a thread, from a new
     * page.
     *
     * @param sizeClass its class, or {@link SizeClass#LARGE}
     * @param firstBlock where in a run of pages it starts
     * @param bytes its size
     * @return the block, or {@link BlockAllocator#NONE}
     */
    public long allocateSlow(int sizeClass, long firstBlock, long bytes) {
        takeBack();
        if (sizeClass == SizeClass.LARGE) {
            return blocks.allocateLarge(firstBlock, bytes);
        }
        blocks.mergeClosed();
        if (!blocks.hasPage(sizeClass, blocks.account())) {
            shared.adoptOne(this, sizeClass);
        }
        return blocks.allocateSlow(sizeClass);
    }

    /** Whether a page of the class has room, or pages wait that may have. */
    public boolean hasPage(int sizeClass) {
        return waiting != 0 || blocks.hasPage(sizeClass, blocks.account());
    }

    /** As {@link #allocateSlow}, for who is no owner; any thread. */
    public long allocateCommon(int sizeClass, long firstBlock, long bytes) {
        shared.lock.lock();
        try {
            return allocateSlow(sizeClass, firstBlock, bytes);
        } finally {
            shared.lock.unlock();
        }
    }

    /** Takes over a page that {@code from} let go; the caller runs both. */
    void adopt(long entry) {
        remote.owner(entry, owner);
        blocks.adopt(entry);
    }

    int owner() {
        return owner;
    }
}
