package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Failures that nobody can ask for. */
@Timeout(60)
class FailureHandlerTest {
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final ExecutorConfig config =
            ExecutorConfig.defaults()
                    .withWorkers(1)
                    .withFailureHandler((id, failure) -> told.add(id + " " + failure.getMessage()));

    /** Collects garbage until the handler is told, or for a while. */
    private @Nullable String toldAfterGarbageCollections(int most) throws InterruptedException {
        String first = null;
        for (int i = 0; i < most && first == null; i++) {
            System.gc();
            first = told.poll(20, TimeUnit.MILLISECONDS);
        }
        return first;
    }

    private static Pollable<Integer> failing(String message) {
        return _ -> {
            throw new IllegalStateException(message);
        };
    }

    @Nested
    class ACommandThatFails {
        @Test
        void isToldOfBeforeTheExecutorIsClosed() {
            try (TaskExecutor executor = TaskExecutor.start(config)) {
                executor.asExecutor()
                        .execute(
                                () -> {
                                    throw new IllegalStateException("command");
                                });
            }
            assertEquals("1 command", told.poll());
            assertNull(told.poll());
        }

        @Test
        void goesToTheThreadsUncaughtExceptionHandlerByDefault() throws Exception {
            var uncaught = new CompletableFuture<Throwable>();
            try (TaskExecutor executor = TaskExecutor.start(ExecutorConfig.defaults())) {
                executor.asExecutor()
                        .execute(
                                () -> {
                                    Thread.currentThread()
                                            .setUncaughtExceptionHandler(
                                                    (_, failure) -> uncaught.complete(failure));
                                    throw new AssertionError("command");
                                });
                assertEquals("command", uncaught.get().getMessage());
            }
        }

        @Test
        void leavesTheWorkerAliveAlthoughTheHandlerFailsToo() throws Exception {
            ExecutorConfig failing =
                    config.withFailureHandler(
                            (_, failure) -> {
                                throw new IllegalStateException("handler", failure);
                            });
            try (TaskExecutor executor = TaskExecutor.start(failing)) {
                executor.asExecutor()
                        .execute(
                                () -> {
                                    Thread.currentThread()
                                            .setUncaughtExceptionHandler(
                                                    (_, failure) -> told.add(failure.getMessage()));
                                    throw new IllegalStateException("command");
                                });
                assertEquals(1, executor.spawn(_ -> Poll.ready(1)).join());
            }
            assertEquals("handler", told.poll());
        }
    }

    @Nested
    class ATaskThatFails {
        @Test
        @SuppressWarnings("FutureReturnValueIgnored") // what is tested
        void isToldOfOnceItsHandleIsGarbage() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start(config)) {
                executor.spawn(failing("dropped"));
                assertEquals("1 dropped", toldAfterGarbageCollections(500));
            }
        }

        @Test
        void isNotToldOfWhileItsHandleIsHeld() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start(config)) {
                JoinHandle<Integer> task = executor.spawn(failing("held"));
                while (!task.isFinished()) {
                    Thread.onSpinWait();
                }
                assertNull(toldAfterGarbageCollections(5));
                assertThrows(TaskFailedException.class, task::join);
            }
        }

        @Test
        void isNotToldOfIfSomebodyAsked() throws Exception {
            try (TaskExecutor executor = TaskExecutor.start(config)) {
                joinPollAndTurnIntoAFuture(executor);
                assertNull(toldAfterGarbageCollections(10));
                assertThrows(
                        TaskFailedException.class, executor.spawn(failing("joined again"))::join);
            }
        }

        /** In a method of its own, so that no local variable holds a handle. */
        private static void joinPollAndTurnIntoAFuture(TaskExecutor executor) {
            assertThrows(TaskFailedException.class, executor.spawn(failing("joined"))::join);
            JoinHandle<Integer> polled = executor.spawn(failing("polled"));
            assertThrows(
                    TaskFailedException.class,
                    executor.spawn(context -> polled.poll(context))::join);
            assertThrows(
                    ExecutionException.class, executor.spawn(failing("future")).toFuture()::get);
        }
    }
}
