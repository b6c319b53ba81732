package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;

/**
 * A graph of all kinds of types, too large for the traces that look near, beside its model on the
 * Java heap. Layers refer to themselves and those below: what is above the highest one held is
 * garbage that points into live objects.
 */
class LargeGraphTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("a").reference("b").build();
    private static final TypeInfo GAPPED =
            TypeInfo.builder("Gapped").reference("a").int64("gap").reference("b").build();
    private static final TypeInfo WIDE = wide();
    private static final TypeInfo TRACED =
            TypeInfo.builder("Traced")
                    .opaque(8, 8)
                    .tracer((object, visitor) -> visitor.slot(object))
                    .build();
    private static final TypeInfo ARRAY = TypeInfo.referenceArray("Array");
    private static final TypeInfo[] TYPES = {NODE, NODE, NODE, GAPPED, WIDE, TRACED, ARRAY};

    private static final int WIDE_FIELDS = 12;
    private static final int OBJECTS = 21_000;
    private static final int LAYERS = 10;
    private static final int NOTHING = -1;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final long[] address = new long[OBJECTS];
    private final int[][] references = new int[OBJECTS][];
    private final BitSet held = new BitSet();

    private static TypeInfo wide() {
        TypeInfo.Builder builder = TypeInfo.builder("Wide");
        for (int i = 0; i < WIDE_FIELDS; i++) {
            builder.reference("field" + i);
        }
        return builder.build();
    }

    private static ConfinedHeap open(CycleOptions.Algorithm algorithm) {
        CycleOptions options = CycleOptions.DEFAULT.withAlgorithm(algorithm);
        HeapConfig config =
                HeapConfig.DEFAULT.withAutomaticCollection(false).withCycleOptions(options);
        ConfinedHeap heap = ConfinedHeap.open(config);
        heap.register(TYPES);
        return heap;
    }

    @ParameterizedTest
    @EnumSource
    void garbageGoesAtOnce(CycleOptions.Algorithm algorithm) {
        try (ConfinedHeap heap = open(algorithm)) {
            build(heap);
            endsWithWhatIsReachable(heap);
        }
    }

    @Test
    void garbageGoesInSlicesWhileTheProgramRuns() {
        try (ConfinedHeap heap = open(CycleOptions.Algorithm.LOCAL)) {
            build(heap);
            int moves = 0;
            while (!heap.collectCycles(100 + random.nextInt(2_000)).complete() && moves < 200) {
                move(heap);
                moves++;
            }
            endsWithWhatIsReachable(heap);
            for (int root = held.nextSetBit(0); root >= 0; root = held.nextSetBit(root + 1)) {
                heap.release(address[root]);
            }
            held.clear();
            endsWithWhatIsReachable(heap);
        }
    }

    private void build(ConfinedHeap heap) {
        for (int id = 0; id < OBJECTS; id++) {
            TypeInfo type = TYPES[random.nextInt(TYPES.length)];
            int length = type == ARRAY ? random.nextInt(random.nextInt(100) == 0 ? 2_000 : 40) : 0;
            address[id] = type == ARRAY ? heap.allocateArray(type, length) : heap.allocate(type);
            references[id] = new int[slots(type, length)];
            Arrays.fill(references[id], NOTHING);
        }
        for (int id = 0; id < OBJECTS; id++) {
            for (int slot = 0; slot < references[id].length; slot++) {
                if (random.nextInt(8) != 0) {
                    set(heap, id, slot, target(id));
                }
            }
        }
        for (int i = 0; i < LAYERS; i++) {
            held.set(random.nextInt(OBJECTS / 2));
        }
        for (int id = 0; id < OBJECTS; id++) {
            if (!held.get(id)) {
                heap.release(address[id]);
            }
        }
    }

    /** Of the same layer or, now and then, of one below. */
    private int target(int id) {
        int width = OBJECTS / LAYERS;
        int layer = Math.min(id / width, LAYERS - 1);
        int chosen = random.nextInt(10) == 0 ? random.nextInt(layer + 1) : layer;
        return chosen * width + random.nextInt(width);
    }

    private static int slots(TypeInfo type, int length) {
        return type == ARRAY ? length : type == WIDE ? WIDE_FIELDS : type == TRACED ? 1 : 2;
    }

    private void set(ConfinedHeap heap, int id, int slot, int target) {
        long offset;
        TypeInfo type = heap.typeOf(address[id]);
        if (type == ARRAY) {
            offset = ConfinedHeap.elementOffset(slot);
        } else {
            offset = type == GAPPED && slot == 1 ? GAPPED.offset("b") : (long) slot * Long.BYTES;
        }
        heap.setReference(address[id], offset, target == NOTHING ? 0 : address[target]);
        references[id][slot] = target;
    }

    /** One reachable object refers to another, or to nothing, instead of what it referred to. */
    private void move(ConfinedHeap heap) {
        int[] reachable = reachable().stream().toArray();
        int id = reachable[random.nextInt(reachable.length)];
        if (references[id].length > 0) {
            int target = reachable[random.nextInt(reachable.length)];
            int slot = random.nextInt(references[id].length);
            set(heap, id, slot, random.nextInt(4) == 0 ? NOTHING : target);
        }
    }

    private BitSet reachable() {
        BitSet seen = (BitSet) held.clone();
        ArrayDeque<Integer> pending = new ArrayDeque<>();
        held.stream().forEach(pending::add);
        while (!pending.isEmpty()) {
            for (int target : references[pending.remove()]) {
                if (target != NOTHING && !seen.get(target)) {
                    seen.set(target);
                    pending.add(target);
                }
            }
        }
        return seen;
    }

    private void endsWithWhatIsReachable(ConfinedHeap heap) {
        assertTrue(heap.collectCycles().complete(), () -> "seed=" + seed);
        heap.verify();
        assertEquals(reachable().cardinality(), heap.liveObjects(), () -> "seed=" + seed);
    }
}
