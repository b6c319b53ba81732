package org.quantalang.memory.inspect;

/**
 * One size class of a heap's allocator, from its pages' counters.
 *
 * @param blockBytes size of a block, header included; 0 for large objects, which have pages of
 *     their own
 * @param allocated blocks handed out so far
 * @param freed blocks taken back so far
 * @param peakObjects most blocks in use at once; at most one carving, 4 KiB of blocks, too high
 * @param liveBytes bytes of the blocks in use
 * @param peakBytes most bytes of blocks in use at once, as exact as {@code peakObjects}
 * @param pages pages of 64 KiB the class has now; 0 for large objects
 */
public record SizeClassStats(
        long blockBytes,
        long allocated,
        long freed,
        long peakObjects,
        long liveBytes,
        long peakBytes,
        long pages) {
    /** {@return blocks in use} */
    public long liveObjects() {
        return allocated - freed;
    }
}
