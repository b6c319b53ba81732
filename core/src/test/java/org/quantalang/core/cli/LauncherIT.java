package org.quantalang.core.cli;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.core.cli.Checkout.Outcome;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The {@code quanta} script, run as a process of its own the way a user runs it. */
@Timeout(300)
class LauncherIT {
    @TempDir Path folder;

    @Nested
    class GivenWhatIsBuilt {
        @Test
        void printsTheVersionAndNothingElse() throws Exception {
            Outcome outcome = Checkout.built(folder).quanta("--version");

            assertAll(
                    () -> assertEquals(0, outcome.exitCode()),
                    () -> assertTrue(outcome.out().startsWith("quanta 0."), outcome.out()),
                    () -> assertEquals("", outcome.err()));
        }

        @Test
        void staysSilentAboutOptionsForOtherJavaPrograms() throws Exception {
            Checkout checkout = Checkout.built(folder);
            ProcessBuilder command = checkout.command("./quanta", "info");
            command.environment().put("JAVA_TOOL_OPTIONS", "-Dany=thing");
            command.environment().put("JDK_JAVA_OPTIONS", "-Dany=thing");

            Outcome outcome = Checkout.finish(command.start());

            assertEquals(0, outcome.exitCode());
            assertEquals("", outcome.err());
        }

        @Test
        void startsThroughALinkFromAnotherFolder() throws Exception {
            Checkout checkout = Checkout.built(folder);
            Path link = folder.resolve("link");
            Files.createSymbolicLink(link, checkout.root().resolve("quanta"));

            Outcome outcome =
                    Checkout.finish(
                            checkout.command(link.toString(), "--version")
                                    .directory(folder.toFile())
                                    .start());

            assertEquals(0, outcome.exitCode(), outcome.err());
        }

        @Test
        void answersAnUnknownCommandWithCodeTwo() throws Exception {
            Outcome outcome = Checkout.built(folder).quanta("frobnicate");

            assertEquals(2, outcome.exitCode());
            assertEquals("", outcome.out());
            assertTrue(
                    outcome.err().startsWith("quanta: unknown command 'frobnicate'"),
                    outcome.err());
            assertNoStackTrace(outcome);
        }

        @Test
        void answersAnUnknownOptionWithCodeTwo() throws Exception {
            Outcome outcome = Checkout.built(folder).quanta("info", "--jsn");

            assertEquals(2, outcome.exitCode());
            assertEquals("", outcome.out());
            assertTrue(outcome.err().contains("'--jsn'"), outcome.err());
            assertTrue(outcome.err().contains("try 'quanta info --help'"), outcome.err());
            assertNoStackTrace(outcome);
        }

        @Test
        void endsQuietlyWhenNobodyReadsItsOutput() throws Exception {
            Checkout checkout = Checkout.built(folder);

            Outcome outcome =
                    Checkout.finish(
                            checkout.command(
                                            "bash",
                                            "-c",
                                            "{ sleep 0.1; ./quanta info; echo \"code $?\" >&2; } |"
                                                    + " true")
                                    .start());

            assertEquals("code 1", outcome.err().strip());
        }
    }

    @Nested
    class GivenASurroundingThatIsNotTheUsual {
        @Test
        void needsNoHome() throws Exception {
            ProcessBuilder command = Checkout.built(folder).command("./quanta", "--version");
            command.environment().remove("HOME");

            assertPrintsTheVersion(Checkout.finish(command.start()));
        }

        @Test
        void findsItsFolderBesideACdPath() throws Exception {
            Checkout checkout = Checkout.built(folder);
            ProcessBuilder command = checkout.command("checkout/quanta", "--version");
            command.environment().put("CDPATH", folder.toString());

            assertPrintsTheVersion(Checkout.finish(command.directory(folder.toFile()).start()));
        }

        @ParameterizedTest
        @ValueSource(strings = {"C", "C.UTF-8", "no_SUCH.UTF-8"})
        void readsAndWritesUtf8WhateverTheLocale(String locale) throws Exception {
            Checkout checkout = Checkout.built(folder);
            byte[] text = "struct s { int été; };".getBytes(StandardCharsets.UTF_8);
            Files.write(checkout.root().resolve("declarations"), text);
            ProcessBuilder command =
                    inShell(
                            checkout,
                            "mv declarations $'\\xc3\\xa9t\\xc3\\xa9.c'; ./quanta layout --json"
                                    + " $'\\xc3\\xa9t\\xc3\\xa9.c'");
            command.environment().put("LC_ALL", locale);

            Outcome outcome = Checkout.finish(command.start());

            assertEquals(0, outcome.exitCode(), outcome.err());
            assertTrue(outcome.out().contains("\"name\" : \"été\""), outcome.out());
        }

        @Test
        void writesNumbersInDigitsThatProgramsReadWhateverTheLocale() throws Exception {
            Checkout checkout = Checkout.built(folder);
            Files.writeString(checkout.root().resolve("s.c"), "struct s { int 3; };");
            ProcessBuilder command = checkout.command("./quanta", "layout", "s.c");
            command.environment().put("QUANTA_JAVA_FLAGS", "-Duser.language=fa -Duser.country=IR");

            Outcome outcome = Checkout.finish(command.start());

            assertEquals(1, outcome.exitCode());
            assertTrue(outcome.err().startsWith("quanta: s.c: line 1, column 16: "), outcome.err());
        }

