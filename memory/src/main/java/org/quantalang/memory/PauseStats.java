package org.quantalang.memory;

/**
 * How long a program waited for collections that it did not ask for, as far as a histogram with
 * steps of 3 percent tells.
 *
 * @param count collections
 * @param p50Nanos half of them took at most this long
 * @param p90Nanos 90 percent of them
 * @param p99Nanos 99 percent
 * @param p999Nanos 99.9 percent
 * @param maxNanos the longest, exactly
 */
public record PauseStats(
        long count, long p50Nanos, long p90Nanos, long p99Nanos, long p999Nanos, long maxNanos) {}
