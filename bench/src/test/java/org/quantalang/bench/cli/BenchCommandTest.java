package org.quantalang.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantalang.core.cli.Quanta;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String arguments) {
        return Quanta.execute(
                new PrintWriter(out), new PrintWriter(err), ("bench " + arguments).split(" ", -1));
    }

    private List<String> memberNames() throws IOException {
        return memberNames(out.toString(), 1);
    }

    private static List<String> memberNames(String text, int deepest) throws IOException {
        var names = new ArrayList<String>();
        int depth = 0;
        try (var json = new JsonFactory().createParser(text)) {
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                if (token == JsonToken.FIELD_NAME && depth <= deepest) {
                    names.add(json.currentName());
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            }
        }
        return names;
    }

    @Nested
    class GivenJson {
        @Test
        void hasTheMembersOfAResult() throws IOException {
            assertEquals(0, bench("trees --depth 6 --repetitions 2 --json"), err.toString());
            assertEquals(
                    List.of(
                            "workload",
                            "parameters",
                            "unit",
                            "repetitions",
                            "nsPerUnit",
                            "peakResidentBytes",
                            "heapResidentBytes"),
                    memberNames());
        }

        @Test
        void hasThePercentilesOfWakesForEveryScheduler() throws IOException {
            assertEquals(0, bench("wakes --samples 20 --pause 50 --json"), err.toString());
            assertEquals(
                    List.of("workload", "workers", "samples", "pauseMicros", "latencyMicros"),
                    memberNames());
            String compact = out.toString().replaceAll("\\s", "");
            for (String engine :
                    List.of("quanta", "fork-join", "virtual-threads", "kotlin", "cats-effect")) {
                assertTrue(compact.contains('"' + engine + "\":{\"p50\":"), compact);
            }
        }

        @Test
        void hasTheWorstBatchOfCycles() throws IOException {
            assertEquals(
                    0,
                    bench("cycles --live 100 --dropped 5000 --repetitions 2 --json"),
                    err.toString());
            assertTrue(
                    memberNames().containsAll(List.of("worstBatchMicros", "finalMicros")),
                    out.toString());
        }
    }

    @Nested
    class GivenASharedHeap {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "trees --depth 6",
                    "chain --length 1000",
                    "lru --capacity 100 --keys 1000 --accesses 5000",
                    "counts --pattern one --pairs 2000",
                    "counts --pattern shared --pairs 2000",
                    "counts --pattern disjoint --pairs 2000",
                    "trees --threads 2 --depth 6",
                    "alloc --pattern fifo --count 20000",
                    "alloc --pattern cross --count 20000"
                })
        void runsTheWorkload(String arguments) {
            assertEquals(0, bench(arguments + " --heap shared --repetitions 2"), err.toString());
        }

        @ParameterizedTest
        @ValueSource(strings = {"cycles", "mutate"})
        void isWrongUseForWhatMeasuresTheOtherCollector(String workload) {
            assertEquals(2, bench(workload + " --heap shared"));
            assertTrue(err.toString().contains("use --heap confined"), err.toString());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "counts --pattern shared",
                    "counts --pattern disjoint",
                    "alloc --pattern cross",
                    "trees --threads 2"
                })
        void isNeededForTwoThreads(String arguments) {
            assertEquals(2, bench(arguments));
            assertTrue(err.toString().contains("use --heap shared"), err.toString());
        }
    }

    @Nested
    class GivenTheHandleTier {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "counts --pattern one --pairs 2000",
                    "counts --pattern many --pairs 2000",
                    "lru --capacity 100 --keys 1000 --accesses 5000"
                })
        void computesTheSame(String arguments) {
            String one = arguments + " --repetitions 1 --plain";
            assertEquals(0, bench(one), err.toString());
            String checksum = checksum();
            assertEquals(0, bench(one + " --tier handle"), err.toString());
            assertEquals(checksum, checksum());
            assertEquals(0, bench(one + " --tier handle --heap shared"), err.toString());
            assertEquals(checksum, checksum());
        }

        private String checksum() {
            String text = out.toString();
            int last = text.lastIndexOf("checksum=");
            return text.substring(last, text.indexOf('\n', last));
        }

        @Test
        void isForOneThread() {
            assertEquals(2, bench("counts --pattern shared --tier handle --heap shared"));
            assertTrue(err.toString().contains("has no patterns of two threads"), err.toString());
        }
    }

    @Nested
    class GivenTasks {
        @Test
        void hasTheMembersOfAResult() throws IOException {
            assertEquals(
                    0,
                    bench("tasks chained --warmup 0 --repetitions 2 --workers 2 --json"),
                    err.toString());
            assertEquals(
                    List.of(
                            "workload",
                            "parameters",
                            "unit",
                            "repetitions",
                            "nsPerUnit",
                            "peakResidentBytes",
                            "heapResidentBytes"),
                    memberNames());
            assertTrue(out.toString().contains("\"checksum\" : 500000"), out.toString());
        }

        @Test
        void takesAnyNumberOfThreadsForRemote() {
            assertEquals(0, bench("tasks remote-3 --warmup 0 --repetitions 1"), err.toString());
            assertTrue(out.toString().contains("threads=3"), out.toString());
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '"',
                value = {
                    "tasks no-such-row | no such row: row=no-such-row rows=spawn-local",
                    "tasks remote-65 | no such row: row=remote-65",
                    "tasks remote-0 | no such row: row=remote-0",
                    "tasks --workers 0 | --workers is out of range: value=0 range=1..48",
                    "tasks --workers 49 | --workers is out of range: value=49 range=1..48",
                    "tasks --workers two | invalid value for option '--workers'",
                    "tasks --repetitions 0 | --repetitions is out of range: value=0 range=1..",
                    "tasks yield --only go | --only chooses among the peers; add --peers",
                    "tasks --warmup -1 | --warmup is out of range: value=-1.0 range=0..60",
                    "tasks --peers --only tokio | no such peer: peer=tokio peers=fork-join"
                })
        void answersWrongUse(String arguments, String message) {
            assertEquals(2, bench(arguments));
            assertTrue(err.toString().contains(message), err.toString());
            assertEquals("", out.toString());
        }
    }

    @Nested
    class GivenMoreThanTheMachineHas {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "trees --depth 40",
                    "trees --depth 2147483647",
                    "chain --length 2000000000",
                    "chain --length 9000000000000000000",
                    "cycles --live 2000000000",
                    "cycles --size 2000000000 --dropped 2000000000",
                    "mutate --live 2000000000",
                    "lru --capacity 2000000000 --keys 2000000000"
                })
        void saysWhatItNeedsAndWhatThereIs(String arguments) {
            assertEquals(2, bench(arguments));
            assertTrue(err.toString().contains("is too large: value="), err.toString());
            assertTrue(err.toString().contains(" neededBytes="), err.toString());
            assertEquals("", out.toString());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "chain --repetitions 2000000000",
                    "mutate --budget 9000000000000000",
                    "mutate --stores 9000000000000000000",
                    "cycles --dropped 9000000000000000000",
                    "lru --accesses 9000000000000000000",
                    "alloc --count 1000000000001",
                    "counts --pairs 9000000000000000000",
                    "compare --timeout 9000000000000000000",
                    "compare --rounds 2000000000"
                })
        void saysWhatTheRangeIs(String arguments) {
            assertEquals(2, bench(arguments));
            assertTrue(err.toString().contains("is out of range: value="), err.toString());
        }
    }

    @Nested
    class GivenAComparison {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '"',
                value = {
                    "compare --rows nope | no such row: row=nope rows=counts-one counts-many",
                    "compare --rows trees,nope | no such row: row=nope",
                    "compare --engines nope | no such engine: engine=nope engines=quanta c-plain",
                    "compare --rounds 0 | --rounds is out of range: value=0 range=1..",
                    "compare --repetitions 0 | --repetitions is out of range: value=0 range=1..",
                    "compare --timeout 0 | --timeout is out of range: value=0 range=1..86400",
                    "compare --timeout -1 | --timeout is out of range: value=-1 range=1..86400",
                    "\"compare --rows \" | --rows has an empty name; there are counts-one"
                            + " counts-many",
                    "compare --rows trees,,lru | --rows has an empty name; there are counts-one",
                    "compare --engines ,c-plain | --engines has an empty name; there are quanta",
                    "help nope | unknown command 'nope'; there are trees, cycles",
                    "foo --help | unknown command 'foo'",
                    "foo | ; there are trees, cycles, counts"
                })
        void answersWrongUse(String arguments, String message) {
            assertEquals(2, bench(arguments));
            assertTrue(err.toString().contains(message), err.toString());
            assertEquals("", out.toString());
        }

        /** In a process of its own: it starts itself again for every measurement. */
        @Test
        void isAlsoThereAsJson() throws IOException, InterruptedException {
            Process process =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "--enable-native-access=ALL-UNNAMED",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    Quanta.class.getName(),
                                    "bench",
                                    "compare",
                                    "--json",
                                    "--rows",
                                    "counts-one,trees",
                                    "--engines",
                                    "quanta",
                                    "--rounds",
                                    "1",
                                    "--repetitions",
                                    "1",
                                    "--peers",
                                    "peers")
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String json = new String(process.getInputStream().readAllBytes(), UTF_8);

            assertEquals(0, process.waitFor(), json);
            List<String> ofARow =
                    List.of(
                            "row",
                            "engines",
                            "engine",
                            "finished",
                            "nsPerUnit",
                            "leastNsPerUnit",
                            "mostNsPerUnit",
                            "timesQuanta",
                            "peakResidentBytes",
                            "heapResidentBytes",
                            "worstBatchMicros",
                            "checksum");
            List<String> names = memberNames(json, Integer.MAX_VALUE);
            assertEquals(Stream.concat(ofARow.stream(), ofARow.stream()).toList(), names);
            assertTrue(json.contains("\"row\" : \"trees\""), json);
            assertTrue(json.contains("\"timesQuanta\" : 1.0"), json);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "help, Usage: quanta bench ",
        "help compare, Usage: quanta bench compare ",
        "compare --help, Usage: quanta bench compare "
    })
    void explains(String arguments, String start) {
        assertEquals(0, bench(arguments), err.toString());
        assertTrue(out.toString().startsWith(start), out.toString());
        if (arguments.contains("compare")) {
            assertTrue(out.toString().contains("mutate-1M."), out.toString());
            assertTrue(out.toString().contains("cpython."), out.toString());
        }
    }

    @Test
    void listsTheWorkloadsIfNoneIsNamed() {
        assertEquals(2, Quanta.execute(new PrintWriter(out), new PrintWriter(err), "bench"));
        assertTrue(
                err.toString()
                        .startsWith("quanta: a workload is missing; there are trees, cycles,"),
                err.toString());
    }

    @Test
    void saysThatAnOnlyRunIsCold() {
        assertEquals(0, bench("lru --accesses 1000 --repetitions 1"), err.toString());
        assertTrue(out.toString().contains(" ns an access (cold)"), out.toString());
        assertEquals(0, bench("lru --accesses 1000 --repetitions 2"), err.toString());
        assertTrue(out.toString().contains(" ns an access (median, warm)"), out.toString());
    }

    @Test
    void namesTheOptionThatIsTooSmall() {
        assertEquals(2, bench("chain --length 0"));
        assertTrue(
                err.toString().contains("--length is too small: value=0 least=1"), err.toString());
    }

    @Test
    void readsPatternsInLowerCase() {
        assertEquals(
                0, bench("alloc --pattern fifo --count 20000 --repetitions 1"), err.toString());
        assertEquals(
                0,
                bench("alloc --pattern lifo100 --zero --count 20000 --repetitions 1"),
                err.toString());
        assertEquals(
                0, bench("counts --pattern many --pairs 2000 --repetitions 1"), err.toString());
    }
}
