package org.quantalang.scheduler.internal.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.TreeSet;

/** The injector with a task of each of eight threads: every stripe holds some. */
@Timeout(60)
class InjectorTest {
    private static final int THREADS = 8;

    private final Injector injector = new Injector();

    @BeforeEach
    void addFromEachThread() throws InterruptedException {
        for (int i = 0; i < THREADS; i++) {
            TaskCell<?> task = QueuedTask.task(i);
            Thread.ofPlatform().start(() -> injector.add(task)).join();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, Integer.MAX_VALUE, -1})
    void isEmptiedByOneWorkerFromWhicheverStripeItStarts(int start) {
        assertEquals(THREADS, injector.size());
        var ids = new TreeSet<Long>();
        for (int i = 0; i < THREADS; i++) {
            TaskCell<?> task = injector.poll(start);
            assertNotNull(task);
            ids.add(task.id());
        }

        assertEquals(THREADS, ids.size());
        assertTrue(injector.isEmpty());
        assertNull(injector.poll(start));
    }

    @Test
    void givesAWorkerItsShareOfAStripe() {
        var ring = new RunQueue();
        for (int i = 0; i < 100; i++) {
            injector.add(QueuedTask.task(THREADS + i));
        }
        int stripe = (int) Thread.currentThread().threadId();

        assertNotNull(injector.pollInto(stripe, ring, 4, 16));
        assertEquals(15, ring.size());
        assertNotNull(injector.pollInto(stripe, new RunQueue(), 1, 128));
        assertTrue(injector.size() < THREADS);
    }
}
