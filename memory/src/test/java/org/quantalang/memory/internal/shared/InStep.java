package org.quantalang.memory.internal.shared;

import org.quantalang.memory.SharedHeap;
import org.quantalang.memory.TypeInfo;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What two actors of a jcstress test do with objects of one shared heap. Who owns an object is the
 * thread that makes it, so that the objects of a state are made by one of the actors and given to
 * the other; and no actor goes on to the next state before both are done with this one, so that the
 * heap can be asked at the end whether anything is left in it.
 */
abstract class InStep {
    /** Stays open until the process ends. */
    static final SharedHeap HEAP = SharedHeap.open();

    static final long NEXT = 0;
    static final long WEAK = 8;
    private static final long SELF = 16;
    private static final int SPINS = 100;
    private static final int MOST_DELAY = 64;
    private static final AtomicInteger DESTROYED = new AtomicInteger();
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("weak")
                    .int64("self")
                    .destructor((_, _) -> DESTROYED.incrementAndGet())
                    .build();

    /** Of the owner's actor, which is one thread. */
    private static int states;

    private volatile long given;
    private volatile boolean on;
    private volatile int done;

    /** An object that says what it is. */
    static long made() {
        long object = HEAP.allocate(NODE);
        HEAP.putLong(object, SELF, object);
        return object;
    }

    /** Whether an object is what it was when it was made, and not destroyed. */
    static boolean whole(long object) {
        return HEAP.getLong(object, SELF) == object;
    }

    static int destroyed() {
        return DESTROYED.get();
    }

    // ---- the owner's side

    /** Hands an object to the other actor, and lets it begin; returns after a varied while. */
    final void give(long object) {
        DESTROYED.set(0);
        given = object;
        // The other sees it some hundred cycles later.
        int delay = states++ % MOST_DELAY;
        for (int i = 0; i < delay; i++) {
            Thread.onSpinWait();
        }
    }

    /** Lets the other actor begin with its second part. */
    final void goOn() {
        on = true;
    }

    /** Waits until the other actor has done so many parts. */
    final void awaitOther(int parts) {
        for (int spins = 0; done < parts; spins++) {
            pause(spins);
        }
    }

    /** What is left at the end: how many were destroyed, how many live. */
    static String left() {
        HEAP.poll();
        if (HEAP.liveObjects() != 0) {
            HEAP.trim(); // blocks that others freed wait for their page's owner
        }
        return "destroyed " + destroyed() + " live " + HEAP.liveObjects();
    }

    // ---- the other's side

    /** Waits for what the owner gives. */
    final long taken() {
        for (int spins = 0; given == 0; spins++) {
            pause(spins);
        }
        return given;
    }

    /** Waits until the owner has said so. */
    final void awaitOwner() {
        for (int spins = 0; !on; spins++) {
            pause(spins);
        }
    }

    /** The other actor has done a part. */
    final void did(int part) {
        done = part;
    }

    // The other may wait for this processor.
    @SuppressWarnings("ThreadPriorityCheck")
    private static void pause(int spins) {
        if (spins < SPINS) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }
}
