package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import java.time.Duration;

class SlicedCollectionTest {
    @Nested
    class WhateverTheStepAtWhich {
        @Test
        void referenceMovesFromAFieldToTheProgram() {
            SteppedPrograms.referenceMovesFromFieldToProgram();
        }

        @Test
        void weakReferenceIsUpgraded() {
            SteppedPrograms.weakReferenceIsUpgraded();
        }

        @Test
        void referenceMovesBetweenFieldsUncounted() {
            SteppedPrograms.referenceMovesBetweenFieldsUncounted();
        }

        @Test
        void weakFieldRefersToItsOwnObject() {
            SteppedPrograms.weakFieldRefersToItsOwnObject();
        }

        @Test
        void oldObjectIsHeldByAYoungOne() {
            SteppedPrograms.oldObjectIsHeldByAYoungOne();
        }

        @Test
        void garbageIsDropped() {
            SteppedPrograms.garbageIsDroppedMeanwhile();
        }

        @Test
        void deadMemberWaitsForItsTurn() {
            SteppedPrograms.deadMemberWaitsForItsTurn();
        }
    }

    @Test
    void aBudgetIsKeptAndTheRestDoneLater() {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").build();
        try (ConfinedHeap heap =
                ConfinedHeap.open(HeapConfig.DEFAULT.withAutomaticCollection(false))) {
            int length = 300_000;
            long first = heap.allocate(node);
            long last = first;
            for (int i = 1; i < length; i++) {
                long next = heap.allocate(node);
                heap.moveReference(last, 0, next);
                last = next;
            }
            heap.setReference(last, 0, first);
            // Two references more, so that no local trace explains the ring from here.
            heap.retain(first);
            heap.retain(last);
            heap.release(first);
            assertFalse(heap.collectCycles(Duration.ofNanos(50_000)).complete());
            heap.verify();
            heap.release(last);
            heap.release(first);
            int calls = 1;
            while (!heap.collectCycles(Duration.ofNanos(200_000)).complete()) {
                calls++;
            }
            assertTrue(calls > 1, "took one call");
            assertEquals(0, heap.liveObjects());
            heap.verify();
        }
    }
}
