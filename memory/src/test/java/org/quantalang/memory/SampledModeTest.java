package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.List;

/**
 * What the sampled level says of the objects of its sample. This module's build runs it with a
 * sample of everything, {@code -Dquanta.heap.sample=1}.
 */
class SampledModeTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);

    /** More than the quarantine of a sample holds. */
    private static final int MANY = 300;

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private ConfinedHeap heap() {
        return test.heap();
    }

    @BeforeEach
    void everythingIsSampled() {
        assumeTrue(CheckedLevel.SAMPLING, "the level of checks is not sampled in this run");
        assumeTrue(Long.getLong("quanta.heap.sample", 0) == 1, "not everything is in the sample");
    }

    private static String refused(String start, Executable misuse) {
        String text =
                String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
        assertTrue(text.startsWith(start), text);
        return text;
    }

    private static void assertPlaced(String text, String what, String method) {
        int at = text.indexOf("  " + what + " by thread ");
        assertTrue(at >= 0, text);
        assertTrue(text.indexOf("SampledModeTest." + method + "(", at) > at, text);
    }

    @Test
    void aDoubleReleaseIsReportedWithTheFirst() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        String text =
                refused(
                        "release of what is no such object (freed): address=0x%x heap=heap type=Leaf"
                                .formatted(leaf),
                        () -> heap().release(leaf));
        assertPlaced(text, "allocated", "aDoubleReleaseIsReportedWithTheFirst");
        assertPlaced(text, "last released", "aDoubleReleaseIsReportedWithTheFirst");
    }

    @Test
    void aUseAfterItsHolderDiedIsReportedWithThatDeath() {
        long node = heap().allocate(NODE);
        long child = heap().allocate(NODE);
        heap().initReference(node, 0, child);
        heap().release(node);
        String text =
                refused("retain of what is no such object (freed)", () -> heap().retain(child));
        assertPlaced(text, "allocated", "aUseAfterItsHolderDiedIsReportedWithThatDeath");
        assertPlaced(text, "freed", "aUseAfterItsHolderDiedIsReportedWithThatDeath");
    }

    @Test
    void aUseAfterACollectionIsReportedWithIt() {
        long node = heap().allocate(NODE);
        heap().setReference(node, 0, node);
        heap().release(node);
        heap().collectCycles();
        String text =
                refused(
                        "retain of what is no such object (freed): address=0x%x".formatted(node),
                        () -> heap().retain(node));
        assertPlaced(text, "freed", "aUseAfterACollectionIsReportedWithIt");
    }

    @Test
    void everyCountOfAFreedObjectIsRefused() {
        long leaf = heap().allocate(LEAF);
        long node = heap().allocate(NODE);
        heap().release(leaf);
        refused("retain of what is no such object (freed)", () -> heap().retain(leaf));
        refused("weak retain of what is no such object (freed)", () -> heap().weakRetain(leaf));
        refused(
                "setReference of what is no such object (freed)",
                () -> heap().setReference(node, 0, leaf));
        assertEquals(0, heap().getReference(node, 0), "a refused store changes nothing");
        heap().release(node);
    }

    @Test
    void addressesAndBoundsAreNotLookedAt() {
        long array = heap().allocateArray(TypeInfo.byteArray(), 5);
        heap().putByte(array, 13, (byte) 1); // in its block, behind its end
        heap().release(array);
        heap().getByte(array, 8); // freed
    }

    @Test
    void theSamplesOwnReferenceIsNotSeen() {
        long leaf = heap().allocate(LEAF);
        assertEquals(0, heap().weakCount(leaf));
        assertEquals(0, heap().header(leaf).weak());
        refused(
                "weak release of what is no such object (no weak reference is left)",
                () -> heap().weakRelease(leaf));
        heap().weakRetain(leaf);
        assertEquals(1, heap().weakCount(leaf));
        heap().release(leaf);
        assertEquals(1, heap().weakCount(leaf));
        assertEquals(0, heap().upgrade(leaf));
        assertEquals(1, heap().liveObjects(), "its header is held");
        heap().weakRelease(leaf);
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void aWriteToTheHeaderOfAFreedObjectIsFoundByVerify() {
        long leaf = heap().allocate(LEAF);
        long word = Memory.getLong(leaf - HeaderWord.BYTES);
        heap().release(leaf);
        Memory.putLong(leaf - HeaderWord.BYTES, word);
        String text =
                refused(
                        "write to a freed object (offset=-16 bytes=1): address=0x%x"
                                .formatted(leaf),
                        heap()::verify);
        assertPlaced(text, "allocated", "aWriteToTheHeaderOfAFreedObjectIsFoundByVerify");
        heap().verify(); // told once
    }

    @Test
    void aLeakIsReportedWithItsPlace() {
        long leaf = heap().allocate(LEAF);
        String text = heap().leaks().text();
        assertTrue(text.contains(", allocated at "), text);
        assertTrue(text.contains("SampledModeTest.aLeakIsReportedWithItsPlace("), text);
        heap().release(leaf);
    }

    @Test
    void aFreedBlockIsUsedAgainOnceEnoughOthersWereFreed() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        List<Long> seen = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            long next = heap().allocate(LEAF);
            seen.add(next);
            heap().release(next);
        }
        assertTrue(seen.contains(leaf), "no more than 256 blocks wait");
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void trimLetsAllFreedBlocksGo() {
        heap().release(heap().allocate(LEAF));
        heap().release(heap().allocate(NODE));
        heap().trim();
        assertEquals(0, heap().heldBytes());
    }

    @Nested
    class GivenASharedHeap {
        @Test
        void aDoubleReleaseIsReportedWithTheFirst() {
            try (SharedHeap shared = SharedHeap.open()) {
                long leaf = shared.allocate(LEAF);
                shared.release(leaf);
                String text =
                        refused(
                                "release of what is no such object (freed)",
                                () -> shared.release(leaf));
                assertTrue(text.contains("  allocated by thread "), text);
                assertTrue(text.contains("  last released by thread "), text);
                shared.verify();
                assertEquals(0, shared.liveObjects());
                shared.trim();
                assertFalse(
                        assertThrows(IllegalStateException.class, () -> shared.release(leaf))
                                .toString()
                                .contains("allocated by"),
                        "nothing is known of a block that may be used again");
            }
        }
    }
}
