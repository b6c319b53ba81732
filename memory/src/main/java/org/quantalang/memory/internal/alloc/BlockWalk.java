package org.quantalang.memory.internal.alloc;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;

import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The walk over a heap's pages and blocks, which leak reports, verification, dumps and statistics
 * all use.
 *
 * <p>The heap must not allocate or free during a walk. Owner thread only.
 */
public final class BlockWalk {
    private final HeapSpace space;
    private final PagePool pool;
    private final SizeClassTable classes;
    private final @Nullable FreeWatch watch;

    /** A walk, where freed blocks that are kept count as freed. */
    BlockWalk(HeapSpace space, PagePool pool, SizeClassTable classes, @Nullable FreeWatch watch) {
        this.watch = watch;
        this.space = space;
        this.pool = pool;
        this.classes = classes;
    }

    /** The size classes, with the totals of pages that are gone. */
    public SizeClassTable classes() {
        return classes;
    }

    /** Told of each block that is not free. */
    @FunctionalInterface
    public interface BlockVisitor {
        /** {@code header} is the block's address, {@code bytes} its size. */
        void block(long header, long bytes);
    }

    /** End of the pages that were ever used. */
    public long top() {
        return pool.top();
    }

    /** Visits every block that holds an object, alive or waiting to be freed, in address order. */
    public void forEach(BlockVisitor visitor) {
        forEachPage(entry -> forEachOn(entry, visitor));
    }

    /** As {@link #forEach(BlockVisitor)}, of an account and all below it. */
    public void forEach(PageAccount account, BlockVisitor visitor) {
        forEachPage(
                entry -> {
                    if (account.includes(pool.accounts.find(PageTable.account(entry)))) {
                        forEachOn(entry, visitor);
                    }
                });
    }

    /** Visits the entry of every page of blocks and of every large run's first page. */
    void forEachPage(LongConsumer visitor) {
        long top = pool.top();
        // Page by page: beside running threads, the length of a run that ends is not to be had.
        for (long page = space.objects; page < top; page += PageTable.PAGE_BYTES) {
            long entry = space.entry(page);
            byte kind = PageTable.kind(entry);
            VarHandle.acquireFence(); // the kind, then what else the entry says
            if (kind == PageTable.LARGE || kind == PageTable.SMALL) {
                visitor.accept(entry);
            }
        }
    }

    /** Visits the blocks of one page that hold an object. */
    void forEachOn(long entry, BlockVisitor visitor) {
        long page = space.pageOf(entry);
        if (PageTable.kind(entry) == PageTable.LARGE) {
            long block = page + PageTable.carved(entry);
            if (!HeaderWord.free(getLong(block))) {
                visitor.block(block, PageTable.extra(entry));
            }
            return;
        }
        long bytes = classes.blockBytes(PageTable.sizeClass(entry));
        long first = page + classes.firstBlock(PageTable.sizeClass(entry));
        long end = first + PageTable.carved(entry) * bytes;
        for (long block = first; block != end; block += bytes) {
            if (!HeaderWord.free(getLong(block))) {
                visitor.block(block, bytes);
            }
        }
    }

    /** Blocks ever handed out. */
    public long totalAllocated() {
        long total = 0;
        for (int index = 0; index < classes.count(); index++) {
            total += classes.retiredAllocated(index);
        }
        for (long page = space.objects; page < pool.top(); page += PageTable.PAGE_BYTES) {
            total += smallPage(page) ? allocated(space.entry(page)) : 0;
        }
        return total;
    }

    /** Blocks ever taken back. */
    public long totalFreed() {
        long total = 0;
        for (int index = 0; index < classes.count(); index++) {
            total += classes.retiredFreed(index) + kept(index);
        }
        for (long page = space.objects; page < pool.top(); page += PageTable.PAGE_BYTES) {
            total += smallPage(page) ? PageTable.freed(space.entry(page)) : 0;
        }
        return total;
    }

    private long kept(int sizeClass) {
        return watch == null ? 0 : watch.keptBlocks(sizeClass);
    }

