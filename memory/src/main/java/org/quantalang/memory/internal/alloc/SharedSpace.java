package org.quantalang.memory.internal.alloc;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * The pages of a shared heap, by owner. Owner 0 is nobody: pages of ended threads, and those that
 * serve virtual threads. Whoever holds the lock runs it, and every owner that has no thread.
 *
 * <p>Pages change owners twice at most in a round: from a thread that ends to nobody, and from
 * nobody to a thread that needs one of that class. A page on its way to an owner that is no longer
 * its own is sent on, so that no block is lost whatever the order.
 */
public final class SharedSpace {
    /** The owner of what belongs to no thread. */
    public static final int COMMON = 0;

    private static final long CLASS_TABLE_BYTES = 8L * HeapSpace.MAX_SIZE_CLASSES;

    private final HeapSpace space;
    private final PagePool pool;
    private final SizeClassTable definitions = new SizeClassTable();
    private final RemoteFrees remote;
    private final PageSource source;
    private final long classTables;
    private final long classTableBytes;
    private final @Nullable OwnedPages[] owners;
    private final Runnings runnings;

    /** Told of freed blocks in checked mode. */
    private @Nullable FreeWatch watch;

    /** Held by who runs the common pages, or an owner without a thread. */
    public final ReentrantLock lock = new ReentrantLock();

    /** Says which owners have a thread that runs them. */
    @FunctionalInterface
    public interface Runnings {
        /** Whether a thread runs this owner; if not, who told it something must see to it. */
        boolean runs(int owner);
    }

    /**
     * Sets up the pages of a heap.
     *
     * @param mostOwners highest number of an owner
     */
    public SharedSpace(
            HeapSpace space,
            String heapName,
            long limitBytes,
            long returnDelayNanos,
            int mostOwners,
            Runnings runnings) {
        this.space = space;
        this.source = space.source;
        this.runnings = runnings;
        pool = new PagePool(space, heapName, limitBytes, returnDelayNanos);
        remote = new RemoteFrees(space);
        owners = new @Nullable OwnedPages[mostOwners + 1];
        classTableBytes = HeapSpace.pageUp((mostOwners + 1) * CLASS_TABLE_BYTES);
        classTables = source.reserve(classTableBytes);
        if (classTables == PageSource.REFUSED || !source.commit(classTables, classTableBytes)) {
            remote.release();
            throw new OutOfMemoryError("no address space for a table: bytes=" + classTableBytes);
        }
        OwnedPages common = make(COMMON);
        common.blocks.closeFastPath(true);
    }

    /** Before any other thread knows the heap: this is told of freed blocks. */
    public void watch(FreeWatch told) {
        watch = told;
        of(COMMON).blocks.watch(told);
    }

    /**
     * What gives back the tables; the space itself has an owner of its own. It does not lead to
     * this object, nor to those that are told of freed blocks.
     */
    public Runnable release() {
        RemoteFrees frees = remote;
        PageSource from = source;
        long tables = classTables;
        long bytes = classTableBytes;
        return () -> {
            frees.release();
            from.release(tables, bytes);
        };
    }

    /** The classes of all owners. */
    public SizeClassTable classes() {
        return definitions;
    }

    /** Under the lock: the pages of an owner that had none before. */
    public OwnedPages make(int owner) {
        BlockAllocator blocks =
                new BlockAllocator(
                        space,
                        pool,
                        new SizeClassTable(definitions),
                        classTables + owner * CLASS_TABLE_BYTES,
                        remote,
                        owner);
        if (watch != null) {
            blocks.watch(watch);
        }
        OwnedPages made = new OwnedPages(this, remote, blocks, owner);
        owners[owner] = made;
        return made;
    }

    /** The pages of an owner that exists. */
    public OwnedPages of(int owner) {
        OwnedPages pages = owners[owner];
        if (pages == null) {
            throw new IllegalStateException(
                    "page has an owner that never was: owner=" + owner + "; memory is damaged");
        }
        return pages;
    }

    /**
     * Whose page a block lies in.
     *
     * @throws IllegalStateException if no block starts there
     */
    public int ownerOf(long block) {
        checkBlock(block);
        return remote.ownerOf(block);
    }

    private void checkBlock(long block) {
        BlockAllocator common = of(COMMON).blocks;
        if (!common.mayBeBlock(block)) {
            throw common.walk().noBlock(block);
        }
    }

