package org.quantalang.memory.internal.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int DISTANCES = 100_000;

    @Test
    void theMeanDistanceIsAsConfigured() {
        Sampler sampler = new Sampler();
        long sum = 0;
        for (int i = 0; i < DISTANCES; i++) {
            sum += sampler.distance();
        }
        // Of an exponential distribution the mean of so many strays by 0.3 % (one sigma).
        double mean = (double) Sampler.MEAN_BYTES;
        assertEquals(mean, (double) sum / DISTANCES, 0.02 * mean + 1);
    }

    @Test
    void shortDistancesAreAsFrequentAsAnExponentialDistributionSays() {
        Sampler sampler = new Sampler();
        int belowMean = 0;
        for (int i = 0; i < DISTANCES; i++) {
            belowMean += sampler.distance() < Sampler.MEAN_BYTES ? 1 : 0;
        }
        assumeTrue(Sampler.MEAN_BYTES > 1000, "the distances of this run are rounded");
        assertEquals(1 - Math.exp(-1), belowMean / (double) DISTANCES, 0.01);
    }

    @Test
    void twoProgramsGetTheSameSample() {
        Sampler one = new Sampler();
        Sampler other = new Sampler();
        for (int i = 0; i < 100; i++) {
            long distance = one.distance();
            assertTrue(distance >= 0);
            assertEquals(distance, other.distance());
        }
    }
}