    /** Blocks handed out and not taken back. */
    public long totalLive() {
        return totalAllocated() - totalFreed();
    }

    /** Bytes of large blocks, without those that are freed and kept. */
    public long largeLiveBytes() {
        return classes.largeBytes() - (watch == null ? 0 : watch.keptBytes());
    }

    /** Bytes of blocks in use, headers and rounding included. */
    public long liveBytes() {
        long total = largeLiveBytes();
        for (long page = space.objects; page < pool.top(); page += PageTable.PAGE_BYTES) {
            if (smallPage(page)) {
                long entry = space.entry(page);
                total +=
                        (allocated(entry) - PageTable.freed(entry))
                                * classes.blockBytes(PageTable.sizeClass(entry));
            }
        }
        return total;
    }

    /** Blocks handed out ({@code [class][0]}) and taken back ({@code [class][1]}), by class. */
    public long[][] perClass() {
        long[][] totals = new long[classes.count()][2];
        for (int index = 0; index < totals.length; index++) {
            totals[index][0] = classes.retiredAllocated(index);
            totals[index][1] = classes.retiredFreed(index) + kept(index);
        }
        for (long page = space.objects; page < pool.top(); page += PageTable.PAGE_BYTES) {
            long entry = space.entry(page);
            // Another thread may add a class meanwhile.
            if (smallPage(page) && PageTable.sizeClass(entry) < totals.length) {
                totals[PageTable.sizeClass(entry)][0] += allocated(entry);
                totals[PageTable.sizeClass(entry)][1] += PageTable.freed(entry);
            }
        }
        return totals;
    }

    private boolean smallPage(long page) {
        return PageTable.kind(space.entry(page)) == PageTable.SMALL;
    }

    /** The true number of blocks a small page handed out; see {@link PageTable}. */
    private static long allocated(long entry) {
        return switch (PageTable.role(entry)) {
            case PageTable.FULL -> PageTable.extra(entry);
            case PageTable.CURRENT -> PageTable.allocated(entry) - 1;
            default -> PageTable.allocated(entry);
        };
    }

    /** Bytes of a block in use. */
    public long blockBytesAt(long block) {
        long entry = space.entry(block);
        return PageTable.kind(entry) == PageTable.LARGE
                ? PageTable.extra(entry)
                : classes.blockBytes(PageTable.sizeClass(entry));
    }

    /**
     * Whether {@code header} is the start of a block that was ever handed out, on a page of small
     * blocks. Of what is on other pages {@link #whyNotABlock} knows.
     */
    public boolean startsSmallBlock(long header) {
        if (!space.holdsObjectsAt(header)) {
            return false;
        }
        long entry = space.entry(header);
        if (PageTable.kind(entry) != PageTable.SMALL) {
            return false;
        }
        int offset = (int) (header & (PageTable.PAGE_BYTES - 1));
        int block = classes.blockAt(PageTable.sizeClass(entry), offset);
        return block >= 0 && block < PageTable.carved(entry);
    }

    /** The class of a block. */
    public int sizeClassAt(long block) {
        return PageTable.sizeClass(space.entry(block));
    }

    /** Why {@code header} cannot be the start of a block in use, or null if it is one. */
    public @Nullable String whyNotABlock(long header) {
        if (startsSmallBlock(header)) {
            return HeaderWord.free(getLong(header)) ? "freed" : null;
        }
        if (!space.holdsObjectsAt(header)) {
            return "outside the heap";
        }
        if ((header & (SizeClass.GRANULE_BYTES - 1)) != 0) {
            return "misaligned";
        }
        long page = header & -PageTable.PAGE_BYTES;
        long entry = space.entry(page);
        if (PageTable.kind(entry) == PageTable.LARGE) {
            return header == page + PageTable.carved(entry) ? null : "inside a large object";
        }
        if (PageTable.kind(entry) != PageTable.SMALL) {
            return "in a page that holds no objects";
        }
        long offset = header - page - classes.firstBlock(PageTable.sizeClass(entry));
        long bytes = classes.blockBytes(PageTable.sizeClass(entry));
        if (offset < 0 || offset % bytes != 0) {
            return "not the start of a block";
        }
        return "in the untouched part of a page";
    }

