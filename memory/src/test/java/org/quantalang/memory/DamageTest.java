package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/** What only the full level finds: writes and reads where there is no object. */
class DamageTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 20, 4);

    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapUnderTest.COLLECTS_WHEN_ASKED);

    private ConfinedHeap heap() {
        return test.heap();
    }

    @BeforeEach
    void allIsChecked() {
        assumeTrue(CheckedLevel.ALL, "the level of checks is not full in this run");
    }

    private static String refused(String start, Executable misuse) {
        IllegalStateException refusal = assertThrows(IllegalStateException.class, misuse);
        String text = String.valueOf(refusal.getMessage());
        assertTrue(text.startsWith(start), text);
        return text;
    }

    @Test
    void aWritePastTheEndIsFoundByVerify() {
        long leaf = heap().allocate(LEAF);
        Memory.putByte(leaf, 20, (byte) 7);
        String text =
                refused(
                        "write past the end of an object (offset=20 bytes=1 first=0x07):"
                                + " address=0x%x heap=heap type=Leaf strong=1 weak=0"
                                        .formatted(leaf),
                        heap()::verify);
        assertTrue(text.contains("payloadBytes=20 page=0x"), text);
        assertTrue(text.contains("DamageTest.aWritePastTheEndIsFoundByVerify("), text);
        heap().verify(); // told once
        heap().release(leaf);
    }

    @Test
    void aWritePastTheEndIsFoundWhenTheObjectIsFreed() {
        long array = heap().allocateArray(TypeInfo.byteArray(), 13);
        Memory.putLong(array, TypeInfo.ARRAY_ELEMENTS + 13, 1);
        refused(
                "write past the end of an object (offset=21 bytes=8 first=0x01): address=0x%x"
                        .formatted(array),
                () -> heap().release(array));
        assertEquals(0, heap().liveObjects(), "it is freed all the same");
    }

    @Test
    void aWritePastTheEndIsFoundWhenItsHolderDies() {
        long node = heap().allocate(NODE);
        long child = heap().allocate(NODE);
        heap().initReference(node, 0, child);
        Memory.putLong(child, 16, 0);
        refused(
                "write past the end of an object (offset=16 bytes=8 first=0x00): address=0x%x"
                        .formatted(child),
                () -> heap().release(node));
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void aWritePastTheEndIsFoundByACollection() {
        long large = heap().allocateArray(TypeInfo.longArray(), 100_000);
        Memory.putInt(large, TypeInfo.ARRAY_ELEMENTS + 800_000, 1);
        refused(
                "write past the end of an object (offset=800008 bytes=4 first=0x01)",
                heap()::collectCycles);
        heap().release(large);
    }

    @Test
    void aWritePastTheEndOfGarbageIsFoundWhenACollectionFreesIt() {
        long node = selfReference(heap());
        Memory.putLong(node, 16, 3);
        heap().release(node);
        refused(
                pastItsEnd(node),
                () -> heap().collectCycles(1000L)); // which does not look at all objects first
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void aWritePastTheEndOfGarbageIsFoundWhenTheHeapCollectsByItself() {
        try (ConfinedHeap byItself = ConfinedHeap.open()) {
            long node = selfReference(byItself);
            Memory.putLong(node, 16, 3);
            refused(
                    pastItsEnd(node),
                    () -> {
                        byItself.release(node);
                        for (int i = 0; i < 100; i++) {
                            byItself.release(selfReference(byItself));
                        }
                    });
            byItself.collectCycles();
            assertEquals(0, byItself.liveObjects());
        }
    }

    /** A node that is garbage once it is released. */
    private static long selfReference(ConfinedHeap heap) {
        long node = heap.allocate(NODE);
        heap.setReference(node, 0, node);
        return node;
    }

    private static String pastItsEnd(long node) {
        return "write past the end of an object (offset=16 bytes=8 first=0x03): address=0x%x"
                .formatted(node);
    }

    @Test
    void aWriteToAFreedObjectIsFoundByVerify() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        Memory.putInt(leaf, 4, 1);
        String text =
                refused(
                        "write to a freed object (offset=4 bytes=4): address=0x%x heap=heap type=Leaf"
                                .formatted(leaf),
                        heap()::verify);
        assertTrue(text.contains("  allocated by thread "), text);
        assertTrue(text.contains("  last released by thread "), text);
        assertTrue(text.contains("  freed by thread "), text);
    }

    @Test
    void aWriteToAFreedHeaderIsFoundByVerify() {
        long leaf = heap().allocate(LEAF);
        long word = Memory.getLong(leaf - HeaderWord.BYTES);
        heap().release(leaf);
        Memory.putLong(leaf - HeaderWord.BYTES, word);
        refused("write to a freed object (offset=-16 bytes=", heap()::verify);
    }

    @Test
    void aWriteToAFreedObjectIsFoundWhenItsBlockIsToBeUsedAgain() {
        long leaf = heap().allocate(LEAF);
        heap().release(leaf);
        Memory.putByte(leaf, 19, (byte) 1);
        refused(
                "write to a freed object (offset=19 bytes=1): address=0x%x".formatted(leaf),
                () -> {
                    for (int i = 0; i < 100; i++) {
                        heap().release(heap().allocateArray(TypeInfo.byteArray(), 1 << 20));
                    }
                });
    }

    @Test
    void aReadOfWhatWasNeverWritten() {
        long leaf = heap().allocateUninitialized(LEAF);
        String text =
                refused(
                        "getInt of what was never written (offset=4 bytes=4): address=0x%x"
                                .formatted(leaf),
                        () -> heap().getInt(leaf, 4));
        assertTrue(text.contains("or use allocate"), text);
        heap().putInt(leaf, 4, 5);
        assertEquals(5, heap().getInt(leaf, 4));
        heap().release(leaf);
    }

    @Test
    void anOverwrittenType() {
        long leaf = heap().allocate(LEAF);
        long node = heap().allocate(NODE);
        int type = HeaderWord.type(Memory.getLong(node - HeaderWord.BYTES));
        long word = Memory.getLong(leaf - HeaderWord.BYTES);
        Memory.putLong(leaf - HeaderWord.BYTES, (word & ~HeaderWord.TYPE_MASK) | type);
        refused("header of an object was overwritten (was type=Leaf)", heap()::verify);
        heap().release(leaf);
        heap().release(node);
    }

    @Test
    void anOverwrittenLength() {
        long array = heap().allocateArray(TypeInfo.longArray(), 3);
        Memory.putLong(array, 0, 4);
        refused("length of an array was overwritten (length=4)", heap()::verify);
        assertEquals(3, heap().length(array));
        heap().release(array);
    }

    @Test
    void aReleaseOfWhatAFieldHolds() {
        long node = heap().allocate(NODE);
        long child = heap().allocate(NODE);
        heap().initReference(node, 0, child);
        refused(
                "release of a reference that a field holds (held by Node@0x%x.next): address=0x%x"
                        .formatted(node, child),
                () -> heap().release(heap().getReference(node, 0)));
        heap().release(node);
    }

    @Test
    void aReferenceThatWasStoredWithoutTheHeapIsCountedAgain() {
        long node = heap().allocate(NODE);
        long child = heap().allocate(NODE);
        heap().initReference(node, 0, child);
        Memory.putLong(node, 0, 0); // the program takes it out by hand
        heap().release(child);
        heap().release(node);
    }
}
