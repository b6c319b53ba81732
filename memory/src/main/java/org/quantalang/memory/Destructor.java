package org.quantalang.memory;

/**
 * What is run once when an object dies, before its references are released.
 *
 * <p>The object is intact and counted once for the call, its weak references are dead. The
 * destructor may allocate, retain, release and store references; it must not release {@code object}
 * itself. If {@code object} is retained more often than released when it returns, the object lives
 * on; its next death runs no destructor. What it throws goes to the heap's failure handler.
 */
@FunctionalInterface
public interface Destructor {
    /**
     * Called on the heap's owner thread.
     *
     * @param heap the heap of the object
     * @param object the dying object; borrowed
     */
    void destroy(Heap heap, long object);
}
