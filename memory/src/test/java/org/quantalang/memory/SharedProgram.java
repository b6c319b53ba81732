package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;

/**
 * A random program of four threads on a shared heap: two that stay, and two that are new in each
 * round, one of them virtual now and then. They allocate, count, hand each other references, and
 * race on the fields of objects that all of them know.
 *
 * <p>After each round nobody runs: garbage cycles are collected, the verifier looks at the heap,
 * and a walk from what the threads hold must find exactly the live objects with exactly their
 * counts.
 */
final class SharedProgram {
    private static final int THREADS = 4;
    private static final int STAY = 2;
    private static final int MOST_HELD = 48;
    private static final int MOST_MAILED = 10_000;
    private static final int BOARD = 8;
    private static final long WEAK = 16;
    private static final long VALUE = 24;

    private final SharedHeap heap;
    private final SplittableRandom seeds;
    private final int operations;
    private final AtomicLong destroyed = new AtomicLong();
    private final AtomicLong mailed = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final TypeInfo node =
            TypeInfo.builder("Node")
                    .reference("left")
                    .reference("right")
                    .weakReference("weak")
                    .int64("value")
                    .build();
    private final TypeInfo dropped =
            TypeInfo.builder("Dropped")
                    .reference("left")
                    .reference("right")
                    .weakReference("weak")
                    .int64("value")
                    .destructor((_, _) -> destroyed.incrementAndGet())
                    .build();
    private final TypeInfo board = TypeInfo.referenceArray("Board");
    private final long[] boards = new long[2];

    /** What each of the threads holds; of a new one, what the one before it left. */
    private final List<Held> held = new ArrayList<>();

    private final List<Queue<Long>> mail = new ArrayList<>();

    private static final class Held {
        private final List<Long> strong = new ArrayList<>();
        private final List<Long> weak = new ArrayList<>();
    }

    /** Runs rounds of so many operations a thread. */
    SharedProgram(SharedHeap heap, long seed, int operations) {
        this.heap = heap;
        this.seeds = new SplittableRandom(seed);
        this.operations = operations;
        heap.register(node, dropped, board);
        for (int i = 0; i < boards.length; i++) {
            boards[i] = heap.allocateArray(board, BOARD);
        }
        for (int i = 0; i < THREADS; i++) {
            held.add(new Held());
            mail.add(new ConcurrentLinkedQueue<>());
        }
    }

    /** Whether the threads hand objects from producers to consumers in this round. */
    private volatile boolean handsOver;

    /** Whether there is another round. */
    private volatile boolean more = true;

    /** Runs so many rounds; returns how many operations in all. */
    long run(int rounds) throws Exception {
        return run(round -> round < rounds);
    }

    /** Runs rounds as long as {@code wanted} says so; returns how many operations in all. */
    long run(IntPredicate wanted) throws Exception {
        var barrier = new CyclicBarrier(STAY + 1);
        List<Thread> staying = new ArrayList<>();
        for (int i = 0; i < STAY; i++) {
            int self = i;
            SplittableRandom random = seeds.split();
            staying.add(
                    Thread.ofPlatform()
                            .name("stays-" + i)
                            .start(() -> stay(self, random, barrier)));
        }
        int round = 0;
        for (; failure.get() == null && wanted.test(round); round++) {
            handsOver = round % 4 == 3;
            mailed.set(0);
            List<Thread> coming = new ArrayList<>();
            for (int i = STAY; i < THREADS; i++) {
                int self = i;
                SplittableRandom random = seeds.split();
                Runnable work = () -> guarded(() -> operate(self, random));
                boolean virtual = i == STAY && round % 3 == 2;
                coming.add(
                        virtual
                                ? Thread.ofVirtual().start(work)
                                : Thread.ofPlatform().name("comes-" + i).start(work));
            }
            barrier.await(); // the staying begin
            for (Thread thread : coming) {
                thread.join();
            }
            barrier.await(); // the staying are quiet
            if (failure.get() == null) {
                guarded(this::check);
            }
        }
        more = false;
        barrier.await();
        for (Thread thread : staying) {
            thread.join();
        }
        rethrow();
        letGoOfAll();
        return (long) round * THREADS * operations;
    }

    private interface Work {
        void run() throws Exception;
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (Throwable failed) {
            failure.compareAndSet(null, failed);
        }
    }

    private void rethrow() throws Exception {
        Throwable failed = failure.get();
        if (failed != null) {
            throw new AssertionError("a thread of the program failed", failed);
        }
    }

    private void stay(int self, SplittableRandom random, CyclicBarrier barrier) {
        heap.quietly(() -> guarded(barrier::await));
        while (more) {
            guarded(() -> operate(self, random));
            heap.quietly(() -> guarded(barrier::await));
            heap.quietly(() -> guarded(barrier::await));
        }
    }

    // ---- operations

    private void operate(int self, SplittableRandom random) {
        Held mine = held.get(self);
        for (int i = 0; i < operations && failure.get() == null; i++) {
            if (handsOver) {
                handOver(self);
            } else {
                step(self, mine, random);
            }
        }
    }

    /** Half of the threads make objects for the other half, which lets go of them. */
    private void handOver(int self) {
        if (self % 2 == 0) {
            if (mailed.incrementAndGet() < MOST_MAILED) {
                mail.get(self + 1).add(made(node));
            } else {
                mailed.decrementAndGet();
            }
            return;
        }
        Long letter = mail.get(self).poll();
        if (letter != null) {
            mailed.decrementAndGet();
            heap.release(letter);
        }
    }

