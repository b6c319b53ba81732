package org.quantalang.memory;

import java.time.Duration;
import java.util.Locale;

/**
 * Small programs that change the heap after exactly so many steps of a trace in slices, for every
 * number of steps: what a random program meets only by chance.
 */
final class SteppedPrograms {
    /** A slice of one object. */
    private static final Duration STEP = Duration.ofNanos(1);

    private static final CycleOptions OPTIONS =
            CycleOptions.DEFAULT
                    .withThreshold(1)
                    .withLocalObjects(1)
                    .withSlice(STEP)
                    .withPacing(50, 1);
    private static final HeapConfig CONFIG =
            HeapConfig.DEFAULT.withAutomaticCollection(false).withCycleOptions(OPTIONS);

    /** In which a single object that refers to itself is found live as soon as it is touched. */
    private static final HeapConfig AT_ONCE =
            HeapConfig.DEFAULT.withCycleOptions(OPTIONS.withLocalObjects(2));

    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("a", "Node")
                    .reference("b", "Node")
                    .int64("number")
                    .build();
    private static final TypeInfo WATCHER =
            TypeInfo.builder("Watcher")
                    .reference("next", "Watcher")
                    .weakReference("watched", "Watcher")
                    .build();
    private static final long WATCHED = WATCHER.offset("watched");
    private static final long A = NODE.offset("a");
    private static final long B = NODE.offset("b");

    /** More steps than any of the programs needs. */
    private static final int STEPS = 60;

    private final ConfinedHeap heap;
    private final boolean old;

    private SteppedPrograms(ConfinedHeap heap, boolean old) {
        this.heap = heap;
        this.old = old;
    }

    /** One program, told after how many steps to act. */
    private interface Program {
        void run(SteppedPrograms at, int first, int second);
    }

    static void referenceMovesFromFieldToProgram() {
        forEveryStep(SteppedPrograms::fieldToProgram);
    }

    static void weakReferenceIsUpgraded() {
        forEveryStep(SteppedPrograms::upgrade);
    }

    static void referenceMovesBetweenFieldsUncounted() {
        for (int first = 0; first < STEPS / 4; first++) {
            for (int second = first; second < STEPS / 4; second++) {
                runBoth(SteppedPrograms::firstFieldToSecond, first, second);
                runBoth(SteppedPrograms::secondFieldToFirst, first, second);
            }
        }
    }

    static void oldObjectIsHeldByAYoungOne() {
        forEveryStep(SteppedPrograms::oldHeldByYoung);
    }

    static void oldObjectOutlivesTheYoungOneThatHoldsIt() {
        forEveryStep(SteppedPrograms::oldOutlivesYoung);
    }

    static void weakFieldRefersToItsOwnObject() {
        forEveryStep(SteppedPrograms::weakFieldToItself);
    }

    static void garbageIsDroppedMeanwhile() {
        forEveryStep(SteppedPrograms::drop);
    }

    static void garbageGrowsBeforeItIsReached() {
        forEveryStep(SteppedPrograms::growBeforeReached);
    }

    static void objectIsDroppedWhileItsHolderIsFreed() {
        for (int steps = 0; steps < STEPS; steps++) {
            runBoth(AT_ONCE, SteppedPrograms::dropWhileHolderIsFreed, steps, 0);
        }
    }

    static void deadMemberWaitsForItsTurn() {
        for (int steps = 0; steps < STEPS; steps++) {
            runBoth(CONFIG.withReleaseBudget(1), SteppedPrograms::deadMemberWaits, steps, 0);
        }
    }

    private static void forEveryStep(Program program) {
        for (int steps = 0; steps < STEPS; steps++) {
            runBoth(program, steps, 0);
        }
    }

    private static void runBoth(Program program, int first, int second) {
        runBoth(CONFIG, program, first, second);
    }

    private static void runBoth(HeapConfig config, Program program, int first, int second) {
        for (boolean old : new boolean[] {false, true}) {
            try (ConfinedHeap heap = ConfinedHeap.open(config)) {
                program.run(new SteppedPrograms(heap, old), first, second);
                heap.verify();
                heap.collectCycles();
                heap.verify();
                require(heap.liveObjects() == 0, "objects left");
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError(
                        String.format(
                                Locale.ROOT, "after %d and %d steps, old=%b", first, second, old),
                        failure);
            }
        }
    }

