package org.quantalang.memory.internal.shared;

/**
 * Two threads amid their steps, one or two objects, and what the owner was told: a state of {@link
 * CountModel}.
 */
final class CountState {
    /** What tells two states apart. */
    record Key(long first, long second, long queue, long left, long right) {}

    /** Where a thread is. */
    enum At {
        IDLE,
        RETAIN_READ_A,
        RETAIN_OWNED,
        RETAIN_SHARED,
        SPILL_READ_B,
        SPILL_STORE_B,
        SPILL_WRITE_A,
        RELEASE_READ_A,
        RELEASE_OWNED,
        LAST_OWNED_READ_B,
        LAST_OWNED_STORE_B,
        LAST_OWNED_WRITE_A,
        LAST_OWNED_MERGE,
        RELEASE_READ_B,
        RELEASE_SHARED,
        RELEASE_PLAIN,
        RELEASE_MERGED,
        TELL,
        STORE,
        STORE_LATE,
        STORE_AND_TAKE,
        LOOK,
        DESTROY,
        DESTROY_READ_B,
        DESTROY_DEAD,
        DESTROY_LOOKED,
        FREE,
        UPGRADE_READ,
        UPGRADE,
        WEAK_LOOK,
        TAKE,
        TAKEN_READ_A,
        END_NEXT,
        END_READ,
        END_WRITE_A,
        END_MERGE,
        END_SAY
    }

    static final class Actor {
        final int[] refs = new int[2];
        final int[] weaks = new int[2];
        int left;
        At at = At.IDLE;
        int object;
        long a;
        long b;

        /** Draining, and what comes after it. */
        boolean draining;

        boolean ending;
        boolean ended;
        int walk;

        Actor copy() {
            Actor copy = new Actor();
            System.arraycopy(refs, 0, copy.refs, 0, 2);
            System.arraycopy(weaks, 0, copy.weaks, 0, 2);
            copy.left = left;
            copy.at = at;
            copy.object = object;
            copy.a = a;
            copy.b = b;
            copy.draining = draining;
            copy.ending = ending;
            copy.ended = ended;
            copy.walk = walk;
            return copy;
        }

        // A key is only compared with others of the same run.
        @SuppressWarnings("EnumOrdinal")
        long key() {
            long key = at.ordinal();
            for (int i = 0; i < 2; i++) {
                key = key << 3 | refs[i];
                key = key << 2 | weaks[i];
            }
            key = key << 4 | left;
            key = key << 1 | object;
            key = key << 4 | SharedHeader.own(a);
            key = key << 1 | (SharedHeader.owner(a) != 0 ? 1 : 0);
            key = key << 4 | (SharedHeader.shared(b) + 5);
            key = key << 3 | SharedHeader.weak(b);
            key = key << 3 | (b & 0b111);
            key = key << 1 | (draining ? 1 : 0);
            key = key << 1 | (ending ? 1 : 0);
            key = key << 1 | (ended ? 1 : 0);
            return key << 2 | walk;
        }
    }

    final long[] a = new long[2];
    final long[] b = new long[2];
    final boolean[] freed = new boolean[2];
    final int[] destroyed = new int[2];
    final int[] queued = new int[2];

    /** Places in the queue that were claimed and are not filled yet. */
    int claimed;

    boolean ownerGone;

    /** The first object still holds its reference to the second. */
    boolean edge;

    Actor[] threads = {new Actor(), new Actor()};

    CountState copy() {
        CountState copy = new CountState();
        for (int i = 0; i < 2; i++) {
            copy.a[i] = a[i];
            copy.b[i] = b[i];
            copy.freed[i] = freed[i];
            copy.destroyed[i] = destroyed[i];
            copy.queued[i] = queued[i];
            copy.threads[i] = threads[i].copy();
        }
        copy.claimed = claimed;
        copy.ownerGone = ownerGone;
        copy.edge = edge;
        return copy;
    }

    Key key() {
        return new Key(
                object(0),
                object(1),
                claimed << 10
                        | queued[0] << 6
                        | queued[1] << 2
                        | (ownerGone ? 2 : 0)
                        | (edge ? 1 : 0),
                threads[0].key(),
                threads[1].key());
    }

    private long object(int i) {
        return (b[i] << 16 | SharedHeader.own(a[i]) << 8)
                ^ (SharedHeader.owner(a[i]) != 0 ? 1 : 0)
                ^ (freed[i] ? 2 : 0)
                ^ (long) destroyed[i] << 2;
    }
}
