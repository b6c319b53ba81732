package org.quantalang.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A simulation's current task, end and clock; what it refuses is in {@link WrongUseTest}. */
@Timeout(60)
class SimulationTest {
    @Test
    void withinATaskKnowsTheTaskThatRuns() throws Exception {
        try (TaskExecutor executor = TaskExecutor.start()) {
            JoinHandle<List<@Nullable Task>> outer =
                    executor.spawn(_ -> Poll.ready(currentAroundAndWithin(new Simulation(1))));
            assertEquals(List.of(outer, outer), outer.join());
        }
        var simulation = new Simulation(1);
        JoinHandle<List<@Nullable Task>> outer =
                simulation.spawn(_ -> Poll.ready(currentAroundAndWithin(new Simulation(2))));
        simulation.run();
        assertEquals(List.of(outer, outer), outer.join());
        assertNull(Task.current());
    }

    private static List<@Nullable Task> currentAroundAndWithin(Simulation inner) {
        Task before = Task.current();
        var within = new ArrayList<@Nullable Task>();
        JoinHandle<Boolean> task = inner.spawn(_ -> Poll.ready(within.add(Task.current())));
        inner.run();
        assertEquals(List.of(task), within);
        return Arrays.asList(before, Task.current());
    }

    @Test
    void endsWithItsLastTaskWhateverTimersAreLeft() {
        var simulation = new Simulation(1);
        simulation.spawn(
                context -> {
                    context.timers().schedule(1_000_000_000, () -> {});
                    return Poll.ready(1);
                });
        simulation.run();
        assertEquals(0, simulation.nanoTime());
    }

    @Test
    void sleepsBeyondWhatItsClockCanCount() {
        var simulation = new Simulation(1);
        JoinHandle<Integer> task = simulation.spawn(new SixSleeps());
        for (int i = 0; i < 10_000 && !task.isFinished(); i++) {
            simulation.step();
        }
        assertEquals(TaskState.COMPLETED, task.state());
    }

    private static final class SixSleeps implements Pollable<Integer> {
        private static final Duration LONG = Duration.ofDays(365 * 300);

        private Sleep sleep = Sleep.of(LONG);
        private int slept;

        @Override
        public Poll<Integer> poll(Context context) {
            while (sleep.poll(context).isReady()) {
                if (++slept == 6) {
                    return Poll.ready(slept);
                }
                sleep = Sleep.of(LONG);
            }
            return Poll.pending();
        }
    }
}
