package org.quantalang.memory.internal.count;

/** Runs the destructor of one object; what it throws has been dealt with when this returns. */
@FunctionalInterface
public interface Destructors {
    /** {@code header} is the dying object, counted once for the call. */
    void run(long header);
}
