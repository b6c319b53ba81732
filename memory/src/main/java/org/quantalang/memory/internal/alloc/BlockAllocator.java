package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;

/**
 * Blocks from pages of one size class each, with a free list in each page.
 *
 * <p>Allocation pops the current page's list; a free pushes onto the list of the page that the
 * address tells. Each is a handful of loads and stores with one test: the test that a link is on
 * the same page and aligned also catches the end of the list, and the test that a page has become
 * empty also catches the first free of a full page (see {@link PageTable}).
 *
 * <p>A class's pages with room form a queue whose head is the current page. A full page is in no
 * queue; its first free puts it behind the head. The head is only changed when it has nothing left,
 * pages with freed blocks come before untouched ones, and an empty page that is not the head goes
 * back to the pool. So memory is only carved when every carved block of the class is in use, which
 * makes {@code carved} the peak.
 *
 * <p>Owner thread only.
 */
public final class BlockAllocator {
    /** No block: limit, address space or the system said no. */
    public static final long NONE = 0;

    /** Not the entry of any page. */
    public static final long NO_PAGE = 0;

    /** The shape of a page on which no block starts, or which is not of this heap. */
    public static final long NO_BLOCKS = 0;

    /** Any of these bits different: not two blocks of the same page. */
    private static final long NOT_SAME_PAGE = ~(PageTable.PAGE_BYTES - SizeClass.GRANULE_BYTES);

    /** New blocks are cut for this many bytes at a time, so that untouched memory stays so. */
    private static final int CARVE_BYTES = 4096;

    private static final WatchedBlocks NONE_WATCHED = new WatchedBlocks();

    private final HeapSpace space;
    private final PagePool pool;
    private final long entryBias;
    private final long base;
    private final long bytes;
    private final SizeClassTable classes;

    private final ClassTables tables;
    private final PageQueues queues;

    /** Charged with the pages of new blocks. */
    private PageAccount account;

    /** Where the current page of each class is, for that account. */
    private long ownClassTable;

    /** That table, or the one without pages while something must be done before allocating. */
    private long classTable;

    /** Who frees by other threads are told to; null in a confined heap. */
    private final @Nullable RemoteFrees remote;

    private final int owner;

    private long collectedBytes;

    private long offeredBytes;

    /** What a collector was to free and what is no block; see {@link #takeNoBlock}. */
    private long noBlock = NONE;

    /** What was charged before the accounts whose scopes are open, innermost first. */
    private final ArrayDeque<PageAccount> outer = new ArrayDeque<>();

    /** Told of freed blocks in checked mode. */
    private @Nullable FreeWatch watch;

    /** Which of them, if not all. */
    private WatchedBlocks watched = NONE_WATCHED;

    /** Who refused a page last; see {@link #refusedBy}. */
    private @Nullable PageAccount refusedBy;

    /** As many closed accounts have been merged; see {@link #mergeClosed}. */
    private int merges;

    public BlockAllocator(
            HeapSpace space, String heapName, long limitBytes, long returnDelayNanos) {
        this.space = space;
        this.pool = new PagePool(space, heapName, limitBytes, returnDelayNanos);
        this.queues = new PageQueues(space);
        this.tables = new ClassTables(space, pool, space.classTable);
        this.account = pool.accounts.root();
        this.entryBias = space.entryBias;
        this.base = space.base;
        this.bytes = space.bytes;
        this.classes = new SizeClassTable();
        this.ownClassTable = space.classTable;
        this.classTable = space.classTable;
        this.remote = null;
        this.owner = 0;
    }

    /** The pages of one owner of a shared heap, which has other owners beside it. */
    BlockAllocator(
            HeapSpace space,
            PagePool pool,
            SizeClassTable classes,
            long classTable,
            RemoteFrees remote,
            int owner) {
        this.space = space;
        this.pool = pool;
        this.queues = new PageQueues(space);
        this.tables = new ClassTables(space, pool, classTable);
        this.account = pool.accounts.root();
        this.entryBias = space.entryBias;
        this.base = space.base;
        this.bytes = space.bytes;
        this.classes = classes;
        this.ownClassTable = classTable;
        this.classTable = classTable;
        this.remote = remote;
        this.owner = owner;
        for (int index = 0; index < HeapSpace.MAX_SIZE_CLASSES; index++) {
            PageQueues.head(classTable, index, space.noPage);
        }
    }

    /** The classes and their totals. */
    public SizeClassTable classes() {
        return classes;
    }

