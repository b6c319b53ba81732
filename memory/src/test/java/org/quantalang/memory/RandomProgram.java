package org.quantalang.memory;

import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * A random program on a heap, next to the same objects as a plain graph on the Java heap, which is
 * traced naively: nothing that the trace reaches may be touched by a collection, and after a
 * complete one nothing else may be left.
 *
 * <p>It stores, moves, drops and shares references; builds rings, doubly linked lists and trees,
 * alone or tied to what is there; holds and upgrades weak references; its destructors drop other
 * references, allocate, and bring their object back.
 */
final class RandomProgram implements AutoCloseable {
    private static final int ROOTS = 48;
    private static final int WEAK_HANDLES = 24;
    private static final int SLOTS = 4;
    private static final int NONE = -1;

    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 40, 8);
    private static final TypeInfo NODE = node("Node").build();
    private static final TypeInfo SPLIT =
            TypeInfo.builder("Split")
                    .reference("a")
                    .reference("b")
                    .int64("gap")
                    .reference("c")
                    .int64("number")
                    .reference("d")
                    .weakReference("weak")
                    .build();
    private static final TypeInfo TRACED =
            TypeInfo.builder("Traced")
                    .opaque(40, 8)
                    .tracer(
                            (object, visitor) -> {
                                for (int i = SLOTS - 1; i >= 0; i--) {
                                    visitor.slot(object + 8L * i);
                                }
                            })
                    .build();
    private static final long[] SPLIT_OFFSETS = {
        SPLIT.offset("a"), SPLIT.offset("b"), SPLIT.offset("c"), SPLIT.offset("d")
    };
    private static final long WEAK_FIELD = SPLIT.offset("weak");

    private static TypeInfo.Builder node(String name) {
        return TypeInfo.builder(name)
                .reference("a")
                .reference("b")
                .reference("c")
                .reference("d")
                .int64("number");
    }

    /** What an object is made of. */
    private enum Kind {
        /** One run of four references. */
        NODE,
        /** Two runs of references, and a weak field. */
        SPLIT,
        /** A tracer tells its references. */
        TRACED,
        /** As a node, with a destructor. */
        DESTRUCTIBLE,
        /** An array of references. */
        ARRAY,
        /** No references. */
        LEAF;

        long offset(int slot) {
            return switch (this) {
                case SPLIT -> SPLIT_OFFSETS[slot];
                case ARRAY -> ConfinedHeap.elementOffset(slot);
                default -> 8L * slot;
            };
        }

        long numberOffset() {
            return this == SPLIT ? RandomProgram.SPLIT.offset("number") : 32;
        }
    }

    private static final class Shadow {
        final int number;
        final Kind kind;
        final int[] slots = new int[SLOTS];
        long address;
        int weakField = NONE;
        int destroyed;

        Shadow(int number, Kind kind) {
            this.number = number;
            this.kind = kind;
            Arrays.fill(slots, NONE);
        }
    }

    private final SplittableRandom random;
    private final ConfinedHeap heap;
    private final TypeInfo array = TypeInfo.referenceArray("Array");
    private final TypeInfo destructible;
    private final List<Shadow> objects = new ArrayList<>();
    private final int[] roots = new int[ROOTS];
    private final int[] weak = new int[WEAK_HANDLES];
    private final List<Throwable> failures = new ArrayList<>();
    private final boolean destructors;

    /**
     * Whether it forgets references now and then, and closes cycles by moves, so that only tracing
     * finds all garbage.
     */
    private final boolean leaking;

    private final int largest;
    private long destructions;
    private boolean ending;
    private boolean inDestructor;
    private long moment;
    private long actedAt = NONE;

    RandomProgram(long seed, HeapConfig config) {
        random = new SplittableRandom(seed);
        destructible = node("Destructible").destructor((_, object) -> destroy(object)).build();
        heap =
                ConfinedHeap.open(
                        config.withFailureHandler((_, _, failure) -> failures.add(failure)));
        heap.register(LEAF, NODE, SPLIT, TRACED, destructible, array);
        Arrays.fill(roots, NONE);
        Arrays.fill(weak, NONE);
        destructors = random.nextInt(3) != 0;
        largest = random.nextInt(4) == 0 ? 400 : 14;
        leaking = random.nextInt(4) == 0;
    }

    /** Runs so many operations, checks now and then, then drops everything and checks the end. */
    void run(int operations) {
        for (int i = 0; i < operations; i++) {
            operation();
            if (i % 997 == 996 || (i < 2000 && i % 101 == 100)) {
                check(false);
                if (random.nextInt(3) == 0) {
                    collect();
                    check(true);
                }
            }
        }
        check(false);
        collect();
        check(true);
        ending = true;
        for (int i = 0; i < ROOTS; i++) {
            setRoot(i, NONE);
        }
        for (int i = 0; i < WEAK_HANDLES; i++) {
            setWeak(i, NONE);
        }
        collect();
        check(true);
        require(heap.liveObjects() == 0, "objects left: " + heap.histogram());
        for (Shadow object : objects) {
            require(
                    object.destroyed == (object.kind == Kind.DESTRUCTIBLE ? 1 : 0),
                    "object %d destroyed %d times".formatted(object.number, object.destroyed));
        }
    }

    @Override
    public void close() {
        heap.close();
    }

    private long[] rootAddresses() {
        return Arrays.stream(roots).mapToLong(this::address).toArray();
    }

    /** Completely, by the counts or from the roots. */
    private void collect() {
        if (!leaking && random.nextBoolean()) {
            heap.collectCycles();
            return;
        }
        long before;
        do {
            before = destructions;
            CollectionResult result = heap.collectByTracing(rootAddresses());
            require(result.complete() || destructions != before, "not complete: " + result);
        } while (destructions != before);
    }

    // ---- operations

    private void operation() {
        int what = random.nextInt(100);
        if (what < 16) {
            ownRoot(random.nextInt(ROOTS), create(randomKind()));
        } else if (what < 42) {
            store(pick(), random.nextInt(SLOTS), pick());
        } else if (what < 47) {
            store(pick(), random.nextInt(SLOTS), NONE);
        } else if (what < 58) {
            setRoot(random.nextInt(ROOTS), pick());
        } else if (what < 66) {
            setRoot(random.nextInt(ROOTS), NONE);
        } else if (what < 84) {
            structure();
        } else if (what < 87) {
            take(pick(), random.nextInt(SLOTS));
        } else if (what < 88) {
            shift(pick(), random.nextInt(SLOTS), pick(), random.nextInt(SLOTS));
        } else if (what < 91) {
            storeMoved(pick(), random.nextInt(SLOTS), random.nextInt(ROOTS));
        } else if (what < 94) {
            setWeak(random.nextInt(WEAK_HANDLES), pick());
        } else if (what < 97) {
            upgrade(weak[random.nextInt(WEAK_HANDLES)]);
        } else if (what < 98) {
            setWeakField(pick(), pick());
        } else if (leaking && random.nextInt(4) == 0) {
            int forgotten = pick();
            if (forgotten != NONE) {
                heap.retain(address(forgotten));
            }
        } else if (random.nextInt(8) == 0) {
            heap.collectCycles(1 + random.nextInt(300));
        } else if (random.nextInt(40) == 0) {
            for (int i = 0; i < ROOTS; i++) {
                if (random.nextBoolean()) {
                    setRoot(i, NONE);
                }
            }
        }
    }

    private Kind randomKind() {
        int which = random.nextInt(16);
        if (which < 2) {
            return Kind.LEAF;
        }
        if (which == 2) {
            return Kind.SPLIT;
        }
        if (which == 3) {
            return Kind.TRACED;
        }
        if (which == 4) {
            return Kind.ARRAY;
        }
        return which == 5 && destructors ? Kind.DESTRUCTIBLE : Kind.NODE;
    }

    /** Allocates; the caller owns the reference. */
    private int create(Kind kind) {
        step();
        Shadow shadow = new Shadow(objects.size(), kind);
        objects.add(shadow);
        shadow.address =
                switch (kind) {
                    case NODE -> heap.allocate(NODE);
                    case SPLIT -> heap.allocate(SPLIT);
                    case TRACED -> heap.allocate(TRACED);
                    case DESTRUCTIBLE -> heap.allocate(destructible);
                    case ARRAY -> heap.allocateArray(array, SLOTS);
                    case LEAF -> heap.allocate(LEAF);
                };
        if (kind != Kind.ARRAY) {
            heap.putLong(shadow.address, kind.numberOffset(), stamp(shadow));
        }
        return shadow.number;
    }

    private static long stamp(Shadow shadow) {
        return shadow.number * 7919L + 13;
    }

    /** The program, not a destructor, has changed what is reachable. */
    private void step() {
        if (!inDestructor) {
            moment++;
        }
    }

    private long address(int number) {
        return number == NONE ? 0 : objects.get(number).address;
    }

    private int pick() {
        int number = roots[random.nextInt(ROOTS)];
        for (int steps = random.nextInt(12); steps > 0 && number != NONE; steps--) {
            int next = objects.get(number).slots[random.nextInt(SLOTS)];
            if (next == NONE) {
                break;
            }
            number = next;
        }
        return number;
    }

    private boolean hasSlots(int number) {
        return number != NONE && objects.get(number).kind != Kind.LEAF;
    }

    private void store(int holder, int slot, int target) {
        if (hasSlots(holder)) {
            Shadow shadow = objects.get(holder);
            shadow.slots[slot] = target;
            step();
            heap.setReference(shadow.address, shadow.kind.offset(slot), address(target));
        }
    }

    /** Takes a new reference. */
    private void setRoot(int root, int number) {
        if (number != NONE) {
            heap.retain(address(number));
        }
        ownRoot(root, number);
    }

    /** Takes over a reference. */
    private void ownRoot(int root, int number) {
        int old = roots[root];
        roots[root] = number;
        step();
        if (old != NONE) {
            heap.release(address(old));
        }
    }

    /** Moves a reference out of a slot into a root, without counting. */
    private void take(int holder, int slot) {
        if (hasSlots(holder) && objects.get(holder).slots[slot] != NONE) {
            Shadow shadow = objects.get(holder);
            int target = shadow.slots[slot];
            shadow.slots[slot] = NONE;
            long taken = heap.exchangeReference(shadow.address, shadow.kind.offset(slot), 0);
            require(taken == address(target), "slot holds something else");
            ownRoot(random.nextInt(ROOTS), target);
        }
    }

    /** Moves a reference from a root into a slot, without counting. */
    private void storeMoved(int holder, int slot, int root) {
        int target = roots[root];
        if (hasSlots(holder) && target != NONE) {
            roots[root] = NONE;
            if (mayMoveInto(holder)) {
                move(holder, slot, target);
            } else {
                roots[root] = target;
            }
        }
    }

    /** Moves a reference from one slot into another, without counting. */
    private void shift(int from, int fromSlot, int to, int toSlot) {
        if (!hasSlots(from) || !hasSlots(to) || objects.get(from).slots[fromSlot] == NONE) {
            return;
        }
        Shadow shadow = objects.get(from);
        int target = shadow.slots[fromSlot];
        shadow.slots[fromSlot] = NONE;
        heap.exchangeReference(shadow.address, shadow.kind.offset(fromSlot), 0);
        if (mayMoveInto(to)) {
            move(to, toSlot, target);
        } else {
            ownRoot(random.nextInt(ROOTS), target);
        }
    }

    /**
     * Whether something else holds the object than the reference that is to be moved. If not, a
     * cycle may be closed without a decrement, which the contract forbids and only tracing finds.
     */
    private boolean mayMoveInto(int holder) {
        return leaking || reachable().get(holder);
    }

    private void move(int holder, int slot, int target) {
        Shadow shadow = objects.get(holder);
        shadow.slots[slot] = target;
        step();
        heap.moveReference(shadow.address, shadow.kind.offset(slot), address(target));
    }

    private void setWeak(int handle, int number) {
        int old = weak[handle];
        if (number != NONE) {
            heap.weakRetain(address(number));
        }
        weak[handle] = number;
        if (old != NONE) {
            heap.weakRelease(address(old));
        }
    }

    private void setWeakField(int holder, int target) {
        if (holder != NONE && objects.get(holder).kind == Kind.SPLIT) {
            Shadow shadow = objects.get(holder);
            shadow.weakField = target;
            heap.setWeakReference(shadow.address, WEAK_FIELD, address(target));
        }
    }

    private void upgrade(int number) {
        if (number == NONE) {
            return;
        }
        Shadow shadow = objects.get(number);
        boolean mayFail = heap.header(shadow.address).finalized() || !reachable().get(number);
        long strong = heap.upgrade(shadow.address);
        if (strong != 0) {
            ownRoot(random.nextInt(ROOTS), number);
        } else {
            require(mayFail, "live object %d not upgraded".formatted(number));
        }
    }

    /** A ring, a doubly linked list or a tree, perhaps tied to what is there. */
    private void structure() {
        int shape = random.nextInt(3);
        int size = 1 + random.nextInt(random.nextInt(50) == 0 ? largest : 14);
        int root = random.nextInt(ROOTS);
        int other = (root + 1) % ROOTS;
        setRoot(other, pick());
        long before = destructions;
        int[] nodes = new int[size];
        for (int i = 0; i < size; i++) {
            nodes[i] = create(i == 0 || random.nextInt(8) != 0 ? Kind.NODE : randomKind());
            if (i == 0) {
                ownRoot(root, nodes[0]);
                continue;
            }
            int parent = shape == 2 ? nodes[(i - 1) / 2] : nodes[i - 1];
            if (destructions != before) {
                heap.release(address(nodes[i])); // creating it ran destructors
                return;
            }
            store(parent, shape == 2 ? i & 1 : 0, nodes[i]);
            if (shape >= 1 && destructions == before) {
                store(nodes[i], 2, parent);
            }
            heap.release(address(nodes[i]));
            if (!hasSlots(parent) || !hasSlots(nodes[i]) || destructions != before) {
                return; // its parent was a leaf, or a destructor may have taken it away
            }
        }
        if (shape == 0 && size > 1 && destructions == before) {
            store(nodes[size - 1], 0, nodes[0]);
        }
        if (roots[other] != NONE) {
            if (random.nextBoolean() && destructions == before) {
                store(nodes[0], 3, roots[other]);
            }
            if (random.nextInt(4) == 0 && destructions == before) {
                store(roots[other], random.nextInt(SLOTS), nodes[0]);
            }
        }
        if (random.nextBoolean()) {
            setRoot(root, NONE);
        }
    }

    // ---- destructors

    private void destroy(long object) {
        int number = (int) ((heap.getLong(object, Kind.DESTRUCTIBLE.numberOffset()) - 13) / 7919);
        Shadow shadow = objects.get(number);
        destructions++;
        require(shadow.address == object, "not the object");
        require(++shadow.destroyed == 1, "destroyed twice: %d".formatted(number));
        // Of garbage found together, all destructors run, also when one brings others back; and
        // one may drop what was reachable: only the first of an operation tells for certain.
        require(
                actedAt == moment || !reachable().get(number),
                "a live object is destroyed: %d".formatted(number));
        actedAt = moment;
        require(heap.upgrade(object) == 0, "a dying object was upgraded");
        checkSlots(shadow);
        boolean nested = inDestructor;
        inDestructor = true;
        act(number);
        inDestructor = nested;
    }

    private void act(int number) {
        int what = random.nextInt(6);
        if (what == 0) {
            setRoot(random.nextInt(ROOTS), NONE);
        } else if (what == 1) {
            store(number, random.nextInt(SLOTS), NONE);
        } else if (what == 2 && !ending) {
            store(pick(), random.nextInt(SLOTS), number);
        } else if (what == 3 && !ending) {
            setRoot(random.nextInt(ROOTS), number);
        } else if (what == 4 && !ending) {
            ownRoot(random.nextInt(ROOTS), create(Kind.NODE));
            heap.collectCycles(); // inside of a collection: nothing
            heap.collectByTracing(); // likewise, and when a count fell to zero
        }
    }

    // ---- the independent tracer

    private BitSet reachable() {
        return trace(new int[objects.size()]);
    }

    private BitSet trace(int[] counts) {
        BitSet reached = new BitSet(objects.size());
        int[] work = new int[16];
        int size = 0;
        for (int root : roots) {
            if (root != NONE) {
                counts[root]++;
                if (!reached.get(root)) {
                    reached.set(root);
                    if (size == work.length) {
                        work = Arrays.copyOf(work, 2 * size);
                    }
                    work[size++] = root;
                }
            }
        }
        while (size > 0) {
            for (int target : objects.get(work[--size]).slots) {
                if (target != NONE) {
                    counts[target]++;
                    if (!reached.get(target)) {
                        reached.set(target);
                        if (size + SLOTS >= work.length) {
                            work = Arrays.copyOf(work, 2 * size + SLOTS);
                        }
                        work[size++] = target;
                    }
                }
            }
        }
        return reached;
    }

    private void check(boolean complete) {
        heap.drain();
        require(failures.isEmpty(), "a destructor failed: " + failures);
        int[] counts = new int[objects.size()];
        BitSet reached = trace(counts);
        VerificationReport report = heap.verifyFrom(rootAddresses());
        require(
                report.objects() - report.unreachable() == reached.cardinality(),
                "the verifier reaches %d objects, expected %d"
                        .formatted(report.objects() - report.unreachable(), reached.cardinality()));
        long live = 0;
        BitSet heldWeakly = new BitSet();
        for (int number = reached.nextSetBit(0);
                number >= 0;
                number = reached.nextSetBit(number + 1)) {
            live++;
            Shadow shadow = objects.get(number);
            checkSlots(shadow);
            long strong = heap.strongCount(shadow.address);
            require(
                    (complete && !leaking) ? strong == counts[number] : strong >= counts[number],
                    "object %d: counted %d references, has %d"
                            .formatted(number, strong, counts[number]));
            if (shadow.weakField != NONE) {
                heldWeakly.set(shadow.weakField);
            }
        }
        for (int number : weak) {
            if (number != NONE) {
                heldWeakly.set(number);
            }
        }
        heldWeakly.andNot(reached);
        if (complete) {
            long expected = live + heldWeakly.cardinality();
            require(
                    heap.liveObjects() == expected,
                    "%d objects, expected %d, left %s:%n%s"
                            .formatted(
                                    heap.liveObjects(), expected, left(reached), heap.histogram()));
        }
    }

    private List<String> left(BitSet reached) {
        List<String> left = new ArrayList<>();
        for (Shadow shadow : objects) {
            if (!reached.get(shadow.number)
                    && shadow.kind != Kind.ARRAY
                    && !HeaderWord.free(Memory.getLong(shadow.address - HeaderWord.BYTES))
                    && heap.getLong(shadow.address, shadow.kind.numberOffset()) == stamp(shadow)) {
                left.add(
                        shadow.number
                                + " "
                                + Arrays.toString(shadow.slots)
                                + heap.header(shadow.address));
            }
        }
        return left;
    }

    private void checkSlots(Shadow shadow) {
        require(
                shadow.kind == Kind.ARRAY
                        || heap.getLong(shadow.address, shadow.kind.numberOffset())
                                == stamp(shadow),
                "object %d is overwritten".formatted(shadow.number));
        if (shadow.kind == Kind.LEAF) {
            return;
        }
        for (int i = 0; i < SLOTS; i++) {
            require(
                    heap.getReference(shadow.address, shadow.kind.offset(i))
                            == address(shadow.slots[i]),
                    "object %d, slot %d is overwritten".formatted(shadow.number, i));
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    // ---- configurations

    /** Tiny thresholds and budgets: faults show where the limits are. */
    static HeapConfig configuration(int which) {
        CycleOptions options = CycleOptions.DEFAULT;
        return switch (which) {
            case 0 ->
                    HeapConfig.DEFAULT
                            .withCycleOptions(
                                    options.withThreshold(12)
                                            .withLocalObjects(6)
                                            .withFullTraces(25, 1, 1 << 16)
                                            .withSlice(Duration.ofNanos(1))
                                            .withPacing(50, 31))
                            .withLastEpoch(40);
            case 1 ->
                    HeapConfig.DEFAULT
                            .withCycleOptions(
                                    options.withThreshold(3)
                                            .withLocalObjects(2)
                                            .withFullTraces(2, 100, 1 << 20)
                                            .withSlice(Duration.ofNanos(1))
                                            .withPacing(50, 1))
                            .withReleaseBudget(3);
            case 2 ->
                    HeapConfig.DEFAULT
                            .withCycleOptions(
                                    options.withThreshold(12)
                                            .withLocalObjects(6)
                                            .withSlice(Duration.ZERO))
                            .withCountsPerType(true);
            case 3 -> HeapConfig.DEFAULT;
            default ->
                    HeapConfig.DEFAULT.withCycleOptions(
                            options.withAlgorithm(CycleOptions.Algorithm.PLAIN).withThreshold(20));
        };
    }

    static final int CONFIGURATIONS = 5;

    /** Runs seeds from the first argument to the second, with so many operations each. */
    public static void main(String[] arguments) {
        long first = Long.parseLong(arguments[0]);
        long last = Long.parseLong(arguments[1]);
        int operations = Integer.parseInt(arguments[2]);
        int only = arguments.length > 3 ? Integer.parseInt(arguments[3]) : NONE;
        for (long seed = first; seed <= last; seed++) {
            int which = only == NONE ? (int) (seed % CONFIGURATIONS) : only;
            try (RandomProgram program = new RandomProgram(seed, configuration(which))) {
                program.run(operations);
            } catch (Throwable failure) {
                System.out.println("FAILED seed=" + seed + " configuration=" + which);
                failure.printStackTrace(System.out);
                System.exit(1);
            }
        }
        System.out.printf(Locale.ROOT, "ok: seeds %d to %d%n", first, last);
        System.exit(0);
    }
}