    private void step(int self, Held mine, SplittableRandom random) {
        List<Long> strong = mine.strong;
        if (strong.isEmpty() || (strong.size() < MOST_HELD && random.nextInt(4) == 0)) {
            strong.add(made(random.nextInt(8) == 0 ? dropped : node));
            return;
        }
        int at = random.nextInt(strong.size());
        long object = strong.get(at);
        if (heap.getLong(object, VALUE) != object) {
            throw new AssertionError("a held object was overwritten: 0x%x".formatted(object));
        }
        long other = strong.get(random.nextInt(strong.size()));
        long field = 8L * random.nextInt(2);
        long slot = SharedHeap.elementOffset(random.nextInt(BOARD));
        long shared = boards[random.nextInt(boards.length)];
        switch (random.nextInt(16)) {
            case 0 -> {
                heap.retain(object);
                hold(mine, object);
            }
            case 1, 2 -> heap.release(remove(strong, at));
            case 3 -> heap.setReference(object, field, other);
            case 4 -> heap.setReference(object, field, 0);
            case 5 -> hold(mine, heap.loadReference(object, field));
            case 6 -> hold(mine, heap.loadReference(shared, slot));
            case 7 -> hold(mine, heap.exchangeReference(shared, slot, other));
            case 8 -> heap.moveReference(shared, slot, remove(strong, at));
            case 9 -> compareAndSet(shared, slot, object, other);
            case 10 -> {
                // Bounded, or a popular object's weak count would reach the end of its field.
                if (mine.weak.size() < MOST_HELD) {
                    heap.weakRetain(object);
                    mine.weak.add(object);
                }
            }
            case 11 -> upgradeOrLetGo(mine, random);
            case 12 -> heap.setWeakReference(object, WEAK, other);
            case 13 -> hold(mine, heap.loadWeak(object, WEAK));
            case 14 -> mail.get(random.nextInt(THREADS)).add(remove(strong, at));
            default -> {
                Long letter = mail.get(self).poll();
                if (letter != null) {
                    hold(mine, letter);
                } else {
                    heap.poll();
                }
            }
        }
    }

    private long made(TypeInfo type) {
        long made = heap.allocate(type);
        heap.putLong(made, VALUE, made);
        return made;
    }

    private static long remove(List<Long> list, int at) {
        long value = list.get(at);
        list.set(at, list.getLast());
        list.removeLast();
        return value;
    }

    private void hold(Held mine, long owned) {
        if (owned != 0) {
            mine.strong.add(owned);
            if (mine.strong.size() > 2 * MOST_HELD) {
                heap.release(remove(mine.strong, 0));
            }
        }
    }

    private void compareAndSet(long holder, long slot, long expected, long value) {
        // A success needs the caller to know that the expected object is the one it holds.
        boolean done = heap.compareAndSetReference(holder, slot, expected, value);
        if (!done) {
            heap.setReference(holder, slot, 0);
        }
    }

    private void upgradeOrLetGo(Held mine, SplittableRandom random) {
        if (mine.weak.isEmpty()) {
            return;
        }
        int at = random.nextInt(mine.weak.size());
        if (random.nextBoolean()) {
            hold(mine, heap.upgrade(mine.weak.get(at)));
        } else {
            heap.weakRelease(remove(mine.weak, at));
        }
    }

    // ---- the model at a quiet point

    private void check() {
        heap.pause(
                Duration.ofSeconds(10),
                () -> {
                    heap.verify();
                    heap.collectCycles();
                    heap.verify();
                    compare();
                });
    }

    private void compare() {
        Map<Long, Integer> strong = new HashMap<>();
        Map<Long, Integer> weak = new HashMap<>();
        Deque<Long> open = new ArrayDeque<>();
        for (long each : boards) {
            count(each, strong, open);
        }
        for (int i = 0; i < THREADS; i++) {
            held.get(i).strong.forEach(object -> count(object, strong, open));
            mail.get(i).forEach(object -> count(object, strong, open));
            held.get(i).weak.forEach(object -> weak.merge(object, 1, Integer::sum));
        }
        while (!open.isEmpty()) {
            long object = open.pop();
            if (heap.typeOf(object).isArray()) {
                for (int i = 0; i < BOARD; i++) {
                    count(heap.getReference(object, SharedHeap.elementOffset(i)), strong, open);
                }
            } else {
                count(heap.getReference(object, 0), strong, open);
                count(heap.getReference(object, 8), strong, open);
                long target = heap.getReference(object, WEAK);
                if (target != 0) {
                    weak.merge(target, 1, Integer::sum);
                }
            }
        }
        strong.forEach(
                (object, count) ->
                        assertEquals(
                                count.longValue(),
                                heap.strongCount(object),
                                () -> "strong count of 0x%x".formatted(object)));
        weak.forEach(
                (object, count) ->
                        assertEquals(
                                count.longValue(),
                                heap.weakCount(object),
                                () -> "weak count of 0x%x".formatted(object)));
        long dead = weak.keySet().stream().filter(object -> !strong.containsKey(object)).count();
        assertEquals(strong.size() + dead, heap.liveObjects());
    }

    private static void count(long object, Map<Long, Integer> counts, Deque<Long> open) {
        if (object != 0 && counts.merge(object, 1, Integer::sum) == 1) {
            open.push(object);
        }
    }

    private void letGoOfAll() {
        for (int i = 0; i < THREADS; i++) {
            held.get(i).strong.forEach(heap::release);
            held.get(i).weak.forEach(heap::weakRelease);
            mail.get(i).forEach(heap::release);
        }
        for (long each : boards) {
            heap.release(each);
        }
        heap.collectCycles();
        assertEquals(0, heap.liveObjects(), () -> heap.histogram().table(5));
        assertEquals(0, heap.waitingForOwners());
        assertTrue(destroyed.get() > 0);
    }
}
