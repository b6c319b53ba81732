package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ReleaseBudgetTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("next", "Node").build();
    private static final int BUDGET = 100;

    @RegisterExtension
    final HeapUnderTest test = new HeapUnderTest(HeapConfig.DEFAULT.withReleaseBudget(BUDGET));

    private ConfinedHeap heap() {
        return test.heap();
    }

    private long chain(int length) {
        long head = 0;
        for (int i = 0; i < length; i++) {
            long node = heap().allocate(NODE);
            heap().initReference(node, 0, head);
            head = node;
        }
        return head;
    }

    @Test
    void oneReleaseFreesNoMoreThanTheBudget() {
        heap().release(chain(1000));
        assertEquals(1000 - BUDGET, heap().liveObjects());
        assertEquals(1, heap().waitingObjects());
        heap().verify();
        heap().drain();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void theNextAllocationsGoOn() {
        long head = chain(1000);
        heap().release(head);
        long fresh = heap().allocate(NODE);
        assertEquals(1000 - 2 * BUDGET + 1, heap().liveObjects());
        for (int i = 0; i < 20; i++) {
            heap().release(heap().allocate(NODE));
        }
        assertEquals(1, heap().liveObjects());
        heap().release(fresh);
    }

    @Test
    void aWaitingObjectIsDeadForWeakHolders() {
        long head = chain(1000);
        long second = heap().getReference(head, 0);
        heap().weakRetain(second);
        heap().release(head);
        heap().release(chain(500));
        assertEquals(0, heap().upgrade(second));
        heap().weakRelease(second);
        heap().verify();
    }

    @Test
    void collectionDrainsFirst() {
        heap().release(chain(1000));
        heap().collectCycles();
        assertEquals(0, heap().liveObjects());
    }

    @Test
    void droppingALongListNeverStallsLongerThanTheBudget() {
        try (ConfinedHeap heap = ConfinedHeap.open(HeapConfig.DEFAULT.withReleaseBudget(1000))) {
            long head = 0;
            for (int i = 0; i < 1_000_000; i++) {
                long node = heap.allocate(NODE);
                heap.initReference(node, 0, head);
                head = node;
            }
            heap.release(head);
            long before = heap.liveObjects();
            assertEquals(999_000, before);
            int calls = 0; // each allocates and releases: two budgets
            while (heap.liveObjects() > 0) {
                heap.release(heap.allocate(NODE));
                calls++;
            }
            assertTrue(calls >= 450 && calls <= 550, "calls=" + calls);
        }
    }
}
