package org.quantalang.scheduler.internal.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.quantalang.scheduler.Context;
import org.quantalang.scheduler.Poll;
import org.quantalang.scheduler.Pollable;
import org.quantalang.scheduler.TaskState;
import org.quantalang.scheduler.Timers;
import org.quantalang.scheduler.internal.wait.Wait;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Ends and cancellations that meet each other, at moments that the test chooses. */
class TaskCellTest {
    /** Runs tasks when it is told to, and something else when a task is about to be enqueued. */
    private static final class ByHand implements TaskQueue {
        private final ArrayDeque<TaskCell<?>> ready = new ArrayDeque<>();
        private Runnable beforeEnqueue = () -> {};
        private long nextId = 1;

        <T> TaskCell<T> spawn(@Nullable TaskCell<?> parent, Pollable<T> pollable) {
            var task = new TaskCell<T>(nextId++, pollable, this);
            if (parent != null) {
                parent.adopt(task);
            }
            ready.add(task);
            return task;
        }

        void runAll() {
            for (TaskCell<?> task = ready.poll(); task != null; task = ready.poll()) {
                task.run();
            }
        }

        @Override
        public void enqueue(TaskCell<?> task) {
            Runnable action = beforeEnqueue;
            beforeEnqueue = () -> {};
            action.run();
            ready.add(task);
        }

        @Override
        public void requeue(TaskCell<?> task) {
            ready.add(task);
        }

        @Override
        public Timers timers() {
            throw new AssertionError("nothing here needs a clock");
        }

        @Override
        public void ended(TaskCell<?> task) {}

        @Override
        public @Nullable String whyNotBlock(long taskId) {
            return null;
        }
    }

    private final ByHand queue = new ByHand();

    @Nested
    class ACancellation {
        @Test
        void reachesTheChildrenOfAChildThatEndsMeanwhile() {
            TaskCell<Object> root = queue.spawn(null, _ -> Poll.pending());
            boolean[] end = {false};
            TaskCell<Object> child =
                    queue.spawn(root, _ -> end[0] ? Poll.ready(true) : Poll.pending());
            TaskCell<Object> grandchild = queue.spawn(child, _ -> Poll.pending());
            TaskCell<Object> last = queue.spawn(grandchild, _ -> Poll.pending());
            queue.runAll();
            // The root is marked and its children are read; then the child ends, and only then the
            // cancellation comes to it.
            queue.beforeEnqueue =
                    () -> {
                        end[0] = true;
                        child.wake();
                        queue.runAll();
                    };
            root.cancel();
            queue.runAll();

            assertEquals(TaskState.COMPLETED, child.state());
            assertEquals(TaskState.CANCELLED, root.state());
            assertEquals(TaskState.CANCELLED, grandchild.state());
            assertEquals(TaskState.CANCELLED, last.state());
        }
    }

    @Nested
    class ALateChild {
        @Test
        void hearsOfACancelledTaskBetweenTheEndedOneAndTheOneItIsGivenTo() {
            TaskCell<Object> root = queue.spawn(null, _ -> Poll.pending());
            TaskCell<Object> cancelled = queue.spawn(root, _ -> Poll.pending());
            TaskCell<Object> ended = queue.spawn(cancelled, _ -> Poll.ready(true));
            queue.runAll();
            cancelled.cancel();
            queue.runAll();
            TaskCell<Object> late = queue.spawn(ended, _ -> Poll.pending());
            queue.runAll();

            assertEquals(TaskState.CANCELLED, late.state());
            assertEquals(TaskState.WAITING, root.state());
        }
    }

    @Nested
    class AnEnd {
        private @Nullable TaskCell<Object> task;
        private final List<TaskState> seen = new ArrayList<>();

        private TaskState state() {
            return Objects.requireNonNull(task).state();
        }

        /** Waits for ever; looks at the task when it is given up. */
        private final class Looking extends Wait {
            Looking(Context context) {
                attach(context);
            }

            @Override
            public void abort() {
                seen.add(state());
            }
        }

        /** Answers as it is told, amid a wait. */
        private final class Waiting implements Pollable<Object> {
            private final Poll<Object> answer;

            Waiting(Poll<Object> answer) {
                this.answer = answer;
            }

            @Override
            public Poll<Object> poll(Context context) {
                var _ = new Looking(context);
                return answer;
            }

            @Override
            public void cancelled() {
                seen.add(state());
            }
        }

        @Test
        void isSeenOnceWaitsAreGivenUp() {
            task = queue.spawn(null, new Waiting(Poll.ready(1)));
            queue.runAll();

            assertEquals(TaskState.COMPLETED, state());
            assertEquals(List.of(TaskState.RUNNING), seen);
        }

        @Test
        void byCancellationIsSeenOnceThePollableAndItsWaitsAreGivenUp() {
            task = queue.spawn(null, new Waiting(Poll.pending()));
            queue.runAll();
            Objects.requireNonNull(task).cancel();
            queue.runAll();

            assertEquals(TaskState.CANCELLED, state());
            assertEquals(List.of(TaskState.RUNNING, TaskState.RUNNING), seen);
        }

        @Test
        void byCancellationDuringAPollIsSeenAsLate() {
            var running = new Waiting(Poll.pending());
            task =
                    queue.spawn(
                            null,
                            new Pollable<>() {
                                @Override
                                public Poll<Object> poll(Context context) {
                                    Objects.requireNonNull(task).cancel();
                                    context.waker().wake();
                                    return running.poll(context);
                                }

                                @Override
                                public void cancelled() {
                                    running.cancelled();
                                    Objects.requireNonNull(task).wake(); // too late
                                }
                            });
            queue.runAll();

            assertEquals(TaskState.CANCELLED, state());
            assertEquals(List.of(TaskState.RUNNING, TaskState.RUNNING), seen);
        }

        @Test
        void byCancellationIsHeardByChildrenThatComeLater() {
            TaskCell<Object> root = queue.spawn(null, _ -> Poll.pending());
            root.cancel();
            queue.runAll();
            TaskCell<Object> late = queue.spawn(root, _ -> Poll.pending());
            queue.runAll();

            assertEquals(TaskState.CANCELLED, late.state());
        }
    }
}
