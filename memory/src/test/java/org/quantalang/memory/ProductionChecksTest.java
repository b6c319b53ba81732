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

/** What is found with checked mode off: the table in docs/design/28-checked-mode.md, by line. */
class ProductionChecksTest {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 24, 8);

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest();

    private ConfinedHeap heap() {
        return test.heap();
    }

    @BeforeEach
    void checksAreOff() {
        assumeFalse(CheckedLevel.ON, "checked mode is on in this run");
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
                "object released more often than retained, or not an object: address=0x%x"
                        .formatted(leaf),
                () -> heap().release(leaf));
    }

    @Test
    void aRetainOfAFreedObject() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        refused("retain of a dead object: address=0x%x".formatted(leaf), () -> heap().retain(leaf));
    }

    @Test
    void aWeakReleaseTooMany() {
        long leaf = heap().allocate(LEAF);
        refused("weak release without a weak reference", () -> heap().weakRelease(leaf));
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

    @Test
    void notAnAccessOutOfBounds() {
        long leaf = heap().allocate(LEAF);
        long next = heap().allocate(LEAF);
        heap().putByte(leaf, 24, (byte) 1); // the rest of the block, then another object
        heap().release(leaf);
        heap().release(next);
    }
}