    /**
     * Pops a block of a class without the slow path.
     *
     * @return the block, or {@link #NONE}: then {@link #allocateSlow} decides
     */
    public long allocateFast(int sizeClass) {
        return takeFrom(getLong(classTable + ((long) sizeClass << 3)));
    }

    /** The same of a class by its distance in a class table. */
    public long allocateAt(long classOffset) {
        return takeFrom(getLong(classTable + classOffset));
    }

    private static long takeFrom(long entry) {
        long block = getLong(entry);
        long next = getLong(block, HeaderWord.WORD_B);
        if (((next ^ block) & NOT_SAME_PAGE) != 0) {
            return NONE;
        }
        putLong(entry, next);
        putLong(entry, PageTable.ALLOCATED, getLong(entry, PageTable.ALLOCATED) + 1);
        return block;
    }

    /**
     * Finds or makes a page with room and pops a block.
     *
     * @return the block, or {@link #NONE} when the heap's limit or the system forbids a new page
     * @throws IllegalStateException if a free list is damaged
     */
    public long allocateSlow(int sizeClass) {
        while (true) {
            long entry = PageQueues.head(ownClassTable, sizeClass);
            if (entry == space.noPage) {
                if (!addPage(sizeClass)) {
                    return NONE;
                }
            } else if (PageTable.freeList(entry) != space.pageOf(entry)) {
                offered(entry, sizeClass);
                long block = PageTable.freeList(entry);
                long next = getLong(block, HeaderWord.WORD_B);
                if (((next ^ block) & NOT_SAME_PAGE) != 0) {
                    throw walk().damagedList(entry, block, next);
                }
                PageTable.freeList(entry, next);
                PageTable.allocated(entry, PageTable.allocated(entry) + 1);
                return block;
            } else if (PageTable.carved(entry) < classes.capacity(sizeClass)) {
                if (queues.hasFreed(PageTable.next(entry))) {
                    queues.demoteHead(ownClassTable, sizeClass, entry);
                } else {
                    carve(entry);
                }
            } else {
                queues.retireFull(ownClassTable, sizeClass, entry);
            }
        }
    }

    /** A page whose free blocks are handed out from now on, or one of them. */
    private void offered(long entry, int sizeClass) {
        long blockBytes = classes.blockBytes(sizeClass);
        long live = PageTable.allocated(entry) - 1 - PageTable.freed(entry);
        offeredBytes +=
                fastPathClosed() ? blockBytes : (PageTable.carved(entry) - live) * blockBytes;
    }

    /** From now on this is told of freed blocks. */
    public void watch(FreeWatch told) {
        watch = told;
        watched = told.watched();
    }

    /** Takes back a block whose object is gone; its header word becomes zero. */
    public void free(long block) {
        if (CheckedLevel.KEEPS && watches(block) && watch != null && watch.keeps(block)) {
            return;
        }
        giveBack(block);
    }

    /** See {@link FreeWatch#letsGo}. */
    public boolean watchLetsGo(long block) {
        return watches(block) && watch != null && watch.letsGo(block);
    }

    /** Whether a block must be freed by itself, since checked mode may keep it. */
    public boolean watches(long block) {
        return CheckedLevel.KEEPS_ALL || (CheckedLevel.SAMPLING && watched.mayHave(block));
    }

    /**
     * Takes back a block that is not watched any more.
     *
     * @throws IllegalStateException if no block starts there
     */
    public void giveBack(long block) {
        if (!mayBeBlock(block)) {
            throw walk().noBlock(block);
        }
        long entry = pageEntry(block);
        putLong(block, 0);
        putLong(block, HeaderWord.WORD_B, getLong(entry));
        putLong(entry, block);
        long freed = getLong(entry, PageTable.FREED) + 1;
        putLong(entry, PageTable.FREED, freed);
        if (freed == getLong(entry, PageTable.ALLOCATED)) {
            freeSlow(entry);
        }
    }

    /**
     * Whether this is where a block of the heap starts, or would start once it is cut: what is not
     * must never reach a free list.
     */
    public boolean mayBeBlock(long block) {
        return mayBeBlock(shapeAt(block), block);
    }

    /** What {@link #mayBeBlock(long, long)} needs of the page that an address is on. */
    public long shapeAt(long block) {
        return Long.compareUnsigned(block - base, bytes) < 0
                ? PageTable.shape(pageEntry(block))
                : NO_BLOCKS;
    }

    /** The same as {@link #mayBeBlock(long)} for several addresses on one page. */
    public static boolean mayBeBlock(long shape, long block) {
        return PageTable.mayStartBlock(shape, block);
    }

