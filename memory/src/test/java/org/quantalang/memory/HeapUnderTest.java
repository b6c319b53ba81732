package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.quantalang.memory.internal.debug.CheckedLevel;

/**
 * A heap for each test, which ends with the verifier, a collection of all cycles and the question
 * whether anything is left. Registered as a field with {@code @RegisterExtension}.
 */
final class HeapUnderTest implements BeforeEachCallback, AfterEachCallback {
    /** For tests that need a candidate or garbage to wait until they ask for a collection. */
    static final HeapConfig COLLECTS_WHEN_ASKED = HeapConfig.DEFAULT.withAutomaticCollection(false);

    private final HeapConfig config;
    private ConfinedHeap heap;
    private boolean mayLeak;

    /** For tests of which block comes next, or of when pages are given back. */
    static void assumeFreedBlocksAreUsedAgain() {
        assumeFalse(CheckedLevel.SITES, "freed blocks wait in this level of checks");
    }

    /** For tests that know the sizes of blocks. */
    static void assumeNoRedzones() {
        assumeFalse(CheckedLevel.ALL, "blocks are longer in this level of checks");
    }

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
