package org.quantalang.scheduler.internal.worker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What one worker has done; written by the worker alone, read racily by anyone. Opaque: a reader
 * sees each number whole and some time soon, and a poll pays for no fence.
 */
final class WorkerCounts {
    private static final VarHandle POLLS = handle("polls");
    private static final VarHandle STOLEN = handle("stolen");
    private static final VarHandle PARKS = handle("parks");
    private static final VarHandle SPAWNED = handle("spawned");
    private static final VarHandle ENDED = handle("ended");

    private long polls;
    private long stolen;
    private long parks;
    private long spawned;
    private long ended;

    WorkerCounts() {}

    private static VarHandle handle(String field) {
        try {
            return MethodHandles.lookup()
                    .findVarHandle(WorkerCounts.class, field, long.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    void poll() {
        POLLS.setOpaque(this, polls + 1);
    }

    void stole(int tasks) {
        STOLEN.setOpaque(this, stolen + tasks);
    }

    void park() {
        PARKS.setOpaque(this, parks + 1);
    }

    /** Release: a reader that counts an end in {@code ended} also counts its spawn. */
    void spawn() {
        SPAWNED.setRelease(this, spawned + 1);
    }

    void end() {
        ENDED.setRelease(this, ended + 1); // release: pairs with the acquire in ended
    }

    long polls() {
        return (long) POLLS.getOpaque(this);
    }

    long stolen() {
        return (long) STOLEN.getOpaque(this);
    }

    long parks() {
        return (long) PARKS.getOpaque(this);
    }

    long spawned() {
        return (long) SPAWNED.getAcquire(this);
    }

    long ended() {
        return (long) ENDED.getAcquire(this);
    }
}
