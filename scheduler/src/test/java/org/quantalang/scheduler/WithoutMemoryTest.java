package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Fills the Java heap to its last object at a moment that matters, and empties it afterwards: no
 * task may be lost. In a virtual machine of its own, with a small heap.
 */
@Timeout(240)
class WithoutMemoryTest {
    private static final long LIMIT_SECONDS = 120;

    @TempDir private Path directory;

    /** When there is no memory. */
    enum Moment {
        SPAWN,
        SPAWN_OF_A_CHILD,
        WAKE_OF_MANY,
        END_OF_THE_FIRST_TASKS
    }

    @ParameterizedTest
    @EnumSource
    void leavesNoTaskBehind(Moment moment) throws Exception {
        Path output = directory.resolve("output");
        var command =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx16m",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                Path.of("target", "test-classes").toAbsolutePath().toString(),
                                System.getProperty("jdk.module.path", ""),
                                System.getProperty("java.class.path")),
                        Program.class.getName(),
                        moment.name());
        command.environment().remove("JAVA_TOOL_OPTIONS");
        command.environment().remove("JDK_JAVA_OPTIONS");
        command.redirectErrorStream(true).redirectOutput(output.toFile());
        Process process = command.start();
        try {
            boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            assertTrue(ended, () -> "hangs: " + read(output));
        } finally {
            process.destroyForcibly();
        }
        // A worker may have reported before that memory ran out.
        assertTrue(
                read(output).strip().endsWith("refused" + System.lineSeparator() + "closed"),
                () -> read(output));
        assertEquals(0, process.exitValue());
    }

    private static String read(Path output) {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What runs in the small heap. Between filling and emptying it makes and prints nothing. */
    static final class Program {
        private static final int MANY = 600; // more than a queue of the injector holds at first
        private static final Pollable<Boolean> NOTHING = _ -> Poll.ready(true);
        private static final Object[] NONE = {};
        private static volatile Object[] held = NONE;

        private Program() {}

        public static void main(String[] arguments) throws Exception {
            Moment moment = Moment.valueOf(arguments[0]);
            boolean refused;
            try (TaskExecutor executor =
                    TaskExecutor.start(ExecutorConfig.defaults().withWorkers(1))) {
                refused =
                        switch (moment) {
                            case SPAWN -> spawn(executor);
                            case SPAWN_OF_A_CHILD -> spawnChildren(executor);
                            case WAKE_OF_MANY -> wakeMany(executor);
                            case END_OF_THE_FIRST_TASKS -> end(executor);
                        };
            }
            System.out.println(refused ? "refused" : "not refused");
            System.out.println("closed");
        }

        /** Leaves room for no object, however small. */
        private static void fill() {
            int length = 1 << 20;
            while (length > 0) {
                try {
                    var more = new Object[length];
                    more[0] = held;
                    held = more;
                } catch (OutOfMemoryError e) {
                    length /= 2;
                }
            }
        }

        private static void empty() {
            held = NONE;
        }

        private static boolean spawn(TaskExecutor executor) throws InterruptedException {
            executor.spawn(NOTHING).join();
            fill();
            try {
                while (true) {
                    JoinHandle<Boolean> _ = executor.spawn(NOTHING);
                }
            } catch (OutOfMemoryError e) {
                return true;
            } finally {
                empty();
            }
        }

        private static boolean spawnChildren(TaskExecutor executor) throws InterruptedException {
            JoinHandle<Boolean> parent = executor.spawn(_ -> Poll.pending());
            executor.spawnChild(parent, NOTHING).join();
            boolean refused = false;
            fill();
            try {
                while (true) {
                    JoinHandle<Boolean> _ = executor.spawnChild(parent, NOTHING);
                }
            } catch (OutOfMemoryError e) {
                refused = true;
            }
            empty();
            while (!parent.children().isEmpty()) {
                Thread.onSpinWait();
            }
            parent.cancel();
            return refused;
        }

        private static boolean wakeMany(TaskExecutor executor) throws InterruptedException {
            List<Oneshot<Boolean>> values = new ArrayList<>();
            List<JoinHandle<Boolean>> tasks = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                var value = new Oneshot<Boolean>();
                values.add(value);
                tasks.add(executor.spawn(value));
            }
            while (executor.stats().polls() < MANY) {
                Thread.onSpinWait();
            }
            var go = new CountDownLatch(1);
            JoinHandle<Boolean> busy =
                    executor.spawn(
                            _ -> {
                                go.await();
                                return Poll.ready(true);
                            });
            fill();
            for (int i = 0; i < MANY; i++) {
                values.get(i).send(true);
            }
            boolean refused = isFull();
            empty();
            go.countDown();
            busy.join();
            for (JoinHandle<Boolean> task : tasks) {
                task.join();
            }
            return refused;
        }

        private static boolean isFull() {
            try {
                return new Object[1].length == 0;
            } catch (OutOfMemoryError e) {
                return true;
            }
        }

        private static boolean end(TaskExecutor executor) throws InterruptedException {
            var refusal = new OutOfMemoryError("prepared");
            Pollable<Boolean> fails =
                    _ -> {
                        fill();
                        throw refusal;
                    };
            List<JoinHandle<Boolean>> tasks = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                tasks.add(executor.spawn(fails));
            }
            for (int i = 0; i < tasks.size(); i++) {
                while (!tasks.get(i).isFinished()) {
                    Thread.onSpinWait();
                }
            }
            empty();
            try {
                tasks.getFirst().join();
                return false;
            } catch (TaskFailedException e) {
                return refusal.equals(e.getCause());
            }
        }
    }
}
