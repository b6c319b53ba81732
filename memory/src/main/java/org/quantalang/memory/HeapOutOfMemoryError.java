package org.quantalang.memory;

/**
 * A heap reached its limit, its address space, or what the system gives. The heap is as it was
 * before the call; the message says who holds what.
 */
public final class HeapOutOfMemoryError extends OutOfMemoryError {
    private static final long serialVersionUID = 1;

    /**
     * Makes the error.
     *
     * @param report what was asked for and who holds what
     */
    public HeapOutOfMemoryError(String report) {
        super(report);
    }
}
