package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.quantalang.memory.internal.debug.CheckedLevel;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/** Damages a heap in one way after the other: the verifier must say which. */
class HeapVerifierTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("Node")
                    .reference("next", "Node")
                    .weakReference("weak", "Node")
                    .build();

    private final ConfinedHeap heap = ConfinedHeap.open();
    private long a;
    private long b;

    @BeforeEach
    void twoObjectsOneReference() {
        a = heap.allocate(NODE);
        b = heap.allocate(NODE);
        heap.setReference(a, 0, b);
        heap.verify();
    }

    @AfterEach
    void close() {
        heap.close();
    }

    private static void changeHeader(long object, long set, long clear) {
        long header = object - HeaderWord.BYTES;
        Memory.putLong(header, (Memory.getLong(header) & ~clear) | set);
    }

    private void assertNames(String problem) {
        IllegalStateException damage = assertThrows(IllegalStateException.class, heap::verify);
        String text = String.valueOf(damage.getMessage());
        assertTrue(text.startsWith("heap is damaged: problems="), text);
        assertTrue(text.contains(problem), text);
    }

    @Test
    void aCountThatIsTooLow() {
        changeHeader(b, HeaderWord.ONE_STRONG, HeaderWord.STRONG_MASK);
        heap.putLong(a, 8, 0);
        long c = heap.allocate(NODE);
        heap.initReference(c, 0, b); // no count for it
        assertNames("more references than counted: references=2 strong=1");
    }

    @Test
    void aWeakReferenceThatIsNotCounted() {
        heap.putLong(a, 8, b);
        assertNames("more weak references than counted: references=1 weak=0");
    }

    @Test
    void aReferenceToNoObject() {
        heap.putLong(a, 0, b + 16);
        assertNames("reference to no object (not the start of a block)");
        heap.putLong(a, 0, 0x1000);
        assertNames("reference to no object (outside the heap)");
    }

    @Test
    void aReferenceToAFreedObject() {
        heap.release(b);
        heap.retain(a);
        long c = heap.allocate(NODE);
        heap.release(c);
        heap.putLong(a, 0, c);
        assertNames("reference to no object (freed)");
    }

    @Test
    void anUnknownType() {
        assumeFalse(CheckedLevel.ALL, "the report is another: DamageTest.anOverwrittenType");
        changeHeader(a, 77, HeaderWord.TYPE_MASK);
        assertNames("unknown type");
    }

    @Test
    void aColourLeftByATrace() {
        changeHeader(a, HeaderWord.GRAY, HeaderWord.COLOUR_MASK);
        assertNames("colour of a trace outside a trace");
    }

    @Test
    void aCandidateInNoBuffer() {
        changeHeader(a, HeaderWord.BUFFERED | HeaderWord.PURPLE, 0);
        assertNames("marked as buffered, but in no buffer");
    }

    @Test
    void anAcyclicMarkOnACyclicType() {
        changeHeader(a, HeaderWord.ACYCLIC, 0);
        assertNames("acyclic mark differs from the type");
    }

    @Test
    void aDeadObjectThatNobodyFreed() {
        changeHeader(a, 0, HeaderWord.STRONG_MASK);
        assertNames("dead, but its block is not free");
    }
}
