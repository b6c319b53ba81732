package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Random misuses. In the full level each is found at once, when its object is freed, or by {@code
 * verify}, and the report names the object it was done to. In every level misuse of handles is an
 * exception and leaves the heap whole.
 */
class MisuseFuzzTest {
    interface Node {}

    interface Numbers {}

    private static final RefType<Node> NODE =
            RefType.of(
                    Node.class,
                    TypeInfo.builder("Node").reference("next", "Node").int64("value").build());
    private static final RefType<Numbers> LONGS = RefType.of(Numbers.class, TypeInfo.longArray());
    private static final RefField<Node> NEXT = NODE.refField("next", NODE);
    private static final LongField VALUE = NODE.longField("value");
    private static final LongField ELEMENTS = LONGS.longElements();

    private static final int NORMAL = 5_000;
    private static final int SOAK = 100_000;
    private static final int LIVE = 100;
    private static final int MOST_BYTES = 300;

    /** What lies behind every payload at least. */
    private static final int REDZONE_BYTES = 16;

    @Test
    void everyMisuseIsFoundAndAttributed() {
        findsAll(NORMAL);
    }

    @Tag("soak")
    @Test
    void everyOfManyMisusesIsFoundAndAttributed() {
        findsAll(SOAK);
    }

    @Test
    void misuseOfHandlesLeavesTheHeapWhole() {
        refusesAll(NORMAL);
    }

    @Tag("soak")
    @Test
    void manyMisusesOfHandlesLeaveTheHeapWhole() {
        refusesAll(SOAK);
    }

    private static long seed() {
        long seed = Long.getLong("quanta.test.seed", System.nanoTime());
        System.out.println("MisuseFuzzTest level=" + CheckedLevel.CURRENT + " seed=" + seed);
        return seed;
    }

