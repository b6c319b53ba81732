package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.BlockAllocator;
import org.quantalang.memory.internal.alloc.OwnedPages;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.debug.Sampler;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.shared.SharedTypes.SharedType;

/**
 * What one thread owns of a shared heap: its pages, the queue of releases that are left to it, its
 * list of dying objects. When the thread ends, what is left goes to nobody, and the owner's number
 * to the next thread.
 *
 * <p>Number 0 owns no object, and its pages serve all who have it: nobody, for virtual threads, and
 * guests, which are platform threads for which no number was left or that are about to leave.
 *
 * <p>The runner only, except the queue's push: the thread, or who holds the space's lock while
 * there is none.
 */
public final class Owner {
    /** In the headers of its objects. */
    public final int number;

    /** Its blocks. */
    public final BlockAllocator blocks;

    private final Sampler sampler = new Sampler();
    private long bytesToSample = sampler.distance();

    final OwnedPages pages;
    final HandBackQueue queue = new HandBackQueue();
    final DyingList dying = new DyingList();

    /** Who runs it; null if nobody does. Written under the lock, by the thread itself at first. */
    volatile @Nullable Thread thread;

    /** The thread's number; 0 if there is none, or it is quiet. A thread only looks for its own. */
    long threadId;

    /** Whether the thread stays away from the heap until it says so; see {@link Pauses}. */
    volatile boolean quiet;

    /**
     * Whether it is quiet only while it waits for a pause or for its turn: it goes on by itself.
     * Set before {@code quiet}, taken away after it.
     */
    volatile boolean waits;

    /** What the header words of its objects begin with, besides what their type says. */
    private final long freshA;

    private final long freshB;

    /**
     * Makes one.
     *
     * @param freshA what word A of its objects begins with; 0 for nobody
     */
    Owner(int number, long freshA, OwnedPages pages) {
        this.number = number;
        this.freshA = freshA;
        this.freshB = number == SharedSpace.COMMON ? SharedHeader.freshMerged() : 0;
        this.pages = pages;
        this.blocks = pages.blocks;
    }

    /** Whether it has no pages and no objects of its own. */
    public boolean isCommon() {
        return number == SharedSpace.COMMON;
    }

    /** Whether a thread that this owner served still has it. */
    boolean serves(Thread caller) {
        return caller.isVirtual() || caller.equals(thread);
    }

    /** Whether releases were left to the owner, as far as one load tells. */
    public boolean told() {
        return !queue.isEmpty();
    }

    /** Whether it owns an object with this word A. */
    boolean owns(long a) {
        return SharedHeader.owner(a) == number && !isCommon();
    }

    /** Whether it does, and counts one reference to it, as to a fresh one. */
    public boolean countsOne(long a) {
        return SharedHeader.ownerAndCount(a) == freshA && !isCommon();
    }

    /** What {@link SharedHeader#ownerAndCount} says of a fresh object of this owner, a thread's. */
    long fresh() {
        return freshA;
    }

    /** Whether releases wait, or objects to be destroyed. */
    boolean hasWork() {
        return !queue.isEmpty() || dying.first != DyingList.END;
    }

    /** Whether a block of this class will take a new page, as far as a look tells. */
    public boolean needsPage(int sizeClass) {
        return !pages.hasPage(sizeClass);
    }

    /** A block when none was at hand, or {@link BlockAllocator#NONE}. */
    public long allocateSlow(int sizeClass, long firstBlock, long bytes) {
        if (isCommon()) {
            return pages.allocateCommon(sizeClass, firstBlock, bytes);
        }
        return pages.allocateSlow(sizeClass, firstBlock, bytes);
    }

    /** Makes a block an object with one reference, which is this owner's if it is a thread. */
    public void start(SharedType type, long header) {
        Memory.putLong(header, HeaderWord.WORD_B, type.wordB | freshB);
        Memory.putLong(header, type.type.index | freshA);
    }

    /** Counts a new object; returns whether the sampled level of checked mode takes it down. */
    public boolean samples(long bytes) {
        bytesToSample -= bytes;
        if (bytesToSample >= 0) {
            return false;
        }
        bytesToSample = sampler.distance();
        return true;
    }

    /** Gives back its empty pages. */
    public void trim() {
        if (!isCommon()) {
            pages.takeBack();
            blocks.trim();
        }
    }

    /** Releases that wait; exact while the runner is idle. */
    public long waiting() {
        return queue.size();
    }
}
