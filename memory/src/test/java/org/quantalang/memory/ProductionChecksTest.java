package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/** What is found with checked mode off: the table in docs/design/28-checked-mode.md, by line. */
class ProductionChecksTest {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);

    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapUnderTest.COLLECTS_WHEN_ASKED);

    private ConfinedHeap heap() {
        return test.heap();
    }

    @BeforeEach
    void checksAreOff() {
        assumeFalse(CheckedLevel.ADDRESSES, "this level looks at addresses");
        assumeFalse(CheckedLevel.SAMPLING && samplesAll(), "freed blocks wait in this run");
    }

    private static boolean samplesAll() {
        return Long.getLong("quanta.heap.sample", Long.MAX_VALUE) == 1;
    }

    /** The sampled level finds the same, in the words of checked mode where the count tells it. */
    private static String found(String off, String sampled) {
        return CheckedLevel.SAMPLING ? sampled + " of what is no such object (" : off;
    }

    private static void refused(String start, Executable misuse) {
        String text =
                String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
        assertTrue(text.startsWith(start), text);
    }

    @Test
    void aDamagedFreeListLink() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        long link = leaf - HeaderWord.BYTES + HeaderWord.WORD_B;
        long was = Memory.getLong(link);
        Memory.putLong(link, 0x1234_5678);
        refused("free list is damaged: page=0x", () -> heap().allocate(LEAF));
        Memory.putLong(link, was);
    }

    @Test
    void aReleaseOfAFreedObject() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        refused(
                found(
                        "object released more often than retained, or not an object: address=0x%x"
                                .formatted(leaf),
                        "release"),
                () -> heap().release(leaf));
    }

    @Test
    void aRetainOfAFreedObject() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        refused(
                found("retain of a dead object: address=0x%x".formatted(leaf), "retain"),
                () -> heap().retain(leaf));
    }

    @Test
    void aWeakReleaseTooMany() {
        long leaf = heap().allocate(LEAF);
        refused(
                found("weak release without a weak reference", "weak release"),
                () -> heap().weakRelease(leaf));
        heap().release(leaf);
    }

    @Test
    void anotherThreadThatNeedsAPage() throws InterruptedException {
        Thread thread =
                new Thread(
                        () ->
                                refused(
                                        "heap belongs to another thread",
                                        () -> heap().allocateArray(TypeInfo.longArray(), 1 << 20)));
        thread.start();
        thread.join();
        assertEquals(0, heap().liveObjects());
    }

    /** Makes an address look like an object with one reference, and releases it. */
    private void releaseWhatLooksLikeALeaf(ConfinedHeap heap, long leaf, long address) {
        long header = address - HeaderWord.BYTES;
        Memory.putLong(header, Memory.getLong(leaf - HeaderWord.BYTES));
        heap.release(address);
    }

    @Test
    void aReleaseInsideALargeObject() {
        long leaf = heap().allocate(LEAF);
        long large = heap().allocateArray(TypeInfo.longArray(), 1 << 20);
        for (long offset : new long[] {64, 4096, 65_536, 1 << 20}) {
            refused(
                    "release of what is no object: address=0x%x".formatted(large + offset),
                    () -> releaseWhatLooksLikeALeaf(heap(), leaf, large + offset));
            heap().verify();
        }
        heap().release(large);
        heap().release(leaf);
    }

    @Test
    void aReleaseInAPageThatHoldsNothingAnyMore() {
        long leaf = heap().allocate(LEAF);
        long large = heap().allocateArray(TypeInfo.longArray(), 1 << 20);
        heap().release(large); // its pages stay for a while
        for (long offset : new long[] {64, 65_536}) {
            refused(
                    "release of what is no object: address=0x%x".formatted(large + offset),
                    () -> releaseWhatLooksLikeALeaf(heap(), leaf, large + offset));
            heap().verify();
        }
        heap().release(leaf);
    }

    @Test
    void aReleaseInsideAnObjectOfAFullPage() {
        TypeInfo block = TypeInfo.leaf("Block", 1008, 8);
        List<Long> blocks = new ArrayList<>();
        for (int i = 0; i < 100; i++) { // a page has room for 63
            blocks.add(heap().allocate(block));
        }
        long inside = blocks.getFirst() + 512;
        refused(
                "release of what is no object: address=0x%x".formatted(inside),
                () -> releaseWhatLooksLikeALeaf(heap(), blocks.getFirst(), inside));
        heap().verify();
        blocks.forEach(heap()::release);
    }

    @Test
    void aReleaseInsideAnObjectOfAPageWithRoom() {
        TypeInfo block = TypeInfo.leaf("Block", 1008, 8);
        long one = heap().allocate(block);
        for (int offset = 16; offset < 1008; offset += 16) {
            long inside = one + offset;
            refused(
                    "release of what is no object: address=0x%x".formatted(inside),
                    () -> releaseWhatLooksLikeALeaf(heap(), one, inside));
            heap().verify();
        }
        heap().release(one);
    }

    @Test
    void aReleaseToAnotherHeap() {
        long one = heap().allocate(LEAF);
        try (ConfinedHeap other = ConfinedHeap.open()) {
            refused(
                    "release of what is no object: address=0x%x page=none".formatted(one),
                    () -> other.release(one));
            other.verify();
        }
        heap().release(one);
    }

    @Test
    void aReferenceIntoAnObjectWhenItsHolderDies() {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Leaf").opaque(1000, 8).build();
        heap().register(LEAF, node);
        long leaf = heap().allocate(LEAF);
        long holder = heap().allocate(node);
        long inside = holder + 512;
        Memory.putLong(inside - HeaderWord.BYTES, Memory.getLong(leaf - HeaderWord.BYTES));
        heap().initReference(holder, 0, inside);
        refused(
                "release of what is no object: address=0x%x".formatted(inside),
                () -> heap().release(holder));
        heap().verify();
        assertEquals(1, heap().liveObjects());
        heap().release(leaf);
    }

    /** A node that refers to itself and to an address inside it, where a header seems to be. */
    private long garbageThatRefersInto(ConfinedHeap heap, TypeInfo node, long looksLike) {
        long garbage = heap.allocate(node);
        long inside = garbage + 512;
        Memory.putLong(inside - HeaderWord.BYTES, Memory.getLong(looksLike - HeaderWord.BYTES));
        Memory.putLong(inside - HeaderWord.WORD_B, 0);
        heap.setReference(garbage, 0, garbage);
        heap.initReference(garbage, 8, inside);
        return inside;
    }

    @Test
    void aReferenceIntoAnObjectOfACollectedCycle() {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("self", "Node")
                        .reference("next", "Node")
                        .opaque(1000, 8)
                        .build();
        long other = heap().allocate(node);
        long inside = garbageThatRefersInto(heap(), node, other);
        heap().release(inside - 512);
        refused(
                "release of what is no object: address=0x%x".formatted(inside),
                heap()::collectCycles);
        heap().verify();
        assertEquals(1, heap().liveObjects(), "the cycle is freed all the same");
        heap().release(other);
    }

    @Test
    void aReferenceIntoAnObjectThatSeemsALeafOfACollectedCycle() {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("self", "Node")
                        .reference("leaf", "Leaf")
                        .opaque(1000, 8)
                        .build();
        heap().register(LEAF, node);
        long leaf = heap().allocate(LEAF);
        long inside = garbageThatRefersInto(heap(), node, leaf);
        heap().release(inside - 512);
        refused(
                "release of what is no object: address=0x%x".formatted(inside),
                heap()::collectCycles);
        heap().verify();
        assertEquals(1, heap().liveObjects());
        heap().release(leaf);
    }

    @Test
    void aCollectedCycleThatRefersToAFreedObject() {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("self", "Node")
                        .reference("leaf", "Leaf")
                        .build();
        heap().register(LEAF, node);
        long leaf = heap().allocate(LEAF);
        long garbage = heap().allocate(node);
        heap().setReference(garbage, 0, garbage);
        heap().initReference(garbage, 8, leaf);
        heap().release(leaf); // the field's reference, which the program had given away
        heap().release(garbage);
        refused(
                "object released more often than retained, or not an object: address=0x%x"
                        .formatted(leaf),
                heap()::collectCycles);
        heap().verify();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void aCycleThatRefersToAFreedObjectAndTakesALongTrace() {
        longTraceMeetsAFreedObject(ConfinedHeap::collectCycles);
    }

    @Test
    void aCycleThatRefersToAFreedObjectAndTakesATraceInSlices() {
        longTraceMeetsAFreedObject(
                heap -> {
                    boolean complete = false;
                    while (!complete) {
                        complete = heap.collectCycles(1L).complete();
                    }
                });
    }

    /**
     * Three nodes that each hold the others, so that no local trace tells that they are garbage.
     */
    private static void longTraceMeetsAFreedObject(Consumer<ConfinedHeap> collect) {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("one", "Node")
                        .reference("two", "Node")
                        .reference("freed", "Node")
                        .build();
        HeapConfig config =
                HeapUnderTest.COLLECTS_WHEN_ASKED.withCycleOptions(
                        CycleOptions.DEFAULT.withLocalObjects(1));
        try (ConfinedHeap heap = ConfinedHeap.open(config)) {
            long kept = heap.allocate(node);
            long freed = heap.allocate(node);
            long[] ring = {heap.allocate(node), heap.allocate(node), heap.allocate(node)};
            for (int i = 0; i < 3; i++) {
                heap.setReference(ring[i], 0, ring[(i + 1) % 3]);
                heap.setReference(ring[i], 8, ring[(i + 2) % 3]);
            }
            heap.initReference(ring[0], 16, freed);
            heap.release(kept);
            heap.release(freed); // the field's reference; its block refers to the next free one
            LongStream.of(ring).forEach(heap::release);
            refused(
                    "object released more often than retained, or not an object: address=0x%x"
                            .formatted(freed),
                    () -> collect.accept(heap));
            heap.collectCycles(); // goes on with a trace in slices
            heap.verify();
            assertEquals(0, heap.liveObjects());
            long[] again = LongStream.range(0, 5).map(_ -> heap.allocate(node)).toArray();
            assertEquals(5, LongStream.of(again).distinct().count());
            heap.verify();
            LongStream.of(again).forEach(heap::release);
        }
    }

    @Test
    void aDeadObjectOfASharedHeapThatRefersToOneTooOften() {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("one", "Leaf")
                        .reference("again", "Leaf")
                        .reference("freed", "Leaf")
                        .reference("other", "Leaf")
                        .build();
        try (SharedHeap heap = SharedHeap.open()) {
            heap.register(LEAF, node);
            long leaf = heap.allocate(LEAF);
            long freed = heap.allocate(LEAF);
            long dead = heap.allocate(node);
            heap.initReference(dead, 0, leaf);
            heap.initReference(dead, 8, leaf);
            heap.initReference(dead, 16, freed);
            heap.initReference(dead, 24, heap.allocate(LEAF));
            heap.release(freed); // the field's reference, which the program had given away
            refused(
                    "object released more often than retained, or not an object: address=0x%x"
                            .formatted(freed),
                    () -> heap.release(dead));
            assertEquals(0, heap.liveObjects(), "the others are released all the same");
            heap.verify();
            long[] again = LongStream.range(0, 5).map(_ -> heap.allocate(LEAF)).toArray();
            assertEquals(5, LongStream.of(again).distinct().count());
            LongStream.of(again).forEach(heap::release);
        }
    }

    @Test
    void aDeadObjectOfASharedHeapThatRefersToAnotherHeap() {
        TypeInfo node =
                TypeInfo.builder("Node")
                        .reference("one", "Leaf")
                        .reference("two", "Leaf")
                        .reference("three", "Leaf")
                        .build();
        TypeInfo leaves = TypeInfo.referenceArray("Leaves", LEAF);
        try (SharedHeap heap = SharedHeap.open();
                SharedHeap other = SharedHeap.open()) {
            other.register(LEAF, node, leaves);
            heap.register(LEAF, node, leaves);
            long foreign = other.allocate(LEAF);
            for (int at = 0; at < 3; at++) {
                long dead = heap.allocate(node);
                long array = heap.allocateArray(leaves, 3);
                for (int i = 0; i < 3; i++) {
                    heap.initReference(dead, 8L * i, i == at ? foreign : heap.allocate(LEAF));
                    long element = TypeInfo.ARRAY_ELEMENTS + 8L * i;
                    heap.initReference(array, element, i == at ? foreign : heap.allocate(LEAF));
                }
                String expected = "release of what is no object: address=0x%x".formatted(foreign);
                refused(expected, () -> heap.release(dead));
                refused(expected, () -> heap.release(array));
                assertEquals(0, heap.liveObjects(), "the others are released all the same");
                heap.verify();
                other.verify();
            }
            other.release(foreign);
        }
    }

    @Test
    void whatLooksLikeAnObjectOfNoType() {
        long confined = heap().allocateArray(TypeInfo.longArray(), 8) + 48;
        Memory.putLong(confined - HeaderWord.BYTES, HeaderWord.ONE_STRONG);
        Memory.putLong(confined - HeaderWord.BYTES + HeaderWord.WORD_B, 0);
        refused(
                "release of what is no object: address=0x%x".formatted(confined),
                () -> heap().release(confined));
        heap().verify();
        heap().release(confined - 48);
        try (SharedHeap heap = SharedHeap.open()) {
            long array = heap.allocateArray(TypeInfo.longArray(), 8);
            long type = Memory.getLong(array - HeaderWord.BYTES) & HeaderWord.TYPE_MASK;
            long inside = array + 48;
            long word = Memory.getLong(array - HeaderWord.BYTES) - type;
            Memory.putLong(inside - HeaderWord.BYTES, word);
            Memory.putLong(inside - HeaderWord.BYTES + HeaderWord.WORD_B, 0);
            refused(
                    "release of what is no object: address=0x%x".formatted(inside),
                    () -> heap.release(inside));
            heap.verify();
            heap.release(array);
        }
    }

    @Test
    void aSharedObjectWhoseOwnerCannotBe() {
        HeapConfig small = HeapConfig.DEFAULT.withAddressSpaceBytes(16L << 20);
        try (SharedHeap heap = SharedHeap.open(small)) {
            long array = heap.allocateArray(TypeInfo.longArray(), 8);
            long inside = array + 48;
            Memory.putLong(inside - HeaderWord.BYTES, 3000L << 16 | 1);
            Memory.putLong(inside - HeaderWord.BYTES + HeaderWord.WORD_B, 0);
            refused(
                    "object has an owner that there is none of, or is no object: owner=3000",
                    () -> heap.release(inside));
            heap.verify();
            heap.release(array);
        }
    }

    @Test
    void releasesOfWhatIsNoObjectToASharedHeap() {
        TypeInfo block = TypeInfo.leaf("Block", 1008, 8);
        try (SharedHeap shared = SharedHeap.open();
                SharedHeap other = SharedHeap.open()) {
            other.release(other.allocate(block)); // it knows this thread
            long one = shared.allocate(block);
            refused(
                    "release of what is no object: address=0x%x page=none".formatted(one),
                    () -> other.release(one));
            long inside = one + 512;
            for (long word = 8; word <= HeaderWord.BYTES; word += 8) {
                Memory.putLong(inside - word, Memory.getLong(one - word));
            }
            refused(
                    "release of what is no object: address=0x%x".formatted(inside),
                    () -> shared.release(inside));
            shared.verify();
            other.verify();
            shared.release(one);
        }
    }

    @Test
    void notAnAccessOutOfBounds() {
        long leaf = heap().allocate(LEAF);
        long next = heap().allocate(LEAF);
        heap().putByte(leaf, 24, (byte) 1); // the rest of the block, then another object
        heap().release(leaf);
        heap().release(next);
    }
}
