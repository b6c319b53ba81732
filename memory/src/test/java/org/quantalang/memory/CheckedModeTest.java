package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.concurrent.atomic.AtomicReference;

/** Each misuse, with its report; run once for each level of checks, see this module's build. */
class CheckedModeTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private ConfinedHeap heap() {
        return test.heap();
    }

    @BeforeEach
    void checksAreOn() {
        assumeTrue(CheckedLevel.ON, "checked mode is off in this run");
    }

    /** The sampled level looks at counts, as with checks off, and not at addresses. */
    private static void assumeAddressesAreLookedAt() {
        assumeTrue(CheckedLevel.ADDRESSES, "this level does not look at addresses");
    }

    private static String refused(String start, Executable misuse) {
        IllegalStateException refusal = assertThrows(IllegalStateException.class, misuse);
        String text = String.valueOf(refusal.getMessage());
        assertTrue(text.startsWith(start), text);
        return text;
    }

    @Test
    void aWildAddress() {
        assumeAddressesAreLookedAt();
        refused(
                "release of what is no such object (outside the heap): address=0x12340 heap=heap",
                () -> heap().release(0x12340));
        refused(
                "retain of what is no such object (outside the heap): address=0x0",
                () -> heap().retain(0));
        refused(
                "getLong of what is no such object (outside the heap): address=0x-1"
                        .replace("0x-1", "0xffffffffffffffff"),
                () -> heap().getLong(-1, 0));
    }

    @Test
    void aRefusalInASharedHeapLeavesItAsItWas() {
        assumeAddressesAreLookedAt();
        try (SharedHeap heap =
                SharedHeap.open(HeapConfig.DEFAULT.withLeakPolicy(LeakPolicy.FREE_ALL))) {
            long holder = heap.allocate(NODE);
            long value = heap.allocate(NODE);
            refused("setReference", () -> heap.setReference(holder, 4096, value));
            refused("exchangeReference", () -> heap.exchangeReference(holder, 4096, value));
            assertEquals(1, heap.strongCount(value));
            heap.moveReference(holder, 0, value);
            heap.retain(value);
            heap.release(value);
            heap.release(value); // one too many: the field refers to nothing
            refused("retain", () -> heap.loadReference(holder, 0));
            assertEquals(value, heap.getLong(holder, 0), "the field is held");
        }
    }

    @Test
    void aWildAddressOfEveryOtherOperation() {
        assumeAddressesAreLookedAt();
        String outside = " of what is no such object (outside the heap): address=0x100 heap=heap";
        refused(
                "compareAndSetReference" + outside,
                () -> heap().compareAndSetReference(256, 0, 0, 0));
        refused("header" + outside, () -> heap().header(256));
        refused("weakCount" + outside, () -> heap().weakCount(256));
        refused("handle" + outside, () -> RefType.of(Object.class, NODE).adopt(heap(), 256));
    }

    @Test
    void aFieldComparedBehindTheEnd() {
        assumeAddressesAreLookedAt();
        long leaf = heap().allocate(LEAF);
        refused(
                "compareAndSetReference of what is no such object (out of bounds: offset=24"
                        + " bytes=8",
                () -> heap().compareAndSetReference(leaf, 24, 0, 0));
        heap().release(leaf);
        refused(
                "compareAndSetReference of what is no such object (freed)",
                () -> heap().compareAndSetReference(leaf, 0, 1, 0));
    }

    @Test
    void aLengthOfWhatIsNoArray() {
        assumeAddressesAreLookedAt();
        long node = heap().allocate(NODE);
        heap().putLong(node, 8, 1_500_000_000);
        refused(
                "bytesOf of what is no such object (it is no array of bytes)",
                () -> heap().bytesOf(node));
        refused("length of what is no such object (it is no array)", () -> heap().length(node));
        heap().release(node);
    }

    @Test
    void anAllocationByAnotherThreadOrAfterTheEnd() throws InterruptedException {
        var failure = new AtomicReference<Throwable>();
        Thread other =
                new Thread(
                        () -> {
                            try {
                                heap().allocate(LEAF);
                            } catch (IllegalStateException refusal) {
                                failure.set(refusal);
                            }
                        });
        heap().release(heap().allocate(LEAF)); // known, and a block at hand
        other.start();
        other.join();
        assertTrue(String.valueOf(failure.get()).contains("heap belongs to another thread"));
        ConfinedHeap closed = ConfinedHeap.open();
        closed.release(closed.allocate(LEAF));
        closed.close();
        refused("heap is closed: name=heap", () -> closed.allocate(LEAF));
        refused("heap is closed: name=heap", () -> closed.allocateUninitialized(LEAF));
    }

    @Test
    void allThatOfASharedHeap() {
        SharedHeap shared = SharedHeap.open();
        shared.release(shared.allocate(LEAF));
        if (CheckedLevel.ADDRESSES) {
            String outside =
                    " of what is no such object (outside the heap): address=0x100 heap=heap";
            refused("header" + outside, () -> shared.header(256));
            refused("strongCount" + outside, () -> shared.strongCount(256));
            refused("weakCount" + outside, () -> shared.weakCount(256));
            refused("typeOf" + outside, () -> shared.typeOf(256));
        }
        shared.close();
        refused("heap is closed: name=heap", () -> shared.allocate(LEAF));
        refused("heap is closed: name=heap", () -> shared.allocateUninitialized(LEAF));
        refused("heap is closed: name=heap", () -> shared.allocateArray(TypeInfo.byteArray(), 8));
    }

    @Test
    void aMisalignedAddress() {
        assumeAddressesAreLookedAt();
        long leaf = heap().allocate(LEAF);
        refused("retain of what is no such object (misaligned)", () -> heap().retain(leaf + 8));
        refused(
                "release of what is no such object (not the start of a block)",
                () -> heap().release(leaf + 16));
        heap().release(leaf);
    }

    @Test
    void aDoubleRelease() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        String text =
                refused(
                        "release of what is no such object (freed): address=0x%x".formatted(leaf),
                        () -> heap().release(leaf));
        if (CheckedLevel.ALL) {
            assertTrue(text.contains("type=Leaf"), text);
            assertTrue(text.contains("  allocated by thread "), text);
            assertTrue(text.contains("  last released by thread "), text);
            assertTrue(text.contains("CheckedModeTest.aDoubleRelease("), text);
        }
    }

    @Test
    void anUseAfterFree() {
        assumeAddressesAreLookedAt();
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        refused("getLong of what is no such object (freed)", () -> heap().getLong(leaf, 0));
        refused("putInt of what is no such object (freed)", () -> heap().putInt(leaf, 0, 1));
        refused("weak retain of what is no such object (freed)", () -> heap().weakRetain(leaf));
    }

    @Test
    void aDeadObjectThatIsHeldWeakly() {
        long leaf = heap().allocate(LEAF);
        heap().weakRetain(leaf);
        heap().release(leaf);
        refused(
                "retain of what is no such object (dead): address=0x%x heap=heap type=Leaf strong=0 weak=1"
                        .formatted(leaf),
                () -> heap().retain(leaf));
        assertEquals(0, heap().upgrade(leaf));
        heap().weakRelease(leaf);
    }

    @Test
    void aWeakReleaseTooMany() {
        long leaf = heap().allocate(LEAF);
        refused(
                "weak release of what is no such object (no weak reference is left)",
                () -> heap().weakRelease(leaf));
        heap().release(leaf);
    }

    @Test
    void anAccessOutOfBounds() {
        assumeAddressesAreLookedAt();
        long leaf = heap().allocate(LEAF);
        refused(
                "putLong of what is no such object (out of bounds: offset=24 bytes=8"
                        + " payloadBytes=24)",
                () -> heap().putLong(leaf, 24, 1));
        refused(
                "getByte of what is no such object (out of bounds: offset=-1 bytes=1",
                () -> heap().getByte(leaf, -1));
        heap().release(leaf);
    }

    @Test
    void aReferenceToWhatIsNoObject() {
        long node = heap().allocate(NODE);
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        refused(
                "setReference of what is no such object (freed)",
                () -> heap().setReference(node, 0, leaf));
        assertEquals(0, heap().getReference(node, 0), "a refused store changes nothing");
        heap().release(node);
    }

    @Test
    void anObjectOfAnotherHeap() {
        assumeAddressesAreLookedAt();
        try (ConfinedHeap other = ConfinedHeap.open(HeapConfig.DEFAULT.withName("other"))) {
            long leaf = other.allocate(LEAF);
            refused(
                    "release of what is no such object (outside the heap, in heap=other)",
                    () -> heap().release(leaf));
            other.release(leaf);
        }
    }

    @Test
    void aDamagedHeader() {
        assumeAddressesAreLookedAt();
        long leaf = heap().allocate(LEAF);
        long header = leaf - HeaderWord.BYTES;
        long word = Memory.getLong(header);
        Memory.putLong(header, word | HeaderWord.TYPE_MASK);
        refused(
                "release of what is no such object (header is damaged: no such type)",
                () -> heap().release(leaf));
        Memory.putLong(header, word);
        heap().release(leaf);
    }

    @Test
    void anotherThread() throws InterruptedException {
        long leaf = heap().allocate(LEAF);
        AtomicReference<String> seen = new AtomicReference<>("");
        Thread thread =
                new Thread(
                        () ->
                                seen.set(
                                        refused(
                                                "heap belongs to another thread: name=heap owner=",
                                                () -> heap().retain(leaf))),
                        "intruder");
        thread.start();
        thread.join();
        String text = String.valueOf(seen.get());
        assertTrue(text.contains("caller=intruder"), text);
        assertEquals(1, heap().strongCount(leaf));
        heap().release(leaf);
    }

    @Nested
    class GivenASharedHeap {
        private final SharedHeap shared = SharedHeap.open();

        @AfterEach
        void verifyAndClose() {
            try (shared) {
                shared.verify();
                assertEquals(0, shared.liveObjects());
            }
        }

        @Test
        void aWildOrMisalignedAddress() {
            assumeAddressesAreLookedAt();
            long leaf = shared.allocate(LEAF);
            refused(
                    "release of what is no such object (outside the heap): address=0x12340",
                    () -> shared.release(0x12340));
            refused("retain of what is no such object (outside the heap)", () -> shared.retain(0));
            refused("retain of what is no such object (misaligned)", () -> shared.retain(leaf + 8));
            refused(
                    "release of what is no such object (not the start of a block)",
                    () -> shared.release(leaf + 16));
            shared.release(leaf);
        }

        @Test
        void aDoubleRelease() {
            long leaf = shared.allocate(LEAF);
            shared.release(leaf);
            refused(
                    "release of what is no such object (freed): address=0x%x".formatted(leaf),
                    () -> shared.release(leaf));
        }

        @Test
        void aReferenceToAFreedObject() {
            long node = shared.allocate(NODE);
            long leaf = shared.allocate(LEAF);
            shared.release(leaf);
            refused(
                    "retain of what is no such object (freed)",
                    () -> shared.setReference(node, 0, leaf));
            assertEquals(0, shared.getReference(node, 0), "a refused store changes nothing");
            shared.release(node);
        }

        @Test
        void anUseAfterFreeOrOutOfBounds() {
            assumeAddressesAreLookedAt();
            long leaf = shared.allocate(LEAF);
            refused(
                    "putLong of what is no such object (out of bounds: offset=24 bytes=8"
                            + " payloadBytes=24)",
                    () -> shared.putLong(leaf, 24, 1));
            shared.release(leaf);
            refused("getLong of what is no such object (freed)", () -> shared.getLong(leaf, 0));
            refused(
                    "moveReference of what is no such object (freed)",
                    () -> shared.moveReference(leaf, 0, 0));
        }

        @Test
        void anObjectOfAnotherHeap() {
            assumeAddressesAreLookedAt();
            long leaf = heap().allocate(LEAF);
            refused(
                    "retain of what is no such object (outside the heap, in heap=heap)",
                    () -> shared.retain(leaf));
            heap().release(leaf);
        }

        @Test
        void aDeadObjectThatIsHeldWeakly() {
            assumeAddressesAreLookedAt();
            long leaf = shared.allocate(LEAF);
            shared.weakRetain(leaf);
            shared.release(leaf);
            refused("retain of what is no such object (dead)", () -> shared.retain(leaf));
            shared.weakRelease(leaf);
        }
    }
}
