package org.quantalang.memory.internal.alloc;

/**
 * Told by an allocator of the blocks that are freed, in checked mode. Threading as that of the
 * heap.
 */
public interface FreeWatch {
    /** The blocks that the watch must be asked about; in full mode it is asked about all. */
    WatchedBlocks watched();

    /**
     * A block is to be freed.
     *
     * @return whether it is kept, so that nobody gets it before it is let go; word A is zero then
     *     and word B {@link org.quantalang.memory.internal.object.HeaderWord#KEPT}
     */
    boolean keeps(long block);

    /**
     * An object died whose header something holds.
     *
     * @return whether the watch had a weak reference to it, which the caller now takes away
     */
    boolean letsGo(long block);

    /** Frees every block that is kept. */
    void letGoAll();

    /** Blocks of a size class that are kept. */
    long keptBlocks(int sizeClass);

    /** Bytes of all blocks that are kept. */
    long keptBytes();
}
