package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A heap for each test, which ends with the verifier, a collection of all cycles and the question
 * whether anything is left. Registered as a field with {@code @RegisterExtension}.
 */
final class HeapUnderTest implements BeforeEachCallback, AfterEachCallback {
    private final HeapConfig config;
    private ConfinedHeap heap;
    private boolean mayLeak;

    HeapUnderTest() {
        this(HeapConfig.DEFAULT);
    }

    HeapUnderTest(HeapConfig config) {
        this.config = config;
        this.heap = ConfinedHeap.open(config);
        heap.close();
    }

    ConfinedHeap heap() {
        return heap;
    }

    /** The test leaves objects on purpose, such as immortal ones. */
    void mayLeak() {
        mayLeak = true;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        heap = ConfinedHeap.open(config);
        mayLeak = false;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        try (ConfinedHeap used = heap) {
            used.verify();
            used.collectCycles();
            used.verify();
            if (context.getExecutionException().isEmpty() && !mayLeak) {
                assertEquals(0, used.liveObjects(), () -> "left alive:\n" + used.histogram());
            }
        }
    }
}
