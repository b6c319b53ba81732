package org.quantalang.memory.internal.debug;

import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.tuning.TuningProperty;

import java.util.SplittableRandom;

/**
 * Chooses objects by allocated bytes: one each {@value #PROPERTY} bytes on average, 4 MiB if not
 * given. The distances are exponential, so that each byte has the same chance whatever was
 * allocated before it, and nothing that a program does at regular intervals hides between two of
 * them. They begin with a fixed seed: the same program gets the same sample.
 *
 * <p>One thread.
 */
public final class Sampler {
    static final String PROPERTY = "quanta.heap.sample";

    /** Bytes from one object of the sample to the next, on average. */
    static final long MEAN_BYTES =
            TuningProperty.number(PROPERTY, 1, Memory.ADDRESS_LIMIT, 4L << 20);

    private static final long SEED = 0x5eed;

    private final SplittableRandom random = new SplittableRandom(SEED);

    /** Bytes to the next object of the sample. */
    public long distance() {
        return (long) (-Math.log(1 - random.nextDouble()) * MEAN_BYTES);
    }
}
