package org.quantalang.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quantalang.memory.SharedHeap;
import org.quantalang.memory.TypeInfo;
import org.quantalang.scheduler.ExecutorConfig;
import org.quantalang.scheduler.JoinHandle;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.TaskExecutor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Tasks that use a shared heap, whose workers are quiet for it while they run none. */
@Timeout(60)
class HeapBesideTasksTest {
    private static final TypeInfo NODE = TypeInfo.builder("Node").reference("next", "Node").build();

    private static int makeRing(SharedHeap heap) {
        long first = heap.allocate(NODE);
        long second = heap.allocate(NODE);
        heap.setReference(first, 0, second);
        heap.setReference(second, 0, first);
        heap.release(first);
        heap.release(second);
        return 2;
    }

    @Test
    void garbageIsCollectedWhileTheWorkersSleep() throws Exception {
        try (SharedHeap heap = SharedHeap.open();
                TaskExecutor executor =
                        TaskExecutor.start(
                                ExecutorConfig.defaults().withWorkers(2).withRest(heap::quietly))) {
            for (int round = 0; round < 20; round++) {
                List<JoinHandle<Integer>> tasks = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    tasks.add(executor.spawn(_ -> Poll.ready(makeRing(heap))));
                }
                long made = 0;
                for (JoinHandle<Integer> task : tasks) {
                    made += task.join();
                }
                assertEquals(made, heap.collectCycles().freedObjects());
            }
        }
    }

    @Test
    void garbageIsCollectedBetweenTheTasksOfBusyWorkers() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        try (SharedHeap heap = SharedHeap.open();
                TaskExecutor executor =
                        TaskExecutor.start(
                                ExecutorConfig.defaults().withWorkers(2).withRest(heap::quietly))) {
            List<JoinHandle<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                tasks.add(
                        executor.spawn(
                                context -> {
                                    int made = makeRing(heap);
                                    if (stop.get()) {
                                        return Poll.ready(made);
                                    }
                                    context.waker().wake();
                                    return Poll.pending();
                                }));
            }
            long freed = 0;
            try {
                for (int round = 0; round < 20; round++) {
                    freed += heap.collectCycles().freedObjects();
                }
            } finally {
                stop.set(true);
            }
            for (JoinHandle<Integer> task : tasks) {
                assertEquals(2, task.join());
            }
            freed += heap.collectCycles().freedObjects();
            assertEquals(0, heap.liveObjects());
            assertEquals(heap.stats().allocations(), freed);
        }
    }
}
