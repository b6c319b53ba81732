package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.compareAndSet;
import static org.quantalang.memory.internal.object.Memory.getAndAdd;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.object.HeaderWord;

/**
 * The transitions of {@link SharedHeader} in memory that concern nothing but one object's header.
 *
 * <p>Any thread, unless a method says that the owner calls it.
 */
public final class SharedCounts {
    private SharedCounts() {}

    /** The owner retains, and its count is full: half of it moves to the shared count first. */
    static void retainFull(long header, long a) {
        long part = SharedHeader.HALF;
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (!compareAndSet(header + SharedHeader.WORD_B, b, SharedHeader.spilledIn(b, part))) {
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
        settlePinned(header, SharedHeader.spilledIn(b, part));
        putLong(header, SharedHeader.ownerRetained(SharedHeader.spilledOut(a, part)));
    }

    /** Another thread than the owner retains. */
    static void retainShared(long header, long a) {
        if (a == 0) {
            throw new IllegalStateException(
                    "retain of a freed object: address=0x%x".formatted(header + HeaderWord.BYTES));
        }
        // No order: the caller holds a reference, through which it sees the object already.
        long before = getAndAdd(header + SharedHeader.WORD_B, SharedHeader.RETAIN_SHARED);
        if (SharedHeader.pinned(before)) {
            settlePinned(header, before + SharedHeader.RETAIN_SHARED);
        }
    }

    /** A count that rises in the pinned zone falls back to its middle, long before it wraps. */
    private static void settlePinned(long header, long after) {
        long b = after;
        while (SharedHeader.shared(b) >= SharedHeader.CEILING
                && !compareAndSet(header + SharedHeader.WORD_B, b, SharedHeader.pin(b))) {
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
    }

    /** Makes an object live until the heap closes. */
    public static void pin(long header) {
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (!compareAndSet(header + SharedHeader.WORD_B, b, SharedHeader.pin(b))) {
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
    }

    /**
     * The owner releases the last reference that it counts; returns whether it was the last of all.
     */
    static boolean lastOwned(long header, long a) {
        // Acquire: what others wrote to the object before they released it.
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        if (SharedHeader.exclusive(b)) {
            putLong(header, SharedHeader.withoutOwner(a));
            putLong(header + SharedHeader.WORD_B, SharedHeader.merged(b, 0));
            return true;
        }
        return merge(header, a, b, 0);
    }

    /**
     * The owner's runner gives the object up, of whose count {@code own} is left; returns whether
     * that was the last reference of all.
     */
    static boolean merge(long header, long a, long seen, long own) {
        putLong(header, SharedHeader.withoutOwner(a));
        long b = seen;
        long after = SharedHeader.merged(b, own);
        // Full: word A is stored before; what the owner wrote is seen by who sees the object
        // merged.
        while (!compareAndSet(header + SharedHeader.WORD_B, b, after)) {
            b = getLongAcquire(header + SharedHeader.WORD_B);
            after = SharedHeader.merged(b, own);
        }
        return SharedHeader.lastGone(after);
    }

    /**
     * Adds one weak reference; when there are as many as fit, the object's block stays for good.
     */
    public static void weakRetain(long header) {
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (SharedHeader.weak(b) != SharedHeader.MOST_WEAK
                && !compareAndSet(header + SharedHeader.WORD_B, b, b + SharedHeader.ONE_WEAK)) {
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
    }

    /** Turns a weak reference into a strong one if the object still lives. */
    public static boolean upgrade(long header) {
        long b = getLongAcquire(header + SharedHeader.WORD_B);
        while (SharedHeader.upgradable(b)) {
            // Compared, also by the owner: a collector beside running threads decides on word B.
            if (compareAndSet(header + SharedHeader.WORD_B, b, SharedHeader.upgraded(b))) {
                if (SharedHeader.pinned(b)) {
                    settlePinned(header, SharedHeader.upgraded(b));
                }
                return true;
            }
            b = getLongAcquire(header + SharedHeader.WORD_B);
        }
        return false;
    }
}
