package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.memory.ChildJvm.Outcome;

import java.util.List;

/** Properties that tune heaps, in a process of its own for each value. */
class TuningPropertyTest {
    private static final String NUMBER = "a whole number from ";
    private static final String END = "140737488355328";

    private static Outcome run(String... flags) throws Exception {
        return ChildJvm.finish(ChildJvm.java(List.of(flags), Program.class.getName()));
    }

    /** What makes the program read a property. */
    private static String readers(String property) {
        return switch (property) {
            case "quanta.heap.sample" -> "-Dquanta.heap.checked=sampled";
            case "quanta.heap.arenaBytes" -> "-Dquanta.heap.pageSource=arena";
            default -> "-Dquanta.heap.checked=full";
        };
    }

    @ParameterizedTest
    @CsvSource({
        "quanta.heap.sample, abc, 4194304, 1 to " + END,
        "quanta.heap.sample, '', 4194304, 1 to " + END,
        "quanta.heap.sample, 0, 4194304, 1 to " + END,
        "quanta.heap.sample, 99999999999999999999, 4194304, 1 to " + END,
        "quanta.heap.quarantine, -1, 16777216, 0 to " + END,
        "quanta.heap.frames, -3, 12, 0 to 2147483647",
        "quanta.heap.frames, 4294967296, 12, 0 to 2147483647",
        "quanta.heap.arenaBytes, 64M, 67108864, 1048576 to " + END,
    })
    void aWrongNumberIsToldWithWhatIsAllowed(
            String property, String value, String taken, String range) throws Exception {
        assertToldOnce(property, value, taken, NUMBER + range);
    }

    @ParameterizedTest
    @CsvSource({
        "quanta.heap.pageSource, malloc, mmap, mmap or arena",
        "quanta.heap.stressCycles, yes, false, false or true",
        "quanta.heap.stressCycles, '', false, false or true",
    })
    void aWrongWordIsToldWithTheWordsThereAre(
            String property, String value, String taken, String words) throws Exception {
        assertToldOnce(property, value, taken, words);
    }

    private static void assertToldOnce(String property, String value, String taken, String allowed)
            throws Exception {
        Outcome outcome = run(readers(property), "-D%s=%s".formatted(property, value));

        assertEquals(0, outcome.exitCode(), outcome.output());
        String told =
                "no such value of a property, taking %s: %s=%s; use %s"
                        .formatted(taken, property, value, allowed);
        int at = outcome.output().indexOf(told);
        assertTrue(at >= 0 && outcome.output().indexOf(told, at + 1) < 0, outcome.output());
        assertFalse(outcome.output().contains("\tat "), outcome.output());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Dquanta.heap.sample=0x10000",
                "-Dquanta.heap.quarantine=0",
                "-Dquanta.heap.frames= 3 ",
                "-Dquanta.heap.pageSource=MMAP",
                "-Dquanta.heap.stressCycles=true"
            })
    void whatIsAllowedIsTakenInSilence(String flag) throws Exception {
        assertEquals(new Outcome(0, ""), run("-Dquanta.heap.checked=full", flag));
        assertEquals(new Outcome(0, ""), run("-Dquanta.heap.checked=sampled", flag));
    }

    @Test
    void aWrongLevelIsToldAsItWasGiven() throws Exception {
        ProcessBuilder program = ChildJvm.java(List.of(), Program.class.getName());
        program.environment().put("QUANTA_HEAP_CHECKED", "ful");
        String output = ChildJvm.finish(program).output();
        assertTrue(output.contains("taking full: QUANTA_HEAP_CHECKED=ful; use off,"), output);
    }

    /** Uses what the properties tune: pages, candidates of cycles, the quarantine and places. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            TypeInfo node = TypeInfo.builder("Node").reference("next", "Node").build();
            for (int heaps = 0; heaps < 2; heaps++) {
                try (ConfinedHeap heap = ConfinedHeap.open()) {
                    long object = heap.allocate(node);
                    heap.retain(object);
                    heap.release(object);
                    heap.release(object);
                }
            }
        }
    }
}
