package org.quantalang.memory;

/**
 * What a heap has done so far, in the seed's five numbers.
 *
 * @param allocations objects allocated
 * @param deallocations objects whose memory was given back
 * @param cycleCollections collections run
 * @param cyclesBroken garbage cycles freed (connected groups, counted by the candidate that led to
 *     them)
 * @param liveObjects objects with a strong count above zero, or held by a weak reference
 */
public record GcStats(
        long allocations,
        long deallocations,
        long cycleCollections,
        long cyclesBroken,
        long liveObjects) {}