    private static void findsAll(int misuses) {
        assumeTrue(CheckedLevel.ALL, "the level of checks is not full in this run");
        SplittableRandom random = new SplittableRandom(seed());
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            long[] live = new long[LIVE];
            int[] bytes = new int[LIVE];
            Set<Long> objects = new HashSet<>();
            for (int i = 0; i < LIVE; i++) {
                bytes[i] = random.nextInt(MOST_BYTES);
                live[i] = heap.allocateArray(TypeInfo.byteArray(), bytes[i]);
                objects.add(live[i]);
            }
            for (int done = 0; done < misuses; done++) {
                int at = random.nextInt(LIVE);
                switch (random.nextInt(5)) {
                    case 0 -> wildAddress(heap, random, live[at], objects);
                    case 1 -> staleAddress(heap, random);
                    case 2 -> {
                        writeBehind(random, live[at], bytes[at]);
                        String found = "write past the end of an object (offset=";
                        if (random.nextBoolean()) {
                            refused(found, live[at], heap::verify);
                        } else {
                            long object = live[at];
                            refused(found, object, () -> heap.release(object));
                            objects.remove(object);
                            live[at] = heap.allocateArray(TypeInfo.byteArray(), bytes[at]);
                            objects.add(live[at]);
                        }
                    }
                    case 3 -> {
                        writeType(random, live[at]);
                        refused(
                                "header of an object was overwritten (was type=byte[])",
                                live[at],
                                heap::verify);
                    }
                    default -> writeToFreed(heap, random);
                }
                if (done % 1000 == 0) {
                    heap.trim(); // empties the quarantine
                }
            }
            heap.verify();
            for (long object : live) {
                heap.release(object);
            }
            assertEquals(0, heap.liveObjects());
        }
    }

    private static void refused(String start, long object, Executable misuse) {
        String text =
                String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
        assertTrue(text.startsWith(start), text);
        assertTrue(text.contains(": address=0x%x heap=heap".formatted(object)), text);
    }

    private static void wildAddress(
            ConfinedHeap heap, SplittableRandom random, long near, Set<Long> objects) {
        long address =
                random.nextBoolean() ? random.nextLong() : near + random.nextInt(-4096, 4096);
        if (!objects.contains(address)) {
            misuse(heap, random, address);
        }
    }

    private static void staleAddress(ConfinedHeap heap, SplittableRandom random) {
        long object = heap.allocate(NODE.info());
        heap.release(object);
        misuse(heap, random, object);
    }

    private static void misuse(ConfinedHeap heap, SplittableRandom random, long address) {
        switch (random.nextInt(6)) {
            case 0 ->
                    refused(
                            "release of what is no such object (",
                            address,
                            () -> heap.release(address));
            case 1 ->
                    refused(
                            "retain of what is no such object (",
                            address,
                            () -> heap.retain(address));
            case 2 ->
                    refused(
                            "getLong of what is no such object (",
                            address,
                            () -> heap.getLong(address, 0));
            case 3 ->
                    refused(
                            "putByte of what is no such object (",
                            address,
                            () -> heap.putByte(address, 1, (byte) 1));
            case 4 ->
                    refused(
                            "weak retain of what is no such object (",
                            address,
                            () -> heap.weakRetain(address));
            default ->
                    refused(
                            "typeOf of what is no such object (",
                            address,
                            () -> heap.typeOf(address));
        }
    }

    /** One to eight random bytes, not all of which are those that lie there. */
    private static void writeBehind(SplittableRandom random, long object, int bytes) {
        int count = 1 + random.nextInt(8);
        long first =
                object
                        + TypeInfo.ARRAY_ELEMENTS
                        + bytes
                        + random.nextInt(REDZONE_BYTES - count + 1);
        overwrite(random, first, count);
    }

    private static void overwrite(SplittableRandom random, long first, int count) {
        for (int i = 0; i < count; i++) {
            byte other = (byte) (Memory.getByte(first, i) + 1 + random.nextInt(255));
            Memory.putByte(first, i, other);
        }
    }

    private static void writeType(SplittableRandom random, long object) {
        overwrite(random, object - HeaderWord.BYTES + random.nextInt(2), 1);
    }

    private static void writeToFreed(ConfinedHeap heap, SplittableRandom random) {
        int bytes = random.nextInt(MOST_BYTES);
        long object = heap.allocateArray(TypeInfo.byteArray(), bytes);
        heap.release(object);
        int count = 1 + random.nextInt(8);
        long header = object - HeaderWord.BYTES;
        overwrite(random, header + random.nextInt(bytes + 40 - count), count);
        refused("write to a freed object (offset=", object, heap::verify);
    }

    private static void refusesAll(int misuses) {
        SplittableRandom random = new SplittableRandom(seed());
        try (ConfinedHeap heap = ConfinedHeap.open();
                ConfinedHeap other = ConfinedHeap.open()) {
            Ref<Node> closed = NODE.allocate(heap);
            closed.close();
            try (Ref<Node> node = NODE.allocate(heap);
                    Ref<Node> foreign = NODE.allocate(other);
                    Ref<Node> empty = NODE.empty(heap);
                    Ref<Numbers> longs = LONGS.allocateArray(heap, 3)) {
                for (int done = 0; done < misuses; done++) {
                    int wrong = random.nextBoolean() ? random.nextInt() | 4 : -1;
                    Executable misuse =
                            switch (random.nextInt(10)) {
                                case 0 -> () -> VALUE.set(closed, 1);
                                case 1 -> closed::copy;
                                case 2 -> closed::weak;
                                case 3 -> () -> VALUE.get(empty);
                                case 4 -> () -> NEXT.set(node, foreign);
                                case 5 -> () -> node.set(foreign);
                                case 6 -> () -> NEXT.get(node, foreign);
                                case 7 -> () -> ELEMENTS.set(longs, wrong, 1);
                                case 8 -> () -> VALUE.get(longs);
                                default -> () -> NODE.refField("next", LONGS);
                            };
                    assertThrows(RuntimeException.class, misuse);
                    closed.close();
                }
                heap.verify();
            }
        }
    }
}
