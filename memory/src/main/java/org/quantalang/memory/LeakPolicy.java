package org.quantalang.memory;

/** What {@link Heap#close} does when objects are still held from outside the heap. */
public enum LeakPolicy {
    /** Frees them with the heap and says nothing; nothing is searched. */
    FREE_ALL,
    /**
     * Frees them with the heap and tells {@link HeapConfig#withNotices} what was left, and where.
     */
    REPORT,
    /** Refuses: the heap stays open, and the exception says what is left, and where. */
    FAIL
}
