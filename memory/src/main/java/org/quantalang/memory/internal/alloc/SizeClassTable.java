package org.quantalang.memory.internal.alloc;

/**
 * One heap's size classes: the fixed ones, those made for over-aligned types, and the totals of
 * pages that are gone.
 *
 * <p>Owner thread only.
 */
public final class SizeClassTable {
    /** No class: the table is full. */
    public static final int NONE = -1;

    private static final int PAGE = (int) PageTable.PAGE_BYTES;

    private final int[] blockBytes = new int[HeapSpace.MAX_SIZE_CLASSES];
    private final int[] firstBlock = new int[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] retiredAllocated = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] retiredFreed = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] carved = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] carvedPeak = new long[HeapSpace.MAX_SIZE_CLASSES];
    private final long[] pages = new long[HeapSpace.MAX_SIZE_CLASSES];
    private int count = SizeClass.COUNT;

    private long largeBytes;
    private long largePeakBytes;

    SizeClassTable() {
        for (int index = 1; index < count; index++) {
            blockBytes[index] = SizeClass.blockBytes(index);
            firstBlock[index] = (int) firstBlockOf(blockBytes[index]);
        }
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
        blockBytes[count] = bytes;
        firstBlock[count] = first;
        return count++;
    }

    /** Classes so far; the last is {@code count() - 1}. */
    public int count() {
        return count;
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
