package org.quantalang.memory.internal.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.BitSet;
import java.util.SplittableRandom;

class FreePageBitsTest {
    private final FreePageBits bits = new FreePageBits();
    private final BitSet model = new BitSet();

    private void add(int page, int pages) {
        bits.add(page, pages);
        model.set(page, page + pages);
    }

    private void remove(int page, int pages) {
        bits.remove(page, pages);
        model.clear(page, page + pages);
    }

    /** First fit, run by run. */
    private long lowestRunOfModel(int pages) {
        int start = model.nextSetBit(0);
        while (start >= 0) {
            int end = model.nextClearBit(start);
            if (end - start >= pages) {
                return start;
            }
            start = model.nextSetBit(end);
        }
        return FreePageBits.NONE;
    }

    private void checkRun(int pages) {
        assertEquals(lowestRunOfModel(pages), bits.lowestRun(pages), () -> "pages=" + pages);
    }

    @Test
    void findsNothingWhereNothingIsFree() {
        assertEquals(FreePageBits.NONE, bits.lowestRun(1));
        assertEquals(FreePageBits.NONE, bits.lowestRun(Long.MAX_VALUE));
    }

    /** Each place and length around the borders of words and of what the first words hold. */
    @Test
    void findsASingleRunWhereverItLies() {
        for (int page : new int[] {0, 1, 31, 63, 64, 65, 127, 128, 192, 255, 256, 257, 511, 5000}) {
            for (int pages : new int[] {1, 2, 3, 33, 63, 64, 65, 66, 128, 191, 192, 256, 300}) {
                add(page, pages);
                for (int wanted = 1; wanted <= pages + 2; wanted++) {
                    checkRun(wanted);
                }
                remove(page, pages);
                assertEquals(FreePageBits.NONE, bits.lowestRun(1));
            }
        }
    }

    /** Few or many free pages, short or long runs, growing all the while: always the first fit. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 70, 500})
    void findsTheFirstFit(int longestRun) {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("FreePageBitsTest seed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        for (int step = 0; step < 20_000; step++) {
            int page = random.nextInt(64 + step / 2);
            int pages = random.nextInt(1, longestRun + 1);
            if (model.get(page)) {
                int end = Math.min(page + pages, model.nextClearBit(page));
                remove(page, end - page);
            } else if (random.nextInt(8) != 0 || longestRun < 70) {
                int next = model.nextSetBit(page);
                int end = next < 0 ? page + pages : Math.min(page + pages, next);
                add(page, end - page);
            }
            assertEquals(model.get(page), bits.isFree(page));
            checkRun(random.nextInt(1, 2 * longestRun + 2));
        }
    }

    /** Work in steps, since time says little: as many as the tree is high, whatever is free. */
    @ParameterizedTest
    @ValueSource(ints = {100, 5_000, 50_000, 500_000})
    void looksAtFewNodesAmongManySinglePages(int holes) {
        for (int hole = 0; hole < holes; hole++) {
            bits.add(2L * hole, 1);
        }
        int height = 64 - Long.numberOfLeadingZeros(2L * holes / 64) + 1;

        long before = bits.looks;
        assertEquals(FreePageBits.NONE, bits.lowestRun(2));
        assertEquals(1, bits.looks - before);

        bits.add(2L * holes, 5);
        before = bits.looks;
        assertEquals(2L * holes, bits.lowestRun(5));
        assertLooks(height, before);

        before = bits.looks;
        bits.remove(2L * holes, 5);
        assertLooks(height, before);

        before = bits.looks;
        bits.add(1, 1);
        assertLooks(height, before);
        assertEquals(0, bits.lowestRun(3));
    }

    private void assertLooks(int most, long before) {
        assertTrue(
                bits.looks - before <= most,
                () -> "looks=%d most=%d".formatted(bits.looks - before, most));
    }
}
