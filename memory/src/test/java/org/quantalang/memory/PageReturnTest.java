package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.alloc.PageSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How memory of empty pages goes back to a system that is slow to take it. */
class PageReturnTest {
    private static final long PAGE = 64 << 10;
    private static final int PAGES = 100;

    private final SlowSource source = new SlowSource();

    @Test
    void callThatEmptiesOnePageDoesNotWaitForManyToGoBack() throws InterruptedException {
        Duration delay = Duration.ofMillis(50);
        HeapConfig config = HeapConfig.DEFAULT.withReturnDelay(delay);
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        try (ConfinedHeap heap = ConfinedHeap.open(config.withPageSource(source))) {
            emptyPages(heap, PAGES);
            Thread.sleep(2 * delay.toMillis());
            source.returned = 0;

            emptyPages(heap, 1);
            assertEquals(PAGE, source.returned);

            for (int i = 0; i < PAGES; i++) {
                emptyPages(heap, 1);
            }
            assertTrue(source.returned >= (PAGES - 2) * PAGE, () -> source.returned + " bytes");
            assertTrue(heap.heldBytes() <= 3 * PAGE, () -> heap.heldBytes() + " bytes");
        }
    }

    @Test
    void delayOfNothingKeepsNothing() {
        HeapConfig config = HeapConfig.DEFAULT.withReturnDelay(Duration.ZERO);
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        try (ConfinedHeap heap = ConfinedHeap.open(config.withPageSource(source))) {
            emptyPages(heap, PAGES);
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
            emptyPages(heap, PAGES - 2);
            assertEquals(0, source.returned);

            long large = heap.allocateArray(TypeInfo.byteArray(), 10 * PAGE);
            assertTrue(source.returned <= 12 * PAGE, () -> source.returned + " bytes");
            heap.release(large);
        }
    }

    private static void emptyPages(ConfinedHeap heap, int pages) {
        List<Long> objects = new ArrayList<>();
        for (int i = 0; i < pages; i++) {
            objects.add(heap.allocateArray(TypeInfo.byteArray(), PAGE - 100));
        }
        objects.forEach(heap::release);
    }

    /** Takes a millisecond to take memory back. */
    private static final class SlowSource implements PageSource {
        private final PageSource real = PageSource.forThisSystem();
        private long returned;

        @Override
        public long reserve(long bytes) {
            return real.reserve(bytes);
        }

        @Override
        public boolean commit(long address, long bytes) {
            return real.commit(address, bytes);
        }

        @Override
        public void decommit(long address, long bytes) {
            returned += bytes;
            long until = System.nanoTime() + Duration.ofMillis(1).toNanos();
            while (System.nanoTime() - until < 0) {
                Thread.onSpinWait();
            }
            real.decommit(address, bytes);
        }

        @Override
        public void release(long address, long bytes) {
            real.release(address, bytes);
        }

        @Override
        public boolean reservesWithoutMemory() {
            return real.reservesWithoutMemory();
        }

        @Override
        public long largestReservation() {
            return real.largestReservation();
        }

        @Override
        public String name() {
            return real.name();
        }
    }
}
