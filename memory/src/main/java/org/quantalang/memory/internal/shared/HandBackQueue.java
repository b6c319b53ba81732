package org.quantalang.memory.internal.shared;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongConsumer;

/**
 * References that an owner counts and other threads have let go, by their objects: any thread
 * pushes, the owner's runner polls and releases them.
 *
 * <p>A list of chunks. A push claims a slot with one add and stores the object there; who finds the
 * chunk used up appends another, for which there must be memory. What waits are references that the
 * owner counted when they were pushed: they are not more than those.
 *
 * <p>The owner sees whether something waits with one load: {@link #isEmpty}. Used up slots are
 * handed on to the next chunk, so that a queue in use makes little garbage. A thread that still
 * holds an old chunk finds it used up, whichever chunk has its slots then.
 *
 * <p>The fields of the object itself change once a chunk. What changes with every push and every
 * poll lies in cache lines of its own:
 *
 * <pre>
 *  0         64        128       192       256   bytes of lines, after its header
 *  +---------+---------+---------+---------+
 *  |         | told    |         | at      |     told: any thread; at: the runner
 *  +---------+---------+---------+---------+
 * </pre>
 */
final class HandBackQueue {
    private static final VarHandle SLOT;
    private static final VarHandle CLAIMED;
    private static final VarHandle NEXT_CHUNK;
    private static final VarHandle TAIL;
    private static final VarHandle SPARE;
    private static final VarHandle LINE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            SLOT = MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();
            CLAIMED =
                    lookup.findVarHandle(Chunk.class, "claimed", int.class)
                            .withInvokeExactBehavior();
            NEXT_CHUNK = lookup.findVarHandle(Chunk.class, "next", Chunk.class);
            TAIL = lookup.findVarHandle(HandBackQueue.class, "tail", Chunk.class);
            LINE = MethodHandles.arrayElementVarHandle(int[].class).withInvokeExactBehavior();
            SPARE = lookup.findVarHandle(HandBackQueue.class, "spare", long[].class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private static final int SLOTS = 1023;

    /** Where in {@link #lines}: not 0 if something was pushed since {@link #listened}. */
    private static final int TOLD = 64 / Integer.BYTES;

    /** Where in {@link #lines}: the runner's next slot of its chunk. */
    private static final int AT = 192 / Integer.BYTES;

    private static final int LINES = 256 / Integer.BYTES;

    /** In the last element: go on with the next chunk. Odd, so that it is no address. */
    private static final long TURN = 1;

    private static final class Chunk {
        private final long[] slots;

        @SuppressWarnings("UnusedVariable") // through CLAIMED
        private volatile int claimed;

        private volatile @Nullable Chunk next;

        Chunk(long[] slots) {
            this.slots = slots;
        }
    }

    private volatile Chunk tail;

    @SuppressWarnings("UnusedVariable") // through SPARE
    private volatile long @Nullable [] spare;

    private final int[] lines = new int[LINES];

    // The runner's.
    private Chunk head;
    private long[] slots;

    HandBackQueue() {
        head = new Chunk(new long[SLOTS + 1]);
        slots = head.slots;
        tail = head;
    }

    /** Any thread: puts an object, by its header's address, on the queue. */
    void push(long header) {
        while (true) {
            Chunk chunk = tail;
            int slot = (int) CLAIMED.getAndAdd(chunk, 1);
            if (slot < SLOTS) {
                // Release: what this thread wrote to the object, to poll.
                SLOT.setRelease(chunk.slots, slot, header);
                tell();
                return;
            }
            append(chunk);
        }
    }

    /** Any thread: says that something waits. */
    void tell() {
        // Release: the slot, before the word that there is one.
        LINE.setRelease(lines, TOLD, 1);
    }

    private void append(Chunk full) {
        Chunk next = full.next;
        if (next == null) {
            long[] fresh = (long[]) SPARE.getAndSet(this, (long[]) null);
            Chunk made = new Chunk(fresh == null ? new long[SLOTS + 1] : fresh);
            if (NEXT_CHUNK.compareAndSet(full, (Chunk) null, made)) {
                // Release: next, to the runner that turns.
                SLOT.setRelease(full.slots, SLOTS, TURN);
                next = made;
            } else {
                next = full.next;
            }
        }
        boolean _ = TAIL.compareAndSet(this, full, next);
    }

    /** Runner only: whether nothing waits, as far as one load tells. */
    boolean isEmpty() {
        return (int) LINE.getOpaque(lines, TOLD) == 0;
    }

    /** Runner only: before it polls to the end. A push that is not found then tells after this. */
    void listened() {
        // Acquire: if this takes a word away, the slot that it told of. A store alone would not see
        // the slot, were the word there already.
        int _ = (int) LINE.getAndSet(lines, TOLD, 0);
    }

    /** Runner only: takes an object; 0 if none waits. */
    long poll() {
        while (true) {
            // Acquire: pairs with the release in push.
            int at = lines[AT];
            long value = (long) SLOT.getAcquire(slots, at);
            if (value == 0) {
                return 0;
            }
            slots[at] = 0;
            if (value != TURN) {
                lines[AT] = at + 1;
                return value;
            }
            turn();
        }
    }

    private void turn() {
        Chunk next = head.next;
        if (next == null) {
            throw new AssertionError("a chunk that ends has no next");
        }
        SPARE.setRelease(this, slots);
        head = next;
        slots = next.slots;
        lines[AT] = 0;
    }

    /** Runner only: whether every slot that was claimed is filled and taken. */
    boolean isUsedUp() {
        return size() == 0;
    }

    /** How many wait; exact if nothing runs. Runner only, or while the runner is quiet. */
    long size() {
        long size = -lines[AT];
        for (Chunk chunk = head; chunk != null; chunk = chunk.next) {
            size += Math.min(chunk.claimed, SLOTS);
        }
        return size;
    }

    /** Tells what waits; while nothing runs. */
    void forEach(LongConsumer visitor) {
        int from = lines[AT];
        for (Chunk chunk = head; chunk != null; chunk = chunk.next) {
            for (int i = from; i < SLOTS && chunk.slots[i] != 0; i++) {
                visitor.accept(chunk.slots[i]);
            }
            from = 0;
        }
    }
}