    /**
     * Takes back the blocks of a list of addresses, up to the first that something holds.
     * Neighbours in the list mostly are on one page, whose entry is written once for all of them.
     * What is no block is left alone, for {@link #takeNoBlock}.
     *
     * @param from address of the first entry
     * @param end address behind the last
     * @param held header bits that keep a block
     * @return address of the entry that it stopped at
     */
    public long freeUntilHeld(long from, long end, long held) {
        long entry = NO_PAGE;
        long shape = NO_BLOCKS;
        long list = 0;
        long count = 0;
        long at = from;
        while (at != end) {
            long block = getLong(at);
            if ((getLong(block) & held) != 0) {
                break;
            }
            at += Long.BYTES;
            long its = pageEntry(block);
            if (its != entry) {
                if (count != 0) {
                    collected(entry, list, count);
                }
                entry = its;
                shape = shapeAt(block);
                list = shape == NO_BLOCKS ? 0 : getLong(entry);
                count = 0;
            }
            if (!mayBeBlock(shape, block)) {
                noBlock = block;
            } else if (CheckedLevel.KEEPS_ALL) {
                collectedBytes += blockBytesAt(block);
                free(block);
            } else {
                putLong(block, 0);
                putLong(block, HeaderWord.WORD_B, list);
                list = block;
                count++;
            }
        }
        if (count != 0) {
            collected(entry, list, count);
        }
        return at;
    }

    private void collected(long entry, long list, long count) {
        collectedBytes +=
                PageTable.kind(entry) == PageTable.LARGE
                        ? PageTable.extra(entry)
                        : count * classes.blockBytes(PageTable.sizeClass(entry));
        freed(entry, list, count);
    }

    /** The entry of the page that a block is on. */
    public long pageEntry(long block) {
        return entryBias + (block >>> PageTable.PAGE_SHIFT << PageTable.ENTRY_SHIFT);
    }

    /** The free list that blocks of a page are put in front of, for {@link #freed}. */
    public long freeList(long entry) {
        return getLong(entry);
    }

    /**
     * Takes back several blocks of a page. The caller has put them in front of its free list, and
     * freed no other of the page meanwhile.
     *
     * @param entry the page's entry
     * @param list the first of them; their header words are zero
     * @param count how many they are
     */
    public void freed(long entry, long list, long count) {
        putLong(entry, list);
        long freed = getLong(entry, PageTable.FREED) + count;
        putLong(entry, PageTable.FREED, freed);
        // Of a full page it is the first that is seen, which the others have passed.
        if (freed >= getLong(entry, PageTable.ALLOCATED)) {
            freeSlow(entry);
        }
    }

    private void freeSlow(long entry) {
        if (PageTable.kind(entry) == PageTable.LARGE) {
            freeLarge(entry);
            return;
        }
        int sizeClass = PageTable.sizeClass(entry);
        if (PageTable.role(entry) == PageTable.FULL) {
            PageTable.role(entry, PageTable.WAITING);
            PageTable.allocated(entry, PageTable.extra(entry));
            queues.enqueue(tables.of(PageTable.account(entry)), sizeClass, entry);
        }
        if (PageTable.freed(entry) == PageTable.allocated(entry)) {
            PageQueues.dequeue(entry);
            retireEmpty(sizeClass, entry);
        }
    }

    // ---- pages of a class

    private boolean addPage(int sizeClass) {
        long page = acquire(1);
        if (page == PagePool.NONE) {
            return false;
        }
        long entry = space.entry(page);
        // A large run may have left its payload here; the list's end must read as zero.
        putLong(page, 0);
        putLong(page, HeaderWord.WORD_B, 0);
        PageTable.startSmall(
                entry,
                page,
                sizeClass,
                classes.blockBytes(sizeClass),
                page + classes.firstBlock(sizeClass));
        classes.pageAdded(sizeClass);
        PageQueues.makeCurrent(ownClassTable, sizeClass, entry);
        open(entry, PageTable.SMALL);
        return true;
    }

    private long acquire(long pages) {
        long page = pool.acquire(pages, account);
        if (page == PagePool.NONE) {
            refusedBy = pool.accounts.refusing(account, pages);
        }
        return page;
    }

    /** A page that is ready begins to count as one of blocks. */
    private void open(long entry, byte kind) {
        if (remote != null) {
            remote.open(entry, owner);
            // Who walks the pages for those of one owner reads the kind, then the owner.
            VarHandle.releaseFence();
        }
        PageTable.kind(entry, kind);
    }

