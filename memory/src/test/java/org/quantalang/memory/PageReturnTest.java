package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How memory of empty pages goes back to a system that is slow to take it. */
class PageReturnTest {
    private static final long PAGE = 64 << 10;
    private static final int PAGES = 100;

    private final SlowSource source = new SlowSource();

    @Test
    @Timeout(60)
    void callThatEmptiesOnePageDoesNotWaitForManyToGoBack() {
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        HeapConfig config = HeapConfig.DEFAULT.withReturnDelay(Duration.ofMillis(20));
        try (ConfinedHeap heap = ConfinedHeap.open(config.withPageSource(source))) {
            // On a slow machine the first pages are due before the last are empty.
            long mostInOneCall = emptyPages(heap, PAGES);
            while (heap.heldBytes() > 3 * PAGE) {
                mostInOneCall = Math.max(mostInOneCall, emptyPages(heap, 1));
            }
            assertEquals(PAGE, mostInOneCall);
        }
    }

    @Test
    void delayOfNothingKeepsNothing() {
        HeapConfig config = HeapConfig.DEFAULT.withReturnDelay(Duration.ZERO);
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        try (ConfinedHeap heap = ConfinedHeap.open(config.withPageSource(source))) {
            long _ = emptyPages(heap, PAGES);
            assertTrue(heap.heldBytes() <= 3 * PAGE, () -> heap.heldBytes() + " bytes");
        }
    }

    @Test
    void atTheLimitOnlyAsMuchGoesBackAsIsNeeded() {
        HeapConfig config =
                HeapConfig.DEFAULT
                        .withReturnDelay(Duration.ofHours(1))
                        .withLimitBytes(PAGES * PAGE);
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        try (ConfinedHeap heap = ConfinedHeap.open(config.withPageSource(source))) {
            long _ = emptyPages(heap, PAGES - 2);
            assertEquals(0, source.returned);

            long large = heap.allocateArray(TypeInfo.byteArray(), 10 * PAGE);
            assertTrue(source.returned <= 12 * PAGE, () -> source.returned + " bytes");
            heap.release(large);
        }
    }

    /** Fills pages and empties them; returns the bytes that went back in one release, at most. */
    private long emptyPages(ConfinedHeap heap, int pages) {
        List<Long> objects = new ArrayList<>();
        for (int i = 0; i < pages; i++) {
            objects.add(heap.allocateArray(TypeInfo.byteArray(), PAGE - 100));
        }
        long most = 0;
        for (long object : objects) {
            long before = source.returned;
            heap.release(object);
            most = Math.max(most, source.returned - before);
        }
        return most;
    }

    /** Takes a millisecond to take memory back. */
    private static final class SlowSource extends ForwardingSource {
        private long returned;

        @Override
        public void decommit(long address, long bytes) {
            returned += bytes;
            long until = System.nanoTime() + Duration.ofMillis(1).toNanos();
            while (System.nanoTime() - until < 0) {
                Thread.onSpinWait();
            }
            super.decommit(address, bytes);
        }
    }
}
