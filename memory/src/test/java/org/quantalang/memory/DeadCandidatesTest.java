package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What dies by counting while it is a candidate must not hold its block for long. */
class DeadCandidatesTest {
    private static final TypeInfo ENTRY =
            TypeInfo.builder("Entry")
                    .reference("previous", "Entry")
                    .reference("next", "Entry")
                    .build();
    private static final long PREVIOUS = ENTRY.offset("previous");
    private static final long NEXT = ENTRY.offset("next");
    private static final int LIVE = 2_000;
    private static final int REPLACED = 200_000;

    @RegisterExtension final HeapUnderTest test = new HeapUnderTest(HeapConfig.DEFAULT);

    private ConfinedHeap heap() {
        return test.heap();
    }

    @Test
    void aQueueOfDoublyLinkedEntriesHoldsAFewTimesItsEntriesAtMost() {
        HeapUnderTest.assumeFreedBlocksAreUsedAgain();
        long head = heap().allocate(ENTRY);
        long tail = heap().allocate(ENTRY);
        link(head, tail);
        for (int i = 0; i < LIVE + REPLACED; i++) {
            long entry = heap().allocate(ENTRY);
            long first = heap().getReference(head, NEXT);
            heap().setReference(entry, NEXT, first);
            heap().setReference(first, PREVIOUS, entry);
            link(head, entry);
            heap().release(entry);
            if (i >= LIVE) {
                removeLast(tail);
            }
        }
        long peak = heap().sizeClasses().getFirst().peakObjects();
        assertTrue(peak < 4 * LIVE, "peakObjects=" + peak);
        heap().setReference(head, NEXT, 0);
        heap().release(head);
        heap().release(tail);
        heap().collectCycles();
    }

    private void link(long before, long after) {
        heap().setReference(before, NEXT, after);
        heap().setReference(after, PREVIOUS, before);
    }

    private void removeLast(long tail) {
        long last = heap().getReference(tail, PREVIOUS);
        heap().retain(last);
        link(heap().getReference(last, PREVIOUS), tail);
        heap().setReference(last, PREVIOUS, 0);
        heap().setReference(last, NEXT, 0);
        heap().release(last);
    }
}