        @ParameterizedTest
        @ValueSource(strings = {"info", "--version", "help", "info --json"})
        void saysWhyItsOutputCannotBeWritten(String arguments) throws Exception {
            Checkout checkout = Checkout.built(folder);
            for (String to : List.of("> /dev/full", ">&-")) {
                Outcome outcome =
                        Checkout.finish(
                                inShell(checkout, "./quanta %s %s".formatted(arguments, to))
                                        .start());

                assertEquals(1, outcome.exitCode());
                assertEquals(
                        "quanta: cannot write to standard output: "
                                + (to.endsWith("full")
                                        ? "No space left on device\n"
                                        : "Bad file descriptor\n"),
                        outcome.err());
            }
        }

        @Test
        void doesNotReadAnotherFileForStandardInputThatIsClosed() throws Exception {
            Outcome outcome =
                    Checkout.finish(
                            inShell(Checkout.built(folder), "./quanta layout - <&-").start());

            assertEquals(1, outcome.exitCode());
            assertEquals("", outcome.out());
            assertEquals(
                    "quanta: cannot read standard input: Bad file descriptor\n", outcome.err());
        }

        private static ProcessBuilder inShell(Checkout checkout, String line) {
            return checkout.command("bash", "-c", line);
        }

        private static void assertPrintsTheVersion(Outcome outcome) {
            assertEquals("", outcome.err());
            assertTrue(outcome.out().startsWith("quanta 0."), outcome.out());
            assertEquals(0, outcome.exitCode());
        }
    }

    @Nested
    class GivenNoJdk {
        @Test
        void saysWhatItLookedForAndWhatToDo() throws Exception {
            ProcessBuilder command = Checkout.built(folder).command("./quanta", "info");
            command.environment().put("JAVA25_HOME", "/no/such/jdk");
            command.environment().put("QUANTA_JDK_SEARCH", "/no/such/folder");
            command.environment().put("PATH", pathWithoutJava());

            Outcome outcome = Checkout.finish(command.start());

            assertEquals(1, outcome.exitCode());
            assertEquals("", outcome.out());
            assertTrue(
                    outcome.err().contains("no JDK of version 25 or newer found"), outcome.err());
            assertTrue(outcome.err().contains("JAVA25_HOME=/no/such/jdk"), outcome.err());
            assertTrue(outcome.err().contains("/no/such/folder"), outcome.err());
            assertTrue(outcome.err().contains("set JAVA25_HOME to the folder"), outcome.err());
        }

        @Test
        void asksForExactlyTheBuildsVersionBeforeABuild() throws Exception {
            ProcessBuilder command = Checkout.built(folder).command(".mvn/find-jdk", "build");
            command.environment().put("JAVA25_HOME", "/no/such/jdk");
            command.environment().put("QUANTA_JDK_SEARCH", "/no/such/folder");
            command.environment().put("PATH", pathWithoutJava());

            Outcome outcome = Checkout.finish(command.start());

            assertEquals(1, outcome.exitCode());
            assertTrue(
                    outcome.err().startsWith("quanta: no JDK of version 25 found"), outcome.err());
        }

        /** A folder with the tools that the script calls, so that no java is on the path. */
        private String pathWithoutJava() throws IOException {
            Path bin = Files.createDirectories(folder.resolve("bin"));
            for (String tool : List.of("bash", "env", "find", "readlink", "cat")) {
                Path from = Path.of("/usr/bin", tool);
                Files.createSymbolicLink(
                        bin.resolve(tool), Files.exists(from) ? from : Path.of("/bin", tool));
            }
            return bin.toString();
        }
    }

    @Nested
    class GivenSourcesToBuild {
        @Test
        void buildsOnceAndThenStartsWithoutBuilding() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);

            Outcome first = checkout.quanta("--version");
            Outcome second = checkout.quanta("--version");

