package org.quantalang.scheduler.internal.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The park protocol in all its interleavings, and that the search finds what it looks for. */
@Timeout(120)
class ParkProtocolModelTest {
    @ParameterizedTest
    @CsvSource({
        "1, 2, 0, 0",
        "1, 2, 1, 0",
        "1, 1, 1, 1",
        "2, 2, 0, 0",
        "2, 1, 1, 0",
        "2, 2, 1, 0",
        "2, 1, 0, 1",
        "2, 1, 1, 1",
        "2, 1, 0, 2",
        "3, 2, 0, 0",
        "3, 1, 0, 1"
    })
    void leavesNoTaskBesideAParkedWorker(int workers, int first, int second, int spawns) {
        var model =
                new ParkProtocolModel(
                        workers,
                        new int[] {first, second},
                        spawns,
                        ParkProtocolModel.Variant.AS_BUILT);

        assertEquals("", model.explore());
        assertTrue(model.states() > 100, "states: " + model.states());
    }

    @Test
    @Tag("soak")
    @Timeout(1200)
    void leavesNoTaskBesideOneOfThreeParkedWorkersWhenTwoSubmit() {
        leavesNoTaskBesideAParkedWorker(3, 1, 1, 1);
    }

    @Test
    void strandsATaskWhenOnlySearchersLookAgain() {
        assertFails(2, ParkProtocolModel.Variant.ONLY_SEARCHERS_LOOK_AGAIN, "beside a parked");
    }

    @Test
    void strandsATaskWithoutTheFence() {
        assertFails(1, ParkProtocolModel.Variant.NO_FENCE, "beside a parked");
    }

    @Test
    void strandsATaskWhenNobodyLooksAgain() {
        assertFails(2, ParkProtocolModel.Variant.NOBODY_LOOKS_AGAIN, "beside a parked");
    }

    @Test
    void miscountsWhenARefusedSearcherCountsDown() {
        assertFails(2, ParkProtocolModel.Variant.REFUSED_SEARCHER_COUNTS_DOWN, "search");
    }

    @Test
    void strandsAYieldingTaskThatIsNotAnnounced() {
        assertFails(2, ParkProtocolModel.Variant.YIELD_UNANNOUNCED, "beside a parked");
    }

    @Test
    void strandsABatchThatIsMovedInSilence() {
        assertFails(2, ParkProtocolModel.Variant.BATCH_UNANNOUNCED, "beside a parked");
    }

    @Test
    void strandsATaskWhenTheSearchIsNotPassedOn() {
        assertFails(2, ParkProtocolModel.Variant.SEARCH_NOT_PASSED_ON, "beside a parked");
    }

    private static void assertFails(
            int workers, ParkProtocolModel.Variant variant, String violation) {
        String found = new ParkProtocolModel(workers, new int[] {1, 1}, 1, variant).explore();

        assertTrue(found.contains(violation), found);
    }
}