    /** Cuts blocks from the untouched part of a page and chains them in address order. */
    private void carve(long entry) {
        int carved = PageTable.carved(entry);
        int sizeClass = PageTable.sizeClass(entry);
        long bytes = classes.blockBytes(sizeClass);
        int more =
                (int)
                        Math.min(
                                classes.capacity(sizeClass) - carved,
                                Math.max(1, CARVE_BYTES / bytes));
        long page = space.pageOf(entry);
        long first = page + classes.firstBlock(sizeClass) + carved * bytes;
        long last = first + (more - 1) * bytes;
        for (long block = first; block != last; block += bytes) {
            putLong(block, 0);
            putLong(block, HeaderWord.WORD_B, block + bytes);
        }
        putLong(last, 0);
        putLong(last, HeaderWord.WORD_B, page);
        PageTable.freeList(entry, first);
        PageTable.carved(entry, carved + more);
        classes.carved(sizeClass, more);
    }

    private void retireEmpty(int sizeClass, long entry) {
        classes.pageRetired(
                sizeClass,
                PageTable.allocated(entry),
                PageTable.freed(entry),
                PageTable.carved(entry));
        pool.release(space.pageOf(entry), 1);
    }

    // ---- large runs

    /**
     * Allocates a run of pages for one block.
     *
     * @param firstBlock where in the run the block starts
     * @param bytes size of the block, header included
     * @return the block, or {@link #NONE}
     */
    public long allocateLarge(long firstBlock, long bytes) {
        if (bytes < 0 || bytes > space.bytes) {
            return NONE;
        }
        long pages = HeapSpace.pageUp(firstBlock + bytes) >>> PageTable.PAGE_SHIFT;
        long page = acquire(pages);
        if (page == PagePool.NONE) {
            return NONE;
        }
        long entry = space.entry(page);
        PageTable.startLarge(entry, page, pages, page + firstBlock, bytes);
        classes.largeAllocated(bytes);
        offeredBytes += bytes;
        open(entry, PageTable.LARGE);
        return page + firstBlock;
    }

    private void freeLarge(long entry) {
        long bytes = PageTable.extra(entry);
        long run = HeapSpace.pageUp(PageTable.carved(entry) + bytes);
        classes.largeFreed(bytes);
        pool.release(space.pageOf(entry), run >>> PageTable.PAGE_SHIFT);
    }

    // ---- the whole

    /** While closed, every allocation takes the slow path of the heap. */
    public void closeFastPath(boolean closed) {
        classTable = closed ? space.noClassTable : ownClassTable;
    }

    /** Whether the fast path is closed. */
    public boolean fastPathClosed() {
        return classTable != ownClassTable;
    }

    /** Gives back every page that holds nothing, current pages included, at once. */
    public void trim() {
        if (watch != null) {
            watch.letGoAll();
        }
        mergeClosed();
        tables.forEach(this::trim);
        pool.returnAll();
    }

    private void trim(long table) {
        for (int sizeClass = 1; sizeClass < classes.count(); sizeClass++) {
            long entry = PageQueues.head(table, sizeClass);
            if (entry != space.noPage && PageTable.allocated(entry) - 1 == PageTable.freed(entry)) {
                queues.removeHead(table, sizeClass, entry);
                retireEmpty(sizeClass, entry);
            }
        }
    }

    // ---- accounts

    /** The accounts of the heap. */
    public PageAccounts accounts() {
        return pool.accounts;
    }

    /** Who is charged with the pages of new blocks. */
    public PageAccount account() {
        return account;
    }

    /** Prepares for pages of an account; false if there is no memory for that. */
    public boolean openAccount(PageAccount opened) {
        return tables.open(opened.number) != ClassTables.NONE;
    }

    /**
     * Charges an account with the pages of blocks from now on. It was opened here, and stays open
     * until {@link #leaveAccount}.
     */
    public void enterAccount(PageAccount wanted) {
        pool.accounts.entered(wanted);
        outer.push(account);
        charge(wanted);
    }

    /** Charges again what was charged before the account that is charged now was entered. */
    public void leaveAccount() {
        pool.accounts.left(account);
        charge(outer.pop());
    }

    private void charge(PageAccount charged) {
        boolean closed = fastPathClosed();
        account = charged;
        ownClassTable = tables.of(charged.number);
        closeFastPath(closed);
    }

    /**
     * Whose limit kept the last request for a page from being met; null if it was the system or the
     * address space.
     */
    public @Nullable PageAccount refusedBy() {
        return refusedBy;
    }

    /** Charges the heap itself again. */
    void leaveAllAccounts() {
        while (!outer.isEmpty()) {
            leaveAccount();
        }
    }

    /** Whether accounts were closed whose pages here have not gone to their parents yet. */
    boolean mustMerge() {
        return merges != pool.accounts.closes();
    }

