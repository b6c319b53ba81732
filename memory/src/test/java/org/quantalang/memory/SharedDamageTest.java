package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** What only the full level finds in a shared heap, whichever thread frees the object. */
class SharedDamageTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").int64("value").build();
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 20, 4);

    private final List<String> notices = new ArrayList<>();
    private final SharedHeap heap = SharedHeap.open(HeapConfig.DEFAULT.withNotices(notices::add));

    @BeforeEach
    void allIsChecked() {
        assumeTrue(CheckedLevel.ALL, "the level of checks is not full in this run");
    }

    @AfterEach
    void theHeapIsWhole() {
        heap.verify();
        assertEquals(0, heap.liveObjects());
        heap.close();
        assertEquals(List.of(), notices);
    }

    private static String refused(String start, Executable misuse) {
        String text =
                String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
        assertTrue(text.startsWith(start), text);
        return text;
    }

    /** Runs on a thread of its own that leaves the heap afterwards. */
    private <T> T elsewhere(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "elsewhere");
        thread.start();
        thread.join();
        try {
            return task.get();
        } catch (ExecutionException failure) {
            throw new AssertionError(failure.getCause());
        }
    }

    @Test
    void aWritePastTheEndIsFoundByVerify() {
        long leaf = heap.allocate(LEAF);
        Memory.putByte(leaf, 20, (byte) 7);
        String text =
                refused(
                        "write past the end of an object (offset=20 bytes=1 first=0x07):"
                                + " address=0x%x heap=heap type=Leaf strong=1 weak=0"
                                        .formatted(leaf),
                        heap::verify);
        assertTrue(text.contains("SharedDamageTest.aWritePastTheEndIsFoundByVerify("), text);
        heap.verify(); // told once
        heap.release(leaf);
    }

    @Test
    void aWritePastTheEndIsFoundByACollection() {
        long array = heap.allocateArray(TypeInfo.byteArray(), 13);
        Memory.putLong(array, TypeInfo.ARRAY_ELEMENTS + 13, 1);
        refused("write past the end of an object (offset=21 bytes=8", heap::collectCycles);
        heap.release(array);
    }

    @Test
    void aWritePastTheEndIsFoundWhenTheOwnerFreesTheObject() {
        long leaf = heap.allocate(LEAF);
        Memory.putByte(leaf, 23, (byte) 7);
        refused(
                "write past the end of an object (offset=23 bytes=1 first=0x07): address=0x%x"
                        .formatted(leaf),
                () -> heap.release(leaf));
        assertEquals(0, heap.liveObjects(), "it is freed all the same");
    }

    @Test
    void aWritePastTheEndIsFoundWhenItsHolderDies() {
        long node = heap.allocate(NODE);
        long child = heap.allocate(NODE);
        heap.setReference(node, 0, child);
        heap.release(child);
        Memory.putLong(child, 16, 0);
        refused(
                "write past the end of an object (offset=16 bytes=8 first=0x00): address=0x%x"
                        .formatted(child),
                () -> heap.release(node));
    }

    @Test
    void aWritePastTheEndIsFoundWhenAnotherThreadFreesTheObject() throws Exception {
        long leaf = elsewhere(() -> heap.allocate(LEAF));
        Memory.putByte(leaf, 20, (byte) 7);
        refused(
                "write past the end of an object (offset=20 bytes=1 first=0x07): address=0x%x"
                        .formatted(leaf),
                () -> heap.release(leaf));
    }

    @Test
    void aWriteToAnObjectThatAnotherThreadFreedIsFoundByVerify() throws Exception {
        long leaf = elsewhere(() -> heap.allocate(LEAF));
        heap.release(leaf);
        Memory.putInt(leaf, 4, 1);
        String text =
                refused(
                        "write to a freed object (offset=4 bytes=4): address=0x%x heap=heap type=Leaf"
                                .formatted(leaf),
                        heap::verify);
        assertTrue(text.contains("  allocated by thread elsewhere"), text);
        assertTrue(text.contains("  freed by thread "), text);
    }

    @Test
    void aWriteToAFreedHeaderIsFoundByVerify() {
        long leaf = heap.allocate(LEAF);
        long word = Memory.getLong(leaf - HeaderWord.BYTES);
        heap.release(leaf);
        Memory.putLong(leaf - HeaderWord.BYTES, word);
        refused("write to a freed object (offset=-16 bytes=", heap::verify);
    }

    @Test
    void aWriteToAFreedObjectIsFoundWhenItsBlockIsToBeUsedAgain() {
        long leaf = heap.allocate(LEAF);
        heap.release(leaf);
        Memory.putByte(leaf, 19, (byte) 1);
        refused(
                "write to a freed object (offset=19 bytes=1): address=0x%x".formatted(leaf),
                () -> {
                    for (int i = 0; i < 100; i++) {
                        heap.release(heap.allocateArray(TypeInfo.byteArray(), 1 << 20));
                    }
                });
    }

    @Test
    void aWriteToAFreedObjectIsToldWhenTheHeapCloses() {
        SharedHeap closing = SharedHeap.open(HeapConfig.DEFAULT.withNotices(notices::add));
        long leaf = closing.allocate(LEAF);
        closing.release(leaf);
        Memory.putByte(leaf, 0, (byte) 1);
        closing.close();
        assertEquals(1, notices.size());
        assertTrue(notices.removeFirst().startsWith("write to a freed object (offset=0 bytes=1)"));
    }

    @Test
    void aDoubleReleaseIsReportedWithTheFirst() throws Exception {
        long leaf = heap.allocate(LEAF);
        heap.release(leaf);
        String text =
                elsewhere(
                        () ->
                                refused(
                                        "release of what is no such object (freed): address=0x%x"
                                                .formatted(leaf),
                                        () -> heap.release(leaf)));
        assertTrue(text.contains("  last released by thread "), text);
    }

    @Test
    void aReadOfWhatWasNeverWritten() {
        long leaf = heap.allocateUninitialized(LEAF);
        refused(
                "getInt of what was never written (offset=4 bytes=4): address=0x%x".formatted(leaf),
                () -> heap.getInt(leaf, 4));
        heap.putInt(leaf, 4, 5);
        assertEquals(5, heap.getInt(leaf, 4));
        heap.release(leaf);
    }

    @Test
    void blocksThatWaitAreOfNoUseToAnyone() throws Exception {
        long mine = heap.allocate(LEAF);
        long other = elsewhere(() -> heap.allocate(LEAF));
        heap.release(mine);
        heap.release(other);
        assertEquals(0, heap.liveObjects());
        for (int i = 0; i < 1000; i++) {
            long next = heap.allocate(LEAF);
            assertTrue(next != mine && next != other);
            heap.release(next);
        }
        heap.trim();
        heap.trim(); // what came back to pages of the ended thread
        assertEquals(0, heap.liveObjects());
    }
}
