package org.quantalang.memory.internal.shared;

/** What {@link CountModel} can leave out or do wrong; each must be found. */
enum CountFault {
    /** What the owner counts is taken from the shared count, and the owner is not told. */
    RELEASE_BELOW_ZERO,
    /** A release of what others count subtracts without comparing. */
    BLIND_RELEASE,
    /** The merge changes word B before word A. */
    MERGED_BEFORE_WORD_A,
    /** A merge stores what it made of the word that it read. */
    PLAIN_MERGE,
    /** A release from the queue is the owner's, though the object was merged meanwhile. */
    TAKEN_AS_OWNED,
    /** The owner's last release frees without regard to weak references. */
    EXCLUSIVE_IGNORES_WEAK,
    /** Who put an object on a queue does not look whether the owner is still there. */
    TOLD_WITHOUT_LOOK,
    /** The end does not look into the queue again after saying that it is over. */
    END_WITHOUT_SECOND_DRAIN,
    /** The end does not wait for what is put in a place of the queue that was claimed before. */
    END_WITHOUT_WAIT,
    /** An upgrade adds without comparing. */
    BLIND_UPGRADE,
    /** The owner takes an object for dead when its own count is 0. */
    OWN_COUNT_ONLY,
    /** The last weak reference and the end of the destruction each look without changing. */
    LAST_WEAK_BY_LOOKING,
    /** A release of a merged object reads, subtracts and stores. */
    PLAIN_RELEASE,
    /** What spills is added to word B by reading and storing. */
    PLAIN_SPILL,
    /** The compare takes another thread for the owner, too. */
    LOOSE_COMPARE
}
