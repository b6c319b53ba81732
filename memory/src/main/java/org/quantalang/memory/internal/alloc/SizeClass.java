package org.quantalang.memory.internal.alloc;

/**
 * The fixed size classes: which block sizes there are and which one a size falls into.
 *
 * <p>Up to 1 KiB a class each 16 bytes (payloads are 16-aligned anyway, so a finer step has no use
 * and a coarser one wastes); up to 2 KiB one each 128 bytes; above that the sizes of which 31, 30,
 * ... 4 blocks fill a page. At most 20 % of a block is unused. Larger blocks get a run of pages.
 *
 * <p>Class 0 stands for large runs. Classes from {@link #COUNT} on are made for over-aligned types.
 */
public final class SizeClass {
    /** Blocks are multiples of this. */
    public static final int GRANULE_BYTES = 16;

    private static final int FINE_LIMIT_BYTES = 1024;
    private static final int COARSE_LIMIT_BYTES = 2048;
    private static final int COARSE_STEP_BYTES = 128;
    private static final int MOST_BLOCKS_BY_DIVISION = 31;
    private static final int FEWEST_BLOCKS = 4;
    private static final int PAGE_ROOM = (int) (PageTable.PAGE_BYTES - PageTable.FIRST_BLOCK);

    /** Large runs; their blocks have no common size. */
    public static final int LARGE = 0;

    /** Classes of fixed size, class 0 included. */
    public static final int COUNT =
            1
                    + FINE_LIMIT_BYTES / GRANULE_BYTES
                    + (COARSE_LIMIT_BYTES - FINE_LIMIT_BYTES) / COARSE_STEP_BYTES
                    + (MOST_BLOCKS_BY_DIVISION - FEWEST_BLOCKS + 1);

    private static final int[] BLOCK_BYTES = blockSizes();

    /** The largest block that is not a run of pages of its own. */
    public static final int LARGEST_SMALL_BYTES = BLOCK_BYTES[COUNT - 1];

    private static final byte[] CLASS_OF_GRANULES = classOfGranules();

    private SizeClass() {}

    /**
     * The class of blocks of {@code bytes}, header included; at most {@link #LARGEST_SMALL_BYTES}.
     */
    public static int of(int bytes) {
        return CLASS_OF_GRANULES[(bytes + GRANULE_BYTES - 1) >>> 4];
    }

    /** The same of any size: {@link #LARGE} if it is above that. */
    public static int ofAny(long bytes) {
        return bytes <= LARGEST_SMALL_BYTES ? of((int) bytes) : LARGE;
    }

    /** Size of the blocks of a fixed class. */
    public static int blockBytes(int sizeClass) {
        return BLOCK_BYTES[sizeClass];
    }

    private static int[] blockSizes() {
        int[] sizes = new int[COUNT];
        int index = 1;
        for (int size = GRANULE_BYTES; size <= FINE_LIMIT_BYTES; size += GRANULE_BYTES) {
            sizes[index++] = size;
        }
        for (int size = FINE_LIMIT_BYTES + COARSE_STEP_BYTES;
                size <= COARSE_LIMIT_BYTES;
                size += COARSE_STEP_BYTES) {
            sizes[index++] = size;
        }
        for (int blocks = MOST_BLOCKS_BY_DIVISION; blocks >= FEWEST_BLOCKS; blocks--) {
            sizes[index++] = PAGE_ROOM / blocks / GRANULE_BYTES * GRANULE_BYTES;
        }
        return sizes;
    }

    private static byte[] classOfGranules() {
        byte[] classes = new byte[LARGEST_SMALL_BYTES / GRANULE_BYTES + 1];
        int sizeClass = 1;
        for (int granules = 0; granules < classes.length; granules++) {
            while (BLOCK_BYTES[sizeClass] < granules * GRANULE_BYTES) {
                sizeClass++;
            }
            classes[granules] = (byte) sizeClass;
        }
        return classes;
    }
}
