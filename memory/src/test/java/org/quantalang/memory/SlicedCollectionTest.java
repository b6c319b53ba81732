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
        void oldObjectOutlivesAYoungOne() {
            SteppedPrograms.oldObjectOutlivesTheYoungOneThatHoldsIt();
        }

        @Test
        void garbageIsDropped() {
            SteppedPrograms.garbageIsDroppedMeanwhile();
        }

        @Test
        void deadMemberWaitsForItsTurn() {
            SteppedPrograms.deadMemberWaitsForItsTurn();
        }

        @Test
        void garbageGrows() {
            SteppedPrograms.garbageGrowsBeforeItIsReached();
        }

        @Test
        void objectIsDroppedThatGarbageHolds() {
            SteppedPrograms.objectIsDroppedWhileItsHolderIsFreed();
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

    /**
     * Not the time but the work is asserted: how often objects were looked at. One that a local
     * trace enters without a limit, and a pass that is not cut, both take the whole ring.
     */
    @Test
    void noCallLooksAtMuchMoreThanItsBudget() {
        long[] looks = new long[1];
        TypeInfo node =
                TypeInfo.builder("Node")
                        .opaque(8, 8)
                        .tracer(
                                (object, visitor) -> {
                                    looks[0]++;
                                    visitor.slot(object);
                                })
                        .build();
        CycleOptions options = CycleOptions.DEFAULT.withPacing(50, 16);
        try (ConfinedHeap heap =
                ConfinedHeap.open(
                        HeapConfig.DEFAULT
                                .withAutomaticCollection(false)
                                .withCycleOptions(options))) {
            int length = 50_000;
            long first = heap.allocate(node);
            long last = first;
            for (int i = 1; i < length; i++) {
                long next = heap.allocate(node);
                heap.initReference(last, 0, next);
                last = next;
            }
            heap.setReference(last, 0, first);
            heap.release(first);
            long most = 0;
            boolean complete;
            do {
                looks[0] = 0;
                complete = heap.collectCycles(16).complete();
                most = Math.max(most, looks[0]);
            } while (!complete);
            assertEquals(0, heap.liveObjects());
            assertTrue(most < 600, "looks=" + most);
            long step = heap.cycleStats().longestStep();
            assertTrue(step >= 16 && step < 600, "step=" + step);
        }
    }

    @Test
    void collectionsCatchUpWithCandidatesTheyHadNoTimeFor() {
        TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").build();
        CycleOptions options =
                CycleOptions.DEFAULT.withSlice(Duration.ofNanos(1)).withPacing(50, 1);
        try (ConfinedHeap heap = ConfinedHeap.open(HeapConfig.DEFAULT.withCycleOptions(options))) {
            for (int i = 0; i < 20_000; i++) {
                long one = heap.allocate(node);
                heap.initReference(one, 0, heap.allocate(node));
                heap.setReference(heap.getReference(one, 0), 0, one);
                heap.release(one);
            }
            assertTrue(heap.candidates() < 100, "candidates=" + heap.candidates());
        }
    }
}
