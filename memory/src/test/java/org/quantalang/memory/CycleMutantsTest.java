package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Leaves out each rule of the collector in turn and asks that the tests notice. The source text is
 * changed and compiled aside, and the programs run on it in a process of their own, since a
 * collector that frees live objects may well crash it.
 */
class CycleMutantsTest {
    /** What runs on the mutant. */
    enum Killer {
        /** {@link RandomProgram}, in all configurations. */
        RANDOM,
        /** {@link SteppedPrograms}. */
        STEPPED
    }

    /** A rule, and the text that is replaced to leave it out. */
    @SuppressWarnings("StringConcatToTextBlock") // the indentation is part of what is replaced
    enum Mutant {
        TOUCHED_MEMBER_IS_LIVE(
                Killer.STEPPED,
                "SlicedTrace",
                "(word & COLOUR_MASK) == GRAY\n                && ",
                ""),
        TOUCHED_IS_CHECKED_AGAIN_BY_VERIFICATION(
                Killer.STEPPED,
                "SlicedTrace",
                "if (startFrom(header)) {\n                // Touched",
                "if (!SideCount.explained(getLong(header + SideCount.WORD), getLong(header))"
                        + " && startFrom(header)) {\n                // Touched"),
        SLICED_LIVENESS_SPREADS(
                Killer.RANDOM,
                "SlicedTrace",
                "            makeLive(header);\n"
                        + "            return true;\n"
                        + "        }\n"
                        + "        return false;",
                "        }\n        return false;"),
        DEAD_MEMBER_THAT_WAITS_HOLDS(
                Killer.STEPPED,
                "SlicedTrace",
                "return HeaderWord.has(word, HeaderWord.DYING) && spreadFrom(header)",
                "return false"),
        WHAT_WAS_LEFT_OUT_MAY_BE_GARBAGE(
                Killer.STEPPED,
                "SlicedTrace",
                "!leftOut && candidates.isEmpty()",
                "candidates.isEmpty()"),
        WAITING_CANDIDATE_MAY_MEAN_MORE_GARBAGE(
                Killer.STEPPED, "SlicedTrace", "!leftOut && candidates.isEmpty()", "!leftOut"),
        CANDIDATE_SEEN_MEANWHILE_MAY_MEAN_MORE_GARBAGE(
                Killer.STEPPED, "SlicedTrace", " && counters.candidates == candidatesBefore", ""),
        MEMBER_THAT_CAME_BACK_IS_NOT_CLAIMED(
                Killer.RANDOM,
                "SlicedTrace",
                "HeaderWord.alive(getLong(header)) && isMember(header) && !live(header)",
                "HeaderWord.alive(getLong(header)) && !live(header)"),
        JOINT_LIVENESS_SPREADS(
                Killer.RANDOM,
                "JointTrace",
                "if (SideCount.epoch(note) == memberEpoch && (note & LIVE) == 0) {",
                "if (false) {"),
        EXPLAINED_MEMBER_IS_A_SUSPECT(Killer.RANDOM, "JointTrace", "suspects += explained;", ""),
        LOCAL_SUM_IS_ZERO(
                Killer.RANDOM, "LocalTrace", "if (unexplained == 0)", "if (unexplained <= 1)"),
        JOINT_SUM_IS_ZERO(
                Killer.RANDOM, "JointTrace", "if (unexplained == 0)", "if (unexplained <= 1)"),
        CANDIDATE_IS_HELD_ONLY_IF_NOTHING_WAS_LEFT_OUT(
                Killer.RANDOM, "LocalTrace", "heldOutside && !leftOut", "heldOutside"),
        CANDIDATE_IS_HELD_ONLY_FROM_OUTSIDE(
                Killer.RANDOM, "LocalTrace", "heldOutside && !leftOut", "!leftOut"),
        UNDECIDED_CANDIDATE_STAYS(
                Killer.STEPPED,
                "LocalCollector",
                "} else if (joint.leftOut) {",
                "} else if (false) {"),
        UNTRIED_CANDIDATE_STAYS(
                Killer.RANDOM,
                "LocalCollector",
                "            candidates.moveToOld(header, PURPLE);\n            return;",
                "            Candidates.drop(header, BUFFERED);\n            return;"),
        CANDIDATE_IN_TWO_BUFFERS_IS_ONE_MEMBER(
                Killer.RANDOM,
                "SlicedTrace",
                "} else if ((word & MEMBER) != 0) {\n                putLong(header, word & ~",
                "} else if (false) {\n                putLong(header, word & ~"),
        UNDECIDED_ROOT_OF_SLICES_STAYS(
                Killer.RANDOM, "SlicedTrace", "leftOut || (word & COLOUR_MASK) == PURPLE", "false"),
        BOUNDARY_OF_GARBAGE_BECOMES_CANDIDATE(
                Killer.RANDOM,
                "Disposal",
                "                candidates.lostReferences(header, after);\n"
                        + "            }\n"
                        + "        }\n",
                "            }\n        }\n"),
        LEAVES_OF_GARBAGE_ARE_RELEASED(
                Killer.RANDOM, "Disposal", "                reclaimer.drop(header);\n", ""),
        WHAT_ONE_LOOK_DOES_NOT_REACH_IS_LEFT_OUT(
                Killer.RANDOM,
                "LocalTrace",
                "|| !boundary.reserve(room >>> 3)) {\n"
                        + "                        return giveUp(candidate, true);",
                "|| !boundary.reserve(room >>> 3)) {\n"
                        + "                        return giveUp(candidate, false);"),
        ABANDONED_TRACE_TAKES_ITS_NOTES_AWAY(
                Killer.RANDOM,
                "LocalTrace",
                "        forgetNotes(set);\n        forgetNotes(boundary);\n",
                ""),
        DYING_OBJECT_IS_NOT_FREED_BY_ITS_WEAK_FIELD(
                Killer.STEPPED,
                "Disposal",
                "(getLong(header) & ~STRONG_MASK) | HeaderWord.DYING",
                "getLong(header) & ~STRONG_MASK"),
        NOTES_GO_WHEN_EPOCHS_START_ANEW(
                Killer.RANDOM, "Epochs", "survives ? SideCount.inEpoch(renamed) | low : 0", "note"),
        MEMBER_KEEPS_ITS_BLOCK(
                Killer.STEPPED,
                "../count/Reclaimer",
                "HeaderWord.HELD_BY_BUFFER)) != 0) {",
                "HeaderWord.BUFFERED)) != 0) {"),
        CLAIMED_MEMBER_IS_NOT_UPGRADED(
                Killer.STEPPED,
                "SlicedTrace",
                "return !garbage || phase.compareTo(Phase.RELEASE) < 0",
                "return true"),
        REFERENCE_TAKEN_OUT_TOUCHES(
                Killer.STEPPED,
                "../../ConfinedObjects",
                "touchIfMember(old - HeaderWord.BYTES);",
                ""),
        NOTHING_IS_MOVED_INTO_WHAT_IT_ALONE_HOLDS(
                Killer.RANDOM,
                "../../../../../../../test/java/org/quantalang/memory/RandomProgram",
                "leaking || reachable().get(holder)",
                "true"),
        MARKING_SPREADS(Killer.RANDOM, "RootTrace", "slots(getLong(at), enter);", ""),
        REFERENCES_FROM_UNREACHED_ARE_RELEASED(
                Killer.RANDOM,
                "RootTrace",
                "References.releaseSlots(types.of(header), header, release);",
                ""),
        WHAT_A_SURVIVOR_REFERS_TO_COMES_BACK(
                Killer.RANDOM, "RootTrace", "(note & LIVE) != 0 || ", ""),
        WHAT_IS_RETAINED_ANEW_COMES_BACK(
                Killer.RANDOM, "RootTrace", " || outsideOf(header) - 1 > getLong(before)", ""),
        WHAT_CAME_BACK_HOLDS_OTHERS(Killer.RANDOM, "RootTrace", "slots(getLong(at), spread);", ""),
        UNREACHED_DESTRUCTORS_RUN(
                Killer.RANDOM, "RootTrace", "if (mustDestroy && !destroy())", "if (false)"),
        TRACING_DOES_NOTHING_INSIDE_DESTRUCTORS(
                Killer.RANDOM,
                "../../ConfinedHeap",
                "if (reclaimer.draining() || cycles.collecting()) {\n            return",
                "if (cycles.collecting()) {\n            return");

