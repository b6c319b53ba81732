package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicReference;

/** Release and collection of deep structures on a thread with 256 KB of stack. */
class ShortStackTest {
    private static final long STACK_BYTES = 256 << 10;
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("next", "Node").build();
    private static final long NEXT = NODE.offset("next");

    @Test
    void releaseDropsAListOfTenMillion() throws InterruptedException {
        onShortStack(
                heap -> {
                    heap.release(list(heap, 10_000_000));
                    assertEquals(0, heap.liveObjects());
                });
    }

    @Test
    void collectionFreesARingOfAMillion() throws InterruptedException {
        onShortStack(
                heap -> {
                    long last = heap.allocate(NODE);
                    heap.retain(last);
                    long first = list(heap, 1_000_000, last);
                    heap.setReference(last, NEXT, first);
                    heap.release(last);
                    heap.release(first);
                    heap.collectCycles();
                    assertEquals(0, heap.liveObjects());
                });
    }

    private static long list(ConfinedHeap heap, int length) {
        return list(heap, length - 1, heap.allocate(NODE));
    }

    /** Puts so many nodes in front of an owned one. */
    private static long list(ConfinedHeap heap, int length, long owned) {
        long head = owned;
        for (int i = 0; i < length; i++) {
            long node = heap.allocate(NODE);
            heap.initReference(node, NEXT, head);
            head = node;
        }
        return head;
    }

    private interface Work {
        void with(ConfinedHeap heap);
    }

    private static void onShortStack(Work work) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread thread =
                new Thread(
                        null,
                        () -> {
                            try (ConfinedHeap heap = ConfinedHeap.open()) {
                                work.with(heap);
                            }
                        },
                        "short stack",
                        STACK_BYTES);
        thread.setUncaughtExceptionHandler((_, thrown) -> failure.set(thrown));
        thread.start();
        thread.join();
        assertNull(failure.get());
    }
}