    /** Whether an address lies where this heap has objects. */
    public boolean holds(long address) {
        return space.holdsObjectsAt(address);
    }

    /** What a free of what is no block means. */
    public IllegalStateException noBlock(long block) {
        return new IllegalStateException(
                ("release of what is no object: address=0x%x page=%s; something wrote to a"
                                + " reference, or it was made of another address")
                        .formatted(block + HeaderWord.BYTES, describePage(block)));
    }

    /** What a link of a free list that leads elsewhere means. */
    IllegalStateException damagedList(long entry, long block, long next) {
        return new IllegalStateException(
                ("free list is damaged: page=0x%x blockBytes=%d block=0x%x link=0x%x; something"
                                + " wrote to a freed object of this page")
                        .formatted(
                                space.pageOf(entry),
                                classes.blockBytes(PageTable.sizeClass(entry)),
                                block,
                                next));
    }

    /** The state of the page that an address is on, for people. */
    public String describePage(long address) {
        if (!space.holdsObjectsAt(address)) {
            return "none";
        }
        long entry = space.entry(address);
        long page = space.pageOf(entry);
        return switch (PageTable.kind(entry)) {
            case PageTable.SMALL ->
                    "0x%x(blockBytes=%d carved=%d inUse=%d)"
                            .formatted(
                                    page,
                                    classes.blockBytes(PageTable.sizeClass(entry)),
                                    PageTable.carved(entry),
                                    allocated(entry) - PageTable.freed(entry));
            case PageTable.LARGE ->
                    "0x%x(one object, blockBytes=%d)".formatted(page, PageTable.extra(entry));
            case PageTable.LARGE_TAIL -> "0x%x(inside a large object)".formatted(page);
            default -> "0x%x(unused)".formatted(page);
        };
    }

    private static boolean inUseOrKept(long block) {
        return !HeaderWord.free(getLong(block))
                || (CheckedLevel.KEEPS && getLong(block, HeaderWord.WORD_B) == HeaderWord.KEPT);
    }

    /** Checks every page's own numbers and free list; tells each fault to {@code report}. */
    public void checkPages(Consumer<String> report) {
        for (long page = space.objects; page < pool.top(); page += PageTable.PAGE_BYTES) {
            if (smallPage(page)) {
                checkPage(page, report);
            }
        }
    }

    private void checkPage(long page, Consumer<String> report) {
        long entry = space.entry(page);
        long bytes = classes.blockBytes(PageTable.sizeClass(entry));
        long first = page + classes.firstBlock(PageTable.sizeClass(entry));
        int carved = PageTable.carved(entry);
        long used = 0;
        for (int i = 0; i < carved; i++) {
            used += inUseOrKept(first + i * bytes) ? 1 : 0;
        }
        long listed = 0;
        long block = PageTable.freeList(entry);
        while (block != page && listed <= carved) {
            long offset = block - first;
            if (offset < 0 || offset % bytes != 0 || offset / bytes >= carved) {
                report.accept("free list is damaged: page=0x%x link=0x%x".formatted(page, block));
                return;
            }
            if (!HeaderWord.free(getLong(block))) {
                report.accept(
                        "block in use is on the free list: page=0x%x block=0x%x"
                                .formatted(page, block));
                return;
            }
            listed++;
            block = getLong(block, HeaderWord.WORD_B);
        }
        if (used + listed != carved || used != allocated(entry) - PageTable.freed(entry)) {
            report.accept(
                    ("page counts disagree: page=0x%x used=%d listed=%d carved=%d allocated=%d"
                                    + " freed=%d")
                            .formatted(
                                    page,
                                    used,
                                    listed,
                                    carved,
                                    allocated(entry),
                                    PageTable.freed(entry)));
        }
    }
}
