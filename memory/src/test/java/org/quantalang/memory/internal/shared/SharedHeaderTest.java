package org.quantalang.memory.internal.shared;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One compare of word A with the caller's number decides who counts plainly. */
class SharedHeaderTest {
    private static final int TYPE = 0xFFFF;
    private static final int MOST_OWN = 1 << SharedHeader.BIAS_BITS;
    private static final int MOST_OWN_LENT = MOST_OWN - 2;

    /** Words with each count that an owner of the thread's number may have, and any ops. */
    private interface Look {
        void at(long a, long own);
    }

    private static void eachCount(long fresh, long most, Look look) {
        long a = fresh | TYPE;
        for (long own = 1; own <= most; own++) {
            look.at(a, own);
            a = SharedHeader.ownerRetained(a);
        }
    }

    private static void eachWord(long fresh, long most, Look look) {
        eachCount(fresh, most, look);
        eachCount(fresh | 0x800000L << 40, most, look);
        eachCount(fresh | 0xFFFFFFL << 40, most, look); // these retains carry out of the ops
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 35, 511, SharedHeader.MOST_OWNERS})
    void theOwnerCountsPlainlyUnlessItsCountOverflowsOrEnds(int owner) {
        eachWord(
                SharedHeader.fresh(owner),
                MOST_OWN,
                (a, own) -> {
                    assertEquals(own, SharedHeader.own(a));
                    assertEquals(owner, SharedHeader.owner(a));
                    long retainer = SharedHeader.plainFor(SharedHeader.ownerRetained(a));
                    long releaser = SharedHeader.plainFor(SharedHeader.ownerReleased(a));
                    if (own < MOST_OWN) {
                        assertEquals(owner, retainer);
                    } else {
                        assertTrue(retainer < 0, () -> "retainer " + retainer);
                    }
                    if (own > 1) {
                        assertEquals(owner, releaser);
                    } else {
                        assertTrue(releaser < 0, () -> "releaser " + releaser);
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 512, SharedHeader.MOST_OWNERS})
    void nobodyCountsPlainlyWhatALentNumberOwns(int owner) {
        eachWord(
                SharedHeader.freshOfLent(owner),
                MOST_OWN_LENT,
                (a, own) -> {
                    assertEquals(own, SharedHeader.own(a));
                    assertEquals(owner, SharedHeader.owner(a));
                    assertTrue(SharedHeader.plainFor(SharedHeader.ownerRetained(a)) < 0);
                    assertTrue(SharedHeader.plainFor(SharedHeader.ownerReleased(a)) < 0);
                });
    }

    @Test
    void aCountIsFullBeforeItOverflows() {
        eachCount(
                SharedHeader.fresh(7),
                MOST_OWN,
                (a, own) -> assertEquals(own > MOST_OWN_LENT, SharedHeader.full(a)));
        eachCount(
                SharedHeader.freshOfLent(7),
                MOST_OWN_LENT,
                (a, own) -> assertEquals(own == MOST_OWN_LENT, SharedHeader.full(a)));
        long full = SharedHeader.freshOfLent(7) + (MOST_OWN_LENT - 1) * SharedHeader.ONE_BIAS;
        long half = SharedHeader.spilledOut(full, SharedHeader.HALF);
        assertEquals(MOST_OWN_LENT - SharedHeader.HALF, SharedHeader.own(half));
        assertFalse(SharedHeader.full(half));
    }

    @Test
    void whatHasNoOwnerCountsPlainlyForNobody() {
        long merged = SharedHeader.withoutOwner(SharedHeader.fresh(7) | TYPE);
        assertEquals(0, SharedHeader.own(merged));
        for (long granules = 0; granules < 1L << 35; granules += 0x3FFFFFF) {
            for (long dying :
                    new long[] {
                        SharedHeader.link(merged, granules << 4),
                        SharedHeader.ownLink(merged, granules << 4)
                    }) {
                assertEquals(granules << 4, SharedHeader.next(dying));
                assertTrue(SharedHeader.plainFor(SharedHeader.ownerRetained(dying)) <= 0);
                assertTrue(SharedHeader.plainFor(SharedHeader.ownerReleased(dying)) <= 0);
            }
        }
    }
}