        private final Killer killer;
        private final String file;
        private final String rule;
        private final String without;

        Mutant(Killer killer, String file, String rule, String without) {
            this.killer = killer;
            this.file = file;
            this.rule = rule;
            this.without = without;
        }
    }

    /** A collector that never ends is noticed too: its process is ended with another code. */
    private static final Duration LONGEST = Duration.ofMinutes(4);

    private static final Path SOURCES =
            Path.of("src/main/java/org/quantalang/memory/internal/cycle");

    @ParameterizedTest
    @EnumSource
    void isOnceInTheSource(Mutant mutant) throws Exception {
        String text = Files.readString(source(mutant));
        int at = text.indexOf(mutant.rule);
        assertTrue(
                at >= 0 && text.indexOf(mutant.rule, at + 1) < 0,
                "not once in the source: " + mutant);
    }

    @Tag("soak")
    @ParameterizedTest
    @EnumSource
    void isKilled(Mutant mutant, @TempDir Path directory) throws Exception {
        assertNotEquals(0, run(mutant.killer, mutate(mutant, directory)), "survived: " + mutant);
    }

    @Tag("soak")
    @ParameterizedTest
    @EnumSource
    void passesWithAllRules(Killer killer) throws Exception {
        assertEquals(0, run(killer));
    }

    private static Path source(Mutant mutant) {
        return SOURCES.resolve(mutant.file + ".java").normalize();
    }

    /** Compiles the changed source; returns the folder of its classes. */
    private static String mutate(Mutant mutant, Path directory) throws Exception {
        Path source = source(mutant);
        String text = Files.readString(source);
        Path changed = directory.resolve(source.getFileName().toString());
        Files.writeString(changed, text.replace(mutant.rule, mutant.without));
        Path classes = Files.createDirectory(directory.resolve("classes"));
        assertEquals(
                0,
                exitCode(
                        ChildJvm.tool(
                                "javac",
                                List.of(
                                        "-nowarn",
                                        "-cp",
                                        ChildJvm.classPath(),
                                        "-d",
                                        classes.toString(),
                                        changed.toString()))),
                "does not compile: " + mutant);
        return classes.toString();
    }

    /** Runs the program with these classes before those of the tests. */
    private static int run(Killer killer, String... classes) throws Exception {
        List<String> flags =
                new ArrayList<>(List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null"));
        for (String folder : classes) {
            flags.addAll(List.of("-cp", folder + File.pathSeparator + ChildJvm.classPath()));
        }
        return exitCode(
                switch (killer) {
                    case STEPPED -> ChildJvm.java(flags, SteppedPrograms.class.getName());
                    case RANDOM ->
                            ChildJvm.java(flags, RandomProgram.class.getName(), "0", "299", "4000");
                });
    }

    private static int exitCode(ProcessBuilder program) throws IOException, InterruptedException {
        return ChildJvm.finish(program, LONGEST).exitCode();
    }
}