    /** Any thread: frees a block of a page that this thread does not own. */
    public void freeRemote(long block) {
        if (CheckedLevel.KEEPS
                && watch != null
                && of(COMMON).blocks.watches(block)
                && watch.keeps(block)) {
            return;
        }
        giveBackRemote(block);
    }

    /** The same for a block that is not watched any more. */
    public void giveBackRemote(long block) {
        checkBlock(block);
        long entry = remote.push(block);
        if (entry != 0) {
            tell(remote.ownerOfEntry(entry), entry);
        }
    }

    /** Hands a page to its owner, and sees to it if the owner has no thread. */
    void tell(int owner, long entry) {
        OwnedPages pages = of(owner);
        pages.told(entry);
        if (!runnings.runs(owner)) {
            takeBackWithoutThread(pages);
        }
    }

    /** Runs an owner that has no thread. */
    private void takeBackWithoutThread(OwnedPages pages) {
        lock.lock();
        try {
            if (!runnings.runs(pages.owner())) { // else it sees by itself that something waits
                pages.takeBack();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives {@code to}, whose runner calls, a page without a thread that has room in the class. */
    void adoptOne(OwnedPages to, int sizeClass) {
        OwnedPages common = of(COMMON);
        PageAccount account = to.blocks.account();
        if (to == common || !(common.blocks.hasPage(sizeClass, account) || common.waiting())) {
            return;
        }
        lock.lock();
        try {
            common.takeBack();
            long entry = common.blocks.letGo(sizeClass, account);
            if (entry != 0) {
                to.adopt(entry);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The accounts of the heap. */
    public PageAccounts accounts() {
        return pool.accounts;
    }

    /** Prepares for pages of an account without a thread; false if there is no memory for that. */
    public boolean openAccount(PageAccount opened) {
        lock.lock();
        try {
            return of(COMMON).blocks.openAccount(opened);
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock, by who runs {@code from}: all its pages go to nobody. */
    public void abandon(OwnedPages from) {
        OwnedPages common = of(COMMON);
        from.takeBack();
        from.blocks.leaveAllAccounts();
        from.blocks.forgetPages();
        walk().forEachPage(
                        entry -> {
                            if (remote.ownerOfEntry(entry) == from.owner()) {
                                common.adopt(entry);
                            }
                        });
    }

    /** The first block on each page of an owner: what its end looks through. */
    public void forEachBlock(OwnedPages of, BlockWalk.BlockVisitor visitor) {
        walk().forEachPage(
                        entry -> {
                            if (remote.ownerOfEntry(entry) == of.owner()) {
                                walk().forEachOn(entry, visitor);
                            }
                        });
    }

    /** Gives empty pages of the common owner, and the pool's, back to the system. */
    public void trimCommon() {
        lock.lock();
        try {
            of(COMMON).takeBack();
            of(COMMON).blocks.trim();
        } finally {
            lock.unlock();
        }
    }

    /** The walk over all pages and blocks; totals are those of all owners now. */
    public BlockWalk walk() {
        SizeClassTable totals = new SizeClassTable(definitions);
        for (OwnedPages each : owners) {
            if (each != null) {
                totals.add(each.blocks.classes());
            }
        }
        return new BlockWalk(space, pool, totals, watch);
    }

    /** Tells the owner of each page. */
    public void forEachOwnerOfPages(IntConsumer visitor) {
        walk().forEachPage(entry -> visitor.accept(remote.ownerOfEntry(entry)));
    }

    /** Where the heap's addresses begin. */
    public long base() {
        return space.base;
    }

    /** The first address that a block can have. */
    public long first() {
        return space.objects;
    }

    /** The end of the pages that were ever used. */
    public long top() {
        return pool.top();
    }

    /** Bytes held from the system in pages of objects. */
    public long heldBytes() {
        return pool.heldBytes();
    }

    /** Bytes of pages that hold blocks. */
    public long usedBytes() {
        return pool.usedBytes();
    }

    /** Most bytes of pages that ever held blocks at once. */
    public long peakBytes() {
        return pool.peakBytes();
    }

    /** The limit on {@link #usedBytes}. */
    public long limitBytes() {
        return pool.limitBytes();
    }

    /** Gives the memory of all empty pages back to the system. */
    public void returnAll() {
        pool.returnAll();
    }
}