            assertEquals(0, first.exitCode(), first.err());
            assertTrue(first.err().contains("first start: building"), first.err());
            assertEquals(0, second.exitCode(), second.err());
            assertEquals("", second.err());
            assertEquals(1, checkout.mavenRuns());
        }

        @Test
        void namesEachModuleThatItBuildsWhereNoTerminalIs() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);
            checkout.installMaven(
                    """
                    echo '[INFO] Building Quanta ABI 0'
                    sleep 2
                    echo '[INFO] Building Quanta memory 0'
                    sleep 2
                    """);

            Outcome outcome = checkout.quanta("--version");

            assertEquals(0, outcome.exitCode(), outcome.err());
            List<String> said =
                    outcome.err()
                            .lines()
                            .map(line -> line.replaceAll("[0-9]+ s", "N s"))
                            .distinct() // a slow machine gives a second sign of life
                            .toList();
            assertEquals(
                    List.of(
                            "quanta: first start: building, about a minute",
                            "quanta: building ABI (N s)",
                            "quanta: building memory (N s)"),
                    said);
            assertTrue(outcome.out().startsWith("quanta 0."), outcome.out());
        }

        @Test
        void buildsAgainWhenASourceIsNewer() throws Exception {
            Checkout checkout = Checkout.built(folder);
            checkout.touchASource();

            Outcome outcome = checkout.quanta("--version");

            assertEquals(0, outcome.exitCode(), outcome.err());
            assertTrue(
                    outcome.err().contains("memory/src/main/Source.java is newer"), outcome.err());
            assertEquals(1, checkout.mavenRuns());
        }

        @Test
        void buildsOnceForTwoFirstStartsAtTheSameTime() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);
            checkout.installMaven("sleep 1");

            Process one = checkout.command("./quanta", "--version").start();
            Process other = checkout.command("./quanta", "--version").start();
            Outcome outcomeOfOne = Checkout.finish(one);
            Outcome outcomeOfOther = Checkout.finish(other);

            assertEquals(0, outcomeOfOne.exitCode(), outcomeOfOne.err());
            assertEquals(0, outcomeOfOther.exitCode(), outcomeOfOther.err());
            assertEquals(1, checkout.mavenRuns());
        }

        @Test
        void keepsTheOldBuildWhenTheNewOneFails() throws Exception {
            Checkout checkout = Checkout.built(folder);
            checkout.touchASource();
            checkout.installMaven("echo '[ERROR] Source.java:[1,1] broken'; exit 1");

            Outcome outcome = checkout.quanta("--version");

            assertEquals(1, outcome.exitCode());
            assertTrue(outcome.err().contains("Source.java:[1,1] broken"), outcome.err());
            assertTrue(outcome.err().contains("the build failed"), outcome.err());
            assertEquals(List.of("app", "app-0", "build.log", "lock"), state(checkout));
        }

        @Test
        void leavesNothingHalfBuiltWhenInterrupted() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);
            checkout.installMaven("sleep 60");

            Process start = checkout.command("./quanta", "--version").start();
            while (checkout.mavenRuns() == 0) {
                assertTrue(start.isAlive());
                Thread.onSpinWait();
            }
            List<ProcessHandle> children = start.descendants().toList();
            interrupt(start);
            Outcome outcome = Checkout.finish(start);

            assertEquals(130, outcome.exitCode(), outcome.err());
            assertEquals(List.of("build.log", "lock"), state(checkout));
            for (ProcessHandle child : children) {
                child.onExit().get(10, TimeUnit.SECONDS);
            }
        }

        @Test
        void endsWhenInterruptedWhileACommandOfItsOwnRuns() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);
            checkout.installTool("mkdir", "#!/bin/sh\nkill -INT $PPID\nexec /bin/mkdir \"$@\"\n");

            Outcome outcome = checkout.quanta("--version");

            assertEquals(130, outcome.exitCode(), outcome.err());
            assertEquals(0, checkout.mavenRuns());
        }

        private static List<String> state(Checkout checkout) throws IOException {
            try (Stream<Path> files = Files.list(checkout.root().resolve(".quanta"))) {
                return files.map(file -> file.getFileName().toString()).sorted().toList();
            }
        }
    }

    @Nested
    class GivenAFolderThatCannotBeWrittenTo {
        @Test
        void runsWhatIsBuiltAlthoughSourcesAreNewer() throws Exception {
            Checkout checkout = Checkout.built(folder);
            checkout.touchASource();

            Outcome outcome = startAsReader(checkout);

            assertEquals(0, outcome.exitCode(), outcome.err());
            assertEquals(0, checkout.mavenRuns());
        }

        @Test
        void saysWhatToDoWhenNothingIsBuilt() throws Exception {
            Checkout checkout = Checkout.withNothingBuilt(folder);

            Outcome outcome = startAsReader(checkout);

            assertEquals(1, outcome.exitCode());
            assertEquals("", outcome.out());
            assertTrue(outcome.err().contains("nothing is built yet"), outcome.err());
            assertTrue(outcome.err().contains("cannot be written to; run ./quanta once"));
        }

        /** Root may write anywhere, so root starts the command as the user nobody. */
        private static Outcome startAsReader(Checkout checkout) throws Exception {
            boolean root = System.getProperty("user.name").equals("root");
            if (!root) {
                assertTrue(checkout.root().toFile().setWritable(false));
                Path state = checkout.root().resolve(".quanta");
                assertTrue(!Files.exists(state) || state.toFile().setWritable(false));
            }
            ProcessBuilder command =
                    root
                            ? checkout.command(
                                    "setpriv",
                                    "--reuid=65534",
                                    "--regid=65534",
                                    "--clear-groups",
                                    "./quanta",
                                    "--version")
                            : checkout.command("./quanta", "--version");
            return Checkout.finish(command.start());
        }
    }

    static void interrupt(Process process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    }

    static void assertNoStackTrace(Outcome outcome) {
        assertFalse(outcome.err().contains("\tat "), outcome.err());
    }
}
