package org.quantalang.memory.internal.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

class PagePoolTest {
    private static final long LONG_DELAY = Long.MAX_VALUE;

    private final HeapSpace space =
            HeapSpace.reserve(PageSource.forThisSystem(), 64L << 20, notice -> {});

    @AfterEach
    void releaseSpace() {
        space.release();
    }

    private PagePool pool(long limitPages, long delayNanos) {
        return new PagePool(space, "test", limitPages << PageTable.PAGE_SHIFT, delayNanos);
    }

    private static long acquire(PagePool pool, long pages) {
        return pool.acquire(pages, pool.accounts.root());
    }

    private int number(long page) {
        return (int) ((page - space.objects) >>> PageTable.PAGE_SHIFT);
    }

    private record Run(int page, int pages) {}

    /**
     * Pages taken and released at random, beside a model that knows the used ones: runs are
     * disjoint, one of several pages lies as low as it can, and the top rises, or the answer is
     * none, only when no free run suffices.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, 20_000, LONG_DELAY})
    void takesTheLowestRunThatSuffices(long delayNanos) {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("PagePoolTest seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        int end = number(space.end());
        int limit = end - 100;
        PagePool pool = pool(limit, delayNanos);
        BitSet used = new BitSet();
        List<Run> runs = new ArrayList<>();
        int top = 0;
        boolean growing = true;
        for (int step = 0; step < 30_000; step++) {
            growing = step % 1000 == 0 ? random.nextBoolean() : growing;
            if (runs.isEmpty() || random.nextInt(5) < (growing ? 3 : 2)) {
                int pages = random.nextInt(3) == 0 ? random.nextInt(2, 90) : random.nextInt(1, 4);
                boolean allowed = used.cardinality() + pages <= limit;
                int lowest = lowestFree(used, top, pages);
                boolean fits = lowest + pages <= top;
                long page = acquire(pool, pages);
                if (!allowed || (!fits && top + pages > end)) {
                    assertEquals(PagePool.NONE, page);
                    continue;
                }
                int number = number(page);
                if (pages > 1 || !fits) {
                    assertEquals(fits ? lowest : top, number);
                }
                assertTrue(number >= 0 && number + pages <= end);
                assertTrue(used.get(number, number + pages).isEmpty(), "pages are used twice");
                used.set(number, number + pages);
                top = Math.max(top, number + pages);
                runs.add(new Run(number, pages));
            } else {
                Run last = runs.removeLast();
                Run run = last;
                if (!runs.isEmpty()) {
                    int at = random.nextInt(runs.size());
                    run = runs.set(at, last);
                }
                release(pool, run);
                used.clear(run.page, run.page + run.pages);
            }
            if (random.nextInt(500) == 0) {
                pool.returnAll();
                assertEquals(pool.usedBytes(), pool.heldBytes());
            }
            assertEquals((long) used.cardinality() << PageTable.PAGE_SHIFT, pool.usedBytes());
            assertTrue(pool.heldBytes() <= pool.limitBytes());
            assertEquals(top, number(pool.top()));
        }
        for (Run run : runs) {
            release(pool, run);
        }
        assertEquals(0, pool.usedBytes());
        assertEquals(space.objects, acquire(pool, Math.min(top, limit)));
    }

    private void release(PagePool pool, Run run) {
        pool.release(space.objects + ((long) run.page << PageTable.PAGE_SHIFT), run.pages);
    }

    /** First fit below the top; the top if there is none. */
    private static int lowestFree(BitSet used, int top, int pages) {
        int start = used.nextClearBit(0);
        while (start + pages <= top) {
            int next = used.nextSetBit(start);
            if (next < 0 || next - start >= pages) {
                return start;
            }
            start = used.nextClearBit(next);
        }
        return top;
    }

    /** The fault this was: each run looked at all single free pages below it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void findsARunBehindManySinglePagesInFewSteps(boolean returned) {
        int pages = 800;
        PagePool pool = pool(pages + 100, LONG_DELAY);
        for (int page = 0; page < pages; page++) {
            acquire(pool, 1);
        }
        for (int page = 0; page < pages; page += 2) {
            release(pool, new Run(page, 1));
        }
        if (returned) {
            pool.returnAll();
        }
        for (int i = 0; i < 100; i++) {
            long before = pool.free.looks;
            long page = acquire(pool, 2);
            assertEquals(pages, number(page));
            pool.release(page, 2);
            // A search, a removal and an addition: each as high as a tree of 16 words, 5 nodes.
            assertTrue(pool.free.looks - before <= 15, "looks=" + (pool.free.looks - before));
        }
    }

    @Test
    void takesASinglePageFromAnywhereFree() {
        PagePool pool = pool(10, 0);
        long run = acquire(pool, 10);
        assertEquals(PagePool.NONE, acquire(pool, 1));
        pool.release(run, 10);
        pool.returnAll();
        assertEquals(0, pool.heldBytes());
        BitSet taken = new BitSet();
        for (int i = 0; i < 10; i++) {
            taken.set(number(acquire(pool, 1)));
        }
        assertEquals(10, taken.cardinality());
        assertEquals(10, taken.length());
    }
}