    // ---- programs

    /** root -&gt; p -&gt; w: w moves out of p into the program while the trace decides. */
    private void fieldToProgram(int steps, int unused) {
        long root = heap.allocate(NODE);
        long p = child(root, A);
        long w = child(p, A);
        heap.setReference(w, B, p); // a cycle, so that there is something to decide
        ready(w, p, root);
        step(steps);
        heap.retain(w);
        heap.setReference(p, A, 0);
        heap.verify();
        heap.collectCycles();
        heap.verify();
        require(heap.strongCount(w) == 1, "what the program holds is gone");
        heap.release(w);
        heap.release(root);
    }

    /** A dead ring, brought back by a weak reference, or not any more. */
    private void upgrade(int steps, int unused) {
        long first = doubleRing(4);
        long second = heap.getReference(first, A);
        heap.weakRetain(second);
        ready(first, second);
        heap.release(first);
        step(steps);
        long strong = heap.upgrade(second);
        heap.verify();
        if (strong != 0) {
            heap.collectCycles();
            heap.verify();
            require(heap.liveObjects() == 4, "the ring that was brought back is gone");
            heap.release(second);
        }
        heap.collectCycles();
        require(heap.upgrade(second) == 0, "a dead object was upgraded");
        heap.weakRelease(second);
    }

    private void firstFieldToSecond(int first, int second) {
        fieldToField(A, B, first, second);
    }

    private void secondFieldToFirst(int first, int second) {
        fieldToField(B, A, first, second);
    }

    /**
     * x holds two objects, and moves from a field of one to one of the other, uncounted; in
     * whatever order a trace looks at these.
     */
    private void fieldToField(long fromField, long toField, int first, int second) {
        long x = heap.allocate(NODE);
        long from = child(x, fromField);
        long to = child(x, toField);
        heap.setReference(from, A, x);
        ready(x);
        step(first);
        require(heap.exchangeReference(from, A, 0) == x, "the field held something else");
        step(second - first);
        heap.moveReference(to, A, x);
        heap.verify();
        step(STEPS);
        heap.verify();
        require(heap.liveObjects() == 3, "what the program holds is gone");
        require(heap.strongCount(x) == 2, "the program's reference is gone");
        heap.release(x);
    }

    /** A young object is all that holds an old one, which refers to itself and to the young. */
    private void oldHeldByYoung(int steps, int unused) {
        long old1 = heap.allocate(NODE);
        heap.setReference(old1, B, old1);
        touch(old1);
        heap.collectCycles(); // found live: old
        long young = heap.allocate(NODE);
        heap.setReference(old1, A, young);
        heap.moveReference(young, A, old1);
        heap.release(young);
        step(steps);
    }

    /** Young garbage is all that holds an old object, which refers to itself only. */
    private void oldOutlivesYoung(int steps, int unused) {
        long old1 = heap.allocate(NODE);
        heap.setReference(old1, B, old1);
        touch(old1);
        heap.collectCycles(); // found live: old
        long young = pair();
        heap.moveReference(young, B, old1);
        heap.release(young);
        step(steps);
    }

    /** Garbage with a weak field that refers to its own object. */
    private void weakFieldToItself(int steps, int unused) {
        long first = heap.allocate(WATCHER);
        long second = heap.allocate(WATCHER);
        heap.setWeakReference(first, WATCHED, first);
        heap.setReference(first, 0, second);
        heap.setReference(second, 0, first);
        heap.release(second);
        ready(first);
        heap.release(first);
        step(steps);
        heap.verify();
    }

    /** A tail of live objects dies by counting inside the trace. */
    private void drop(int steps, int unused) {
        long root = ring(3);
        long tail = child(root, B);
        long end = child(tail, A);
        heap.setReference(end, B, end);
        heap.setReference(end, B, 0);
        ready(root, tail, end);
        step(steps);
        heap.setReference(root, B, 0);
        heap.verify();
        step(STEPS);
        heap.verify();
        require(heap.liveObjects() == 3, "the ring is gone, or the tail is not");
        heap.release(root);
    }

