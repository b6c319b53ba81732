package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.Test;
import org.quantalang.memory.ChildJvm.Outcome;
import org.quantalang.memory.internal.debug.CheckedLevel;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

/**
 * Blocks that the sampled level keeps for a while, some of them, in a shared heap. In a process of
 * its own, since the sample of this module's builds is everything or next to nothing.
 */
class SharedQuarantineTest {
    private static final TypeInfo LEAF = TypeInfo.leaf("Leaf", 32, 8);
    private static final TypeInfo NODE =
            TypeInfo.builder("Node").reference("next", "Node").reference("leaf", "Leaf").build();
    private static final int ROUNDS = 5;
    private static final int OTHERS = 20_000;
    private static final int MANY = 2_000;
    private static final int CHAIN = 100;

    @Test
    void aBlockThatIsPushedOutAmidAReleaseIsNotLost() throws Exception {
        assumeFalse(CheckedLevel.ON, "once is enough");
        Outcome outcome =
                ChildJvm.finish(
                        ChildJvm.java(
                                List.of(
                                        "-Dquanta.heap.checked=sampled",
                                        "-Dquanta.heap.sample=256"),
                                SharedQuarantineTest.class.getName()));
        assertEquals("", outcome.output());
        assertEquals(0, outcome.exitCode());
    }

    public static void main(String[] arguments) throws InterruptedException {
        for (int i = 0; i < ROUNDS; i++) {
            try (SharedHeap heap = SharedHeap.open()) {
                heap.register(LEAF, NODE);
                releaseAmongOthers(heap);
                heap.verify();
            }
        }
    }

    /**
     * The last node of a chain holds a leaf of a thread that has ended, with a full queue. Whoever
     * releases the leaf, amid the chain, does that thread's part: what is freed for it pushes nodes
     * out of the quarantine, which lie on the pages of the chain.
     */
    private static void releaseAmongOthers(SharedHeap heap) throws InterruptedException {
        long[] leaves = new long[OTHERS];
        CountDownLatch made = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        FutureTask<?> work =
                new FutureTask<>(
                        () -> {
                            for (int i = 0; i < OTHERS; i++) {
                                leaves[i] = heap.allocate(LEAF);
                            }
                            made.countDown();
                            told.await();
                            return true;
                        });
        Thread other = Thread.ofPlatform().start(work);
        made.await();
        long[] many = new long[MANY];
        for (int i = 0; i < MANY; i++) {
            many[i] = heap.allocate(NODE);
        }
        long last = heap.allocate(NODE);
        long head = last;
        for (int i = 1; i < CHAIN; i++) {
            long node = heap.allocate(NODE);
            heap.initReference(node, NODE.offset("next"), head);
            head = node;
        }
        for (long node : many) {
            heap.release(node);
        }
        for (int i = 1; i < OTHERS; i++) {
            heap.release(leaves[i]);
        }
        heap.initReference(last, NODE.offset("leaf"), leaves[0]);
        told.countDown();
        other.join();
        heap.release(head);
    }
}
