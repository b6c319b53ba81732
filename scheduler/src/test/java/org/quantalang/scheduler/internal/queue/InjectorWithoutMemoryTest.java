package org.quantalang.scheduler.internal.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.quantalang.scheduler.internal.task.TaskCell;

import java.util.ArrayList;
import java.util.List;

/** An injector whose queues find no memory while they are told to find none. */
class InjectorWithoutMemoryTest {
    private boolean full;
    private final Injector injector = new Injector(Growing::new);

    private final class Growing extends MpscUnboundedVarHandleArrayQueue<TaskCell<?>> {
        Growing() {
            super(2);
        }

        @Override
        public boolean offer(TaskCell<?> task) {
            if (full) {
                throw new OutOfMemoryError("pretended");
            }
            return super.offer(task);
        }
    }

    private void add(long... ids) {
        for (long id : ids) {
            injector.add(QueuedTask.task(id));
        }
    }

    private static long idOf(@Nullable TaskCell<?> task) {
        return task == null ? -1 : task.id();
    }

    @Test
    void keepsWhatItIsGiven() {
        add(1);
        full = true;
        add(2, 3);
        full = false;
        add(4);

        assertEquals(4, injector.size());
        List<Long> taken = new ArrayList<>();
        while (!injector.isEmpty()) {
            taken.add(idOf(injector.poll(0)));
        }
        assertEquals(List.of(2L, 3L, 1L, 4L), taken);
        assertNull(injector.poll(0));
        assertEquals(0, injector.size());
    }

    @Test
    void givesItToAWorkerThatTakesItsShare() {
        full = true;
        add(1, 2);
        var ring = new RunQueue();

        assertEquals(1, idOf(injector.pollInto(0, ring, 1, 16)));
        assertFalse(injector.isEmpty());
        assertEquals(2, idOf(injector.pollInto(0, ring, 1, 16)));
        assertTrue(injector.isEmpty());
        assertEquals(0, ring.size());
    }

    @Test
    void takesATaskAgainThatItHasGivenOut() {
        full = true;
        add(1, 2);
        TaskCell<?> first = injector.poll(0);
        injector.add(first == null ? QueuedTask.task(-1) : first);

        assertEquals(2, idOf(injector.poll(0)));
        assertEquals(1, idOf(injector.poll(0)));
        assertNull(injector.poll(0));
    }
}
