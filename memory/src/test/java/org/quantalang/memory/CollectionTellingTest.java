package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What collections tell of themselves; under the stress switch there are other ones. */
@DisabledIfSystemProperty(named = "quanta.heap.stressCycles", matches = "true")
class CollectionTellingTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("a", "Node").build();

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
            assertEquals(2, heard.size(), "at 32 candidates each");
            CollectionResult first = heard.getFirst();
            assertEquals(CollectionResult.Reason.CANDIDATES, first.reason());
            assertEquals(32, first.candidates());
            assertEquals(64, first.freedObjects());
            assertEquals(64, first.traced());
            assertEquals(32, first.cycles());
            assertEquals(64 * 32, first.freedBytes(), "a header and a slot take 32 bytes");
            assertTrue(first.nanos() > 0);
            heap.collectCycles();
            assertEquals(CollectionResult.Reason.REQUEST, heard.getLast().reason());
            assertTrue(heard.getLast().complete());
            assertEquals(128 * 32, heap.cycleStats().freedBytes());
        }
    }

    @Test
    void pausesAreThoseNobodyAskedFor() {
        try (ConfinedHeap heap = ConfinedHeap.open()) {
            assertEquals(new PauseStats(0, 0, 0, 0, 0, 0), heap.pauses());
            dropRings(heap, 320);
            heap.collectCycles();
            PauseStats pauses = heap.pauses();
            assertEquals(10, pauses.count());
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
        assertEquals(2, events.size());
        assertEquals(64, events.getFirst().getLong("freedObjects"));
        assertEquals("CANDIDATES", events.getFirst().getString("reason"));
        assertFalse(events.getFirst().getDuration().isZero());
    }
}