    /**
     * Garbage r holds g, which holds x, already looked at, into which the program moves a ring
     * before it drops g: nothing but g leads to the ring.
     */
    private void growBeforeReached(int steps, int unused) {
        long x = pair();
        long g = heap.allocate(NODE);
        heap.setReference(g, A, x);
        long r = pair();
        heap.setReference(r, B, g);
        ready(x, r);
        heap.release(x);
        heap.release(r);
        step(steps);
        long ring = ring(2);
        heap.moveReference(x, B, ring);
        heap.release(g);
        step(STEPS);
    }

    /**
     * The program drops x, which refers to itself, while the garbage that holds it too is freed.
     */
    private void dropWhileHolderIsFreed(int steps, int unused) {
        long x = heap.allocate(NODE);
        heap.setReference(x, A, x);
        long first = doubleRing(6);
        heap.setReference(first, B, x);
        ready(first);
        heap.release(first);
        step(steps);
        heap.release(x);
        step(STEPS);
    }

    /**
     * A member that holds a ring dies, but waits behind a chain because of the release budget: what
     * it refers to is not freed before it has let go of it.
     */
    private void deadMemberWaits(int steps, int unused) {
        long holder = heap.allocate(NODE);
        long member = child(holder, A);
        long first = child(member, A);
        long second = child(first, A);
        heap.setReference(second, A, first);
        long chain = heap.allocate(NODE);
        long last = chain;
        for (int i = 0; i < 2 * STEPS; i++) {
            last = child(last, A);
        }
        ready(holder, member, first, second);
        step(steps);
        heap.release(holder); // frees it; the member waits
        heap.release(chain); // the last come first: before the member
        step(STEPS);
        long reused = heap.allocate(NODE);
        heap.drain();
        heap.verify();
        require(heap.strongCount(reused) == 1, "released by an object that is not its holder");
        heap.release(reused);
    }

    private long child(long holder, long field) {
        long node = heap.allocate(NODE);
        heap.moveReference(holder, field, node);
        return node;
    }

    private long ring(int length) {
        long first = heap.allocate(NODE);
        long last = first;
        for (int i = 1; i < length; i++) {
            last = child(last, A);
        }
        heap.setReference(last, A, first);
        return first;
    }

    /** A ring with references back as well, so that no object is dominated by another. */
    private long doubleRing(int length) {
        long first = ring(length);
        for (long node = first, next = heap.getReference(first, A); ; ) {
            heap.setReference(next, B, node);
            if (next == first) {
                return first;
            }
            node = next;
            next = heap.getReference(next, A);
        }
    }

    /** Two objects that refer to each other, neither dominated; field b of the first is free. */
    private long pair() {
        long first = heap.allocate(NODE);
        long second = child(first, A);
        heap.setReference(second, A, first);
        heap.setReference(second, B, second);
        return first;
    }

    /** Makes all of them candidates, of the kind that is asked for. */
    private void ready(long... objects) {
        if (old) {
            touch(objects);
            heap.collectCycles(); // found live: old from here on
        }
        touch(objects);
    }

    private void touch(long... objects) {
        for (long object : objects) {
            heap.retain(object);
            heap.release(object);
        }
    }

    private void step(int count) {
        for (int i = 0; i < count; i++) {
            heap.collectCycles(STEP);
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    /** Runs all of them. */
    public static void main(String[] arguments) {
        try {
            referenceMovesFromFieldToProgram();
            weakReferenceIsUpgraded();
            referenceMovesBetweenFieldsUncounted();
            oldObjectIsHeldByAYoungOne();
            oldObjectOutlivesTheYoungOneThatHoldsIt();
            weakFieldRefersToItsOwnObject();
            garbageIsDroppedMeanwhile();
            deadMemberWaitsForItsTurn();
            garbageGrowsBeforeItIsReached();
            objectIsDroppedWhileItsHolderIsFreed();
        } catch (Throwable failure) {
            failure.printStackTrace(System.out);
            System.exit(1);
        }
        System.exit(0);
    }
}
