package org.quantalang.scheduler.internal.time;

import org.jspecify.annotations.Nullable;

/**
 * A hierarchical timing wheel: insert and cancel take constant time, and the next time at which
 * something must be done is read off the occupancy masks.
 *
 * <pre>
 *  level 0: 64 slots of 1 tick        tick 0 1 2 ... 63
 *  level 1: 64 slots of 64 ticks
 *  ...
 *  level 5: 64 slots of 2^30 ticks; what lies further waits in its last slot and is placed again
 *
 *  level of a timer = the highest group of 6 bits in which its tick differs from now
 *  slot             = that group of its tick
 * </pre>
 *
 * <p>When the wheel reaches a slot of a higher level, its timers are placed again, lower. So each
 * timer moves at most 5 times. Not thread-safe. After Varghese and Lauck, SOSP 1987, scheme 7, with
 * Tokio's choice of the level.
 */
public final class Wheel {
    /** What {@link #nextTick} returns when there is no timer. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int LEVELS = 6;
    private static final int SLOT_BITS = 6;
    private static final int SLOTS = 1 << SLOT_BITS;
    private static final long MAX_DISTANCE = (1L << (LEVELS * SLOT_BITS)) - 1;

    private final @Nullable WheelTimer[] slots = new @Nullable WheelTimer[LEVELS * SLOTS];
    private final long[] occupied = new long[LEVELS];
    private long now;
    private int size;

    /** Makes an empty wheel at tick 0. */
    public Wheel() {}

    /** Returns the tick that the wheel has reached. */
    public long now() {
        return now;
    }

    /** Returns how many timers are in the wheel. */
    public int size() {
        return size;
    }

    /** Adds a timer; one of a tick that has passed fires at the next tick. */
    public void insert(WheelTimer timer, long tick) {
        timer.tick = Math.max(tick, now + 1);
        place(timer);
        size++;
    }

    private void place(WheelTimer timer) {
        // What lies beyond the wheel waits where the wheel ends; placed again, it sees its own
        // tick.
        long at = timer.tick - now > MAX_DISTANCE ? now + MAX_DISTANCE : timer.tick;
        int level = Math.min(LEVELS - 1, levelOf(at));
        int index = (int) (at >>> (level * SLOT_BITS)) & (SLOTS - 1);
        int slot = level * SLOTS + index;
        WheelTimer head = slots[slot];
        timer.slot = slot;
        timer.previous = null;
        timer.next = head;
        if (head != null) {
            head.previous = timer;
        }
        slots[slot] = timer;
        occupied[level] |= 1L << index;
    }

    private int levelOf(long tick) {
        long differs = (tick ^ now) | (SLOTS - 1);
        return (Long.SIZE - 1 - Long.numberOfLeadingZeros(differs)) / SLOT_BITS;
    }

    /** Takes a timer out. Returns false if it is not in the wheel. */
    public boolean remove(WheelTimer timer) {
        int slot = timer.slot;
        if (slot == WheelTimer.NOWHERE) {
            return false;
        }
        if (timer.previous == null) {
            slots[slot] = timer.next;
            if (timer.next == null) {
                occupied[slot >>> SLOT_BITS] &= ~(1L << (slot & (SLOTS - 1)));
            }
        } else {
            timer.previous.next = timer.next;
        }
        if (timer.next != null) {
            timer.next.previous = timer.previous;
        }
        timer.previous = null;
        timer.next = null;
        timer.slot = WheelTimer.NOWHERE;
        size--;
        return true;
    }

    /**
     * Returns the tick at which {@link #advance} has something to do, at most that of the earliest
     * timer; {@link #NEVER} without timers.
     */
    public long nextTick() {
        for (int level = 0; level < LEVELS; level++) {
            if (occupied[level] != 0) {
                return startOfNext(level);
            }
        }
        return NEVER;
    }

    private long startOfNext(int level) {
        int shift = level * SLOT_BITS;
        int current = (int) (now >>> shift) & (SLOTS - 1);
        long fromCurrent = Long.rotateRight(occupied[level], current);
        int ahead = Long.numberOfTrailingZeros(fromCurrent);
        if (ahead == 0 && level > 0) {
            // The slot that now stands in was emptied when it was reached: this is a round later.
            long others = fromCurrent & ~1L;
            ahead = others == 0 ? SLOTS : Long.numberOfTrailingZeros(others);
        }
        return ((now >>> shift) + ahead) << shift;
    }

    /**
     * Moves the wheel on.
     *
     * @param tick where to; not before {@link #now}
     * @return the timers that fire, linked, earliest tick first; or null
     */
    public @Nullable WheelTimer advance(long tick) {
        WheelTimer first = null;
        WheelTimer last = null;
        while (true) {
            long reached = nextTick();
            if (reached > tick) {
                break;
            }
            now = reached;
            for (int level = LEVELS - 1; level >= 0; level--) {
                int index = (int) (reached >>> (level * SLOT_BITS)) & (SLOTS - 1);
                if ((occupied[level] & (1L << index)) == 0
                        || (reached & ((1L << (level * SLOT_BITS)) - 1)) != 0) {
                    continue;
                }
                WheelTimer timer = takeSlot(level, index);
                while (timer != null) {
                    WheelTimer following = timer.next;
                    timer.previous = null;
                    timer.next = null;
                    if (timer.tick <= reached) {
                        timer.slot = WheelTimer.NOWHERE;
                        size--;
                        if (last == null) {
                            first = timer;
                        } else {
                            last.next = timer;
                        }
                        last = timer;
                    } else {
                        place(timer);
                    }
                    timer = following;
                }
            }
        }
        now = Math.max(now, tick);
        return first;
    }

    private @Nullable WheelTimer takeSlot(int level, int index) {
        int slot = level * SLOTS + index;
        WheelTimer head = slots[slot];
        slots[slot] = null;
        occupied[level] &= ~(1L << index);
        return head;
    }
}
