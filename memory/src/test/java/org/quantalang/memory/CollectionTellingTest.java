package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What collections tell of themselves. */
class CollectionTellingTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("a", "Node").build();

    /** Candidates that a collection waits for: under the stress switch each makes one. */
    private static final int EACH = Boolean.getBoolean("quanta.heap.stressCycles") ? 1 : 32;

    private static void dropRings(ConfinedHeap heap, int count) {
        for (int i = 0; i < count; i++) {
            long one = heap.allocate(NODE);
            long other = heap.allocate(NODE);
            heap.initReference(one, 0, other);
            heap.setReference(other, 0, one);
            heap.release(one);
        }
    }

    @Test
    void theListenerHearsOfEveryCollection() {
        HeapUnderTest.assumeNoRedzones();
        List<CollectionResult> heard = new ArrayList<>();
        try (ConfinedHeap heap =
                ConfinedHeap.open(HeapConfig.DEFAULT.withCollectionListener(heard::add))) {
            dropRings(heap, 64);
            assertEquals(64 / EACH, heard.size());
            CollectionResult first = heard.getFirst();
            assertEquals(CollectionResult.Reason.CANDIDATES, first.reason());
            assertEquals(EACH, first.candidates());
            assertEquals(2L * EACH, first.freedObjects());
            assertEquals(2L * EACH, first.traced());
            assertEquals(EACH, first.cycles());
            assertEquals(2L * EACH * 32, first.freedBytes(), "a header and a slot take 32 bytes");
            assertTrue(first.nanos() > 0);
            heap.collectCycles();
            assertEquals(CollectionResult.Reason.REQUEST, heard.getLast().reason());
            assertTrue(heard.getLast().complete());
            assertEquals(128 * 32, heap.cycleStats().freedBytes());
        }
    }

    @Test
    void theListenerIsNotToldOfItsOwnCollectionsWhichDoNotSpoilTheResult() {
        HeapUnderTest.assumeNoRedzones();
        List<CollectionResult> heard = new ArrayList<>();
        ConfinedHeap[] itself = new ConfinedHeap[1];
        try (ConfinedHeap heap =
                ConfinedHeap.open(
                        HeapUnderTest.COLLECTS_WHEN_ASKED.withCollectionListener(
                                result -> {
                                    heard.add(result);
                                    dropRings(itself[0], 3);
                                    itself[0].collectCycles();
                                }))) {
            itself[0] = heap;
            dropRings(heap, 5);
            assertEquals(10, heap.collectCycles().freedObjects());
            assertEquals(1, heard.size());
            assertEquals(10, heard.getFirst().freedObjects());
            dropRings(heap, 5);
            assertEquals(10, heap.collectCycles(1_000_000L).freedObjects());
            assertEquals(0, heap.liveObjects());
        }
    }

    @Test
    void pausesAreThoseNobodyAskedFor() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            assertEquals(new PauseStats(0, 0, 0, 0, 0, 0), heap.pauses());
            dropRings(heap, 320);
            heap.collectCycles();
            PauseStats pauses = heap.pauses();
            assertEquals(320 / EACH, pauses.count());
            assertTrue(pauses.p50Nanos() > 0 && pauses.p50Nanos() <= pauses.p999Nanos());
            assertTrue(pauses.p999Nanos() <= pauses.maxNanos());
        }
    }

    @Test
    void aRecordingHasOneEventACollection(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("cycles.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("org.quantalang.CycleCollection");
            recording.start();
            try (ConfinedHeap heap = ConfinedHeap.open()) {
                dropRings(heap, 64);
            }
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertEquals(64 / EACH, events.size());
        assertEquals(2L * EACH, events.getFirst().getLong("freedObjects"));
        assertEquals("CANDIDATES", events.getFirst().getString("reason"));
        assertFalse(events.getFirst().getDuration().isZero());
    }
}