    /** Gives pages of accounts that were closed to their parents. */
    public void mergeClosed() {
        if (!mustMerge()) {
            return;
        }
        int closes = pool.accounts.closes();
        boolean[] all = {true};
        walk().forEachPage(
                        entry -> {
                            if (ownerOf(entry) == owner) {
                                all[0] &= merge(entry);
                            }
                        });
        if (all[0]) {
            merges = closes;
        }
    }

    private int ownerOf(long entry) {
        return remote == null ? owner : remote.ownerOfEntry(entry);
    }

    /** False if there is no memory to do it now. */
    private boolean merge(long entry) {
        int number = PageTable.account(entry);
        PageAccount heir = pool.accounts.heir(number);
        if (heir.number == number) {
            return true;
        }
        if (tables.open(heir.number) == ClassTables.NONE) {
            return false;
        }
        if (PageTable.kind(entry) == PageTable.SMALL) {
            int sizeClass = PageTable.sizeClass(entry);
            if (PageTable.role(entry) == PageTable.CURRENT) {
                queues.removeHead(tables.of(number), sizeClass, entry);
            } else if (PageTable.role(entry) == PageTable.WAITING) {
                PageQueues.dequeue(entry);
            }
        }
        adopt(entry);
        return true;
    }

    // ---- pages that change their owner, blocks that come back from other threads

    /** Takes over blocks that other threads freed, chained as on a free list. */
    void takeBack(long entry, long list, long count) {
        long head = PageTable.freeList(entry);
        if (head != space.pageOf(entry)) {
            putLong(lastOf(list, count), HeaderWord.WORD_B, head);
        }
        freed(entry, list, count);
    }

    private long lastOf(long list, long count) {
        long last = list;
        for (long left = count; left > 1; left--) {
            long next = getLong(last, HeaderWord.WORD_B);
            if (((next ^ last) & NOT_SAME_PAGE) != 0) {
                throw walk().damagedList(space.entry(last), last, next);
            }
            last = next;
        }
        return last;
    }

    /** Lets go of a page with room in this class, for another owner; 0 if there is none. */
    long letGo(int sizeClass, PageAccount of) {
        long table = tables.of(of.number);
        long entry = PageQueues.head(table, sizeClass);
        if (entry == space.noPage) {
            return 0;
        }
        queues.removeHead(table, sizeClass, entry);
        return entry;
    }

    /** Whether a page of the class has room, as far as a look without a lock tells. */
    boolean hasPage(int sizeClass, PageAccount of) {
        return !queues.isEmpty(tables.of(of.number), sizeClass);
    }

    /** Forgets all pages: each goes to another owner by {@link #adopt}. */
    void forgetPages() {
        tables.forEach(table -> queues.forget(table, classes.count()));
        tables.release();
    }

    /** Takes a page, or the first page of a large run, from another owner that has let it go. */
    void adopt(long entry) {
        pool.accounts.inherit(entry);
        if (PageTable.kind(entry) == PageTable.LARGE || PageTable.role(entry) == PageTable.FULL) {
            return;
        }
        int sizeClass = PageTable.sizeClass(entry);
        if (PageTable.freed(entry) == PageTable.allocated(entry)) {
            retireEmpty(sizeClass, entry);
        } else {
            queues.enqueue(tables.of(PageTable.account(entry)), sizeClass, entry);
        }
    }

    /** Bytes of the size class that {@code bytes} fall into: what an object really takes. */
    public long blockBytesAt(long block) {
        return walk().blockBytesAt(block);
    }

    /** The walk over all blocks. */
    public BlockWalk walk() {
        return new BlockWalk(space, pool, classes, watch);
    }

    /** Objects allocated so far. */
    public long allocatedBlocks() {
        return walk().totalAllocated();
    }

    /** A collector frees this block on its own. */
    public void countCollected(long block) {
        if (mayBeBlock(block)) {
            collectedBytes += blockBytesAt(block);
        }
    }

    /** What a collector was to free since the last call although no block starts there, or 0. */
    public long takeNoBlock() {
        long taken = noBlock;
        noBlock = NONE;
        return taken;
    }

    /** Bytes that collectors have freed so far. */
    public long collectedBytes() {
        return collectedBytes;
    }

    /**
     * Bytes of free blocks that allocations were offered: all that were free on a page when it
     * became the current one of its class, and large ones. The bytes of objects do not grow by more
     * between two calls, but for what was free on the current pages before.
     */
    public long offeredBytes() {
        return offeredBytes;
    }

    /** Blocks given back so far. */
    public long freedBlocks() {
        return walk().totalFreed();
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
}
