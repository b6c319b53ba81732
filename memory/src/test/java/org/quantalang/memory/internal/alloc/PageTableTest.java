package org.quantalang.memory.internal.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;

class PageTableTest {
    private static final long PAGE = 7 * PageTable.PAGE_BYTES;

    private static void check(long entry, long blockBytes, long firstBlock) {
        for (long offset = firstBlock; offset < PageTable.PAGE_BYTES; offset++) {
            long at = offset;
            assertEquals(
                    (offset - firstBlock) % blockBytes == 0,
                    PageTable.mayStartBlock(PageTable.shape(entry), PAGE + offset),
                    () -> "blockBytes=%d offset=%d".formatted(blockBytes, at));
        }
    }

    /** Every address of a page behind its first block, for every class and some over-aligned. */
    @Test
    void knowsWhereBlocksStart() {
        try (Arena arena = Arena.ofConfined()) {
            long entry = arena.allocate(PageTable.ENTRY_BYTES, 64).address();
            SizeClassTable classes = new SizeClassTable();
            classes.aligned(64, 64);
            classes.aligned(3 * 256, 256);
            classes.aligned(4096, 4096);
            classes.aligned(32_768, 32_768);
            for (int sizeClass = 1; sizeClass < classes.count(); sizeClass++) {
                int bytes = classes.blockBytes(sizeClass);
                int first = classes.firstBlock(sizeClass);
                PageTable.startSmall(entry, PAGE, sizeClass, bytes, PAGE + first);
                check(entry, bytes, first);
            }
        }
    }

    @Test
    void knowsWhereTheBlockOfALargeRunStarts() {
        try (Arena arena = Arena.ofConfined()) {
            long entry = arena.allocate(PageTable.ENTRY_BYTES, 64).address();
            for (int first : new int[] {16, 48, 4080, 65_520}) {
                PageTable.startLarge(entry, PAGE, 1, PAGE + first, 64);
                for (long offset = 0; offset < PageTable.PAGE_BYTES; offset++) {
                    assertEquals(
                            offset == first,
                            PageTable.mayStartBlock(PageTable.shape(entry), PAGE + offset));
                }
            }
        }
    }

    @Test
    void knowsNoBlockOnAPageWithoutAny() {
        for (long offset = 0; offset < PageTable.PAGE_BYTES; offset++) {
            assertFalse(PageTable.mayStartBlock(BlockAllocator.NO_BLOCKS, PAGE + offset));
        }
    }
}
