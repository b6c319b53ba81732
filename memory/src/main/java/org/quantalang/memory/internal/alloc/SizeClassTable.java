package org.quantalang.memory.internal.alloc;

/**
 * One heap's size classes: the fixed ones, those made for over-aligned types, and the totals of
 * pages that are gone.
 *
 * <p>Owner thread only; several owners of a shared heap have a table each over the same classes.
 */
public final class SizeClassTable {
    /** No class: the table is full. */
    public static final int NONE = -1;

    private static final int PAGE = (int) PageTable.PAGE_BYTES;

    private final int[] blockBytes;
    private final int[] firstBlock;

    /** 2^32 over the size of a block, rounded up. */
    private final long[] reciprocal;

    private final long[] retiredAllocated = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] retiredFreed = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] carved = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] carvedPeak = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] pages = new long[HeapSpace.MAX_SIZE_CLASSES];

    /** The table that knows how many classes there are: this one, or the one it was made from. */
    private final SizeClassTable definitions;

    private volatile int count = SizeClass.COUNT;

    private long largeBytes;
    private long largePeakBytes;

    SizeClassTable() {
        definitions = this;
        blockBytes = new int[HeapSpace.MAX_SIZE_CLASSES];
        firstBlock = new int[HeapSpace.MAX_SIZE_CLASSES];
        reciprocal = new long[HeapSpace.MAX_SIZE_CLASSES];
        for (int index = 1; index < count; index++) {
            blockBytes[index] = SizeClass.blockBytes(index);
            firstBlock[index] = (int) firstBlockOf(blockBytes[index]);
            reciprocal[index] = reciprocalOf(blockBytes[index]);
        }
    }

    /** The same classes, now and later, with totals of its own: for one of several owners. */
    SizeClassTable(SizeClassTable definitions) {
        this.definitions = definitions;
        blockBytes = definitions.blockBytes;
        firstBlock = definitions.firstBlock;
        reciprocal = definitions.reciprocal;
    }

    /**
     * Adds the totals of another owner of the same classes; peaks add up to no less than the true
     * one.
     */
    void add(SizeClassTable other) {
        for (int index = 0; index < count(); index++) {
            retiredAllocated[index] += other.retiredAllocated[index];
            retiredFreed[index] += other.retiredFreed[index];
            carved[index] += other.carved[index];
            carvedPeak[index] += other.carvedPeak[index];
            pages[index] += other.pages[index];
        }
        largeBytes += other.largeBytes;
        largePeakBytes += other.largePeakBytes;
    }

    private static long reciprocalOf(int bytes) {
        return (1L << 32) / bytes + 1;
    }

    private static long firstBlockOf(long bytes) {
        boolean fillsLines =
                PageTable.LINE_BYTES % bytes == 0
                        || (bytes % PageTable.LINE_BYTES == 0 && bytes <= 1024);
        return fillsLines ? PageTable.LINE_BYTES : PageTable.FIRST_BLOCK;
    }

    /**
     * The class for blocks whose payload must be aligned to more than 16 bytes: their size is a
     * multiple of the alignment, and the first starts a header's length before a multiple.
     */
    public int aligned(int bytes, int alignment) {
        int first = alignment - SizeClass.GRANULE_BYTES;
        for (int index = SizeClass.COUNT; index < count; index++) {
            if (blockBytes[index] == bytes && firstBlock[index] == first) {
                return index;
            }
        }
        if (count == HeapSpace.MAX_SIZE_CLASSES) {
            return NONE;
        }
        int added = count;
        blockBytes[added] = bytes;
        firstBlock[added] = first;
        reciprocal[added] = reciprocalOf(bytes);
        count = added + 1;
        return added;
    }

    /** Classes so far; the last is {@code count() - 1}. */
    public int count() {
        return definitions.count;
    }

    /** Size of a block, 0 for large runs. */
    public int blockBytes(int sizeClass) {
        return blockBytes[sizeClass];
    }

    int firstBlock(int sizeClass) {
        return firstBlock[sizeClass];
    }

    int capacity(int sizeClass) {
        return (PAGE - firstBlock[sizeClass]) / blockBytes[sizeClass];
    }

    /** The number of the block that starts at an offset in a page of the class, or -1. */
    int blockAt(int sizeClass, int offset) {
        int at = offset - firstBlock[sizeClass];
        // Of a multiple that is the quotient, since what is too much is less than one.
        int block = (int) ((at * reciprocal[sizeClass]) >> 32);
        return block * blockBytes[sizeClass] == at ? block : -1;
    }

    void pageAdded(int sizeClass) {
        pages[sizeClass]++;
    }

    void carved(int sizeClass, int blocks) {
        carved[sizeClass] += blocks;
        carvedPeak[sizeClass] = Math.max(carvedPeak[sizeClass], carved[sizeClass]);
    }

    void pageRetired(int sizeClass, long allocated, long freed, int blocks) {
        pages[sizeClass]--;
        retiredAllocated[sizeClass] += allocated;
        retiredFreed[sizeClass] += freed;
        carved[sizeClass] -= blocks;
    }

    void largeAllocated(long bytes) {
        retiredAllocated[SizeClass.LARGE]++;
        carved(SizeClass.LARGE, 1);
        largeBytes += bytes;
        largePeakBytes = Math.max(largePeakBytes, largeBytes);
    }

    void largeFreed(long bytes) {
        retiredFreed[SizeClass.LARGE]++;
        carved[SizeClass.LARGE]--;
        largeBytes -= bytes;
    }

    long retiredAllocated(int sizeClass) {
        return retiredAllocated[sizeClass];
    }

    long retiredFreed(int sizeClass) {
        return retiredFreed[sizeClass];
    }

    /** Pages of the class now; 0 for large runs. */
    public long pages(int sizeClass) {
        return pages[sizeClass];
    }

    /** Most blocks of the class in use at once, at most one carving (4 KiB) too high. */
    public long peakBlocks(int sizeClass) {
        return carvedPeak[sizeClass];
    }

    /** Bytes in large runs now. */
    public long largeBytes() {
        return largeBytes;
    }

    /** Most bytes in large runs at once. */
    public long largePeakBytes() {
        return largePeakBytes;
    }
}
