package org.quantalang.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.memory.ChildJvm.Outcome;
import org.quantalang.memory.inspect.HeapNumbers;
import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.Histogram.Row;
import org.quantalang.memory.inspect.LeakReport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

class HeapNumbersTest {
    private static final TypeInfo NODE =
            TypeInfo.builder("No\"de").reference("next", "No\"de").int64("value").build();
    private static final TypeInfo LARGE = TypeInfo.leaf("Large", 100_000, 8);

    enum Kind {
        CONFINED {
            @Override
            Heap open(HeapConfig config) {
                return ConfinedHeap.open(config);
            }
        },
        SHARED {
            @Override
            Heap open(HeapConfig config) {
                return SharedHeap.open(config);
            }
        };

        abstract Heap open(HeapConfig config);
    }

    @ParameterizedTest
    @EnumSource
    void tellWhatTheHeapDidAndHolds(Kind kind) {
        HeapConfig config = HeapUnderTest.COLLECTS_WHEN_ASKED.withLimitBytes(10L << 20);
        try (Heap heap = kind.open(config)) {
            long node = heap.allocate(NODE);
            long ring = heap.allocate(NODE);
            long large = heap.allocate(LARGE);
            heap.setReference(ring, NODE.offset("next"), ring);
            heap.release(ring);
            heap.collectCycles();
            HeapNumbers numbers = heap.numbers();
            assertEquals(3, numbers.allocated());
            assertEquals(1, numbers.freed());
            assertEquals(2, numbers.liveObjects());
            assertEquals(heap.liveBytes(), numbers.liveBytes());
            assertEquals(heap.heldBytes(), numbers.heldBytes());
            assertEquals(10L << 20, numbers.limitBytes());
            assertEquals(1, numbers.cycles().collections());
            assertEquals(1, numbers.cycles().structures());
            assertEquals(1, numbers.cycles().freedObjects());
            assertEquals(heap.histogram(), numbers.types());
            assertEquals(heap.sizeClasses(), numbers.sizeClasses());
            heap.release(large);
            heap.release(node);
            assertEquals(1, numbers.freed(), "a record does not change");
        }
    }

    @ParameterizedTest
    @EnumSource
    void areTheSameAsJson(Kind kind) throws IOException {
        HeapUnderTest.assumeNoRedzones();
        try (Heap heap =
                kind.open(
                        HeapConfig.DEFAULT
                                .withName("a \"heap\"\n\u2028")
                                .withLimitBytes(1 << 20))) {
            long node = heap.allocate(NODE);
            HeapNumbers numbers = heap.numbers();
            Map<?, ?> json = object(parse(numbers.toJson()));
            assertEquals("a \"heap\"\n\u2028", json.get("heap"));
            assertEquals(numbers.kind(), json.get("kind"));
            assertEquals(1L, json.get("allocated"));
            assertEquals(0L, json.get("freed"));
            assertEquals(1L, json.get("liveObjects"));
            assertEquals(numbers.liveBytes(), json.get("liveBytes"));
            assertEquals(1L << 20, json.get("limitBytes"));
            assertEquals(0L, member(json, "cycles").get("collections"));
            assertEquals(
                    List.of(Map.of("type", "No\"de", "objects", 1L, "bytes", 32L)),
                    json.get("types"));
            List<?> sizeClasses = (List<?>) Objects.requireNonNull(json.get("sizeClasses"));
            Map<?, ?> sizeClass = object(sizeClasses.getFirst());
            assertEquals(32L, sizeClass.get("blockBytes"));
            heap.release(node);
        }
        try (Heap heap = kind.open(HeapConfig.DEFAULT)) {
            assertFalse(object(parse(heap.numbers().toJson())).containsKey("limitBytes"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeakReportIsTheSameAsJson(Kind kind) throws IOException {
        Heap heap = kind.open(HeapConfig.DEFAULT.withName("a \"heap\""));
        long root = heap.allocate(NODE);
        long child = heap.allocate(NODE);
        heap.moveReference(root, NODE.offset("next"), child);
        LeakReport report = heap.leaks();
        Map<?, ?> json = object(parse(report.toJson()));
        assertEquals("a \"heap\"", json.get("heap"));
        assertEquals(1L, json.get("rootCount"));
        assertEquals(2L, json.get("objects"));
        assertEquals(
                List.of(Map.of("type", "No\"de", "roots", 1L, "objects", 2L, "bytes", 64L)),
                json.get("types"));
        Map<?, ?> told = object(((List<?>) Objects.requireNonNull(json.get("roots"))).getFirst());
        assertEquals("0x" + Long.toHexString(root), told.get("address"));
        assertEquals(
                report.paths().size(),
                ((List<?>) Objects.requireNonNull(json.get("paths"))).size());
        heap.close(LeakPolicy.FREE_ALL);
    }

    @Nested
    class GivenTwoHistograms {
        private final Histogram earlier =
                new Histogram(
                        List.of(
                                new Row("Same", 5, 500),
                                new Row("Grown", 2, 64),
                                new Row("Gone", 1, 32)));
        private final Histogram later =
                new Histogram(
                        List.of(
                                new Row("Same", 5, 500),
                                new Row("Grown", 5, 160),
                                new Row("New", 1, 48)));

        @Test
        void theDifferenceSaysWhatCameAndWent() {
            assertEquals(
                    List.of(
                            new Row("Grown", 3, 96),
                            new Row("New", 1, 48),
                            new Row("Gone", -1, -32)),
                    later.since(earlier).rows());
            assertEquals(112, later.since(earlier).bytes());
        }

        @Test
        void ofTheSameNothingIsLeft() {
            assertEquals(List.of(), later.since(later).rows());
        }

        @Test
        void itIsTheSameAsJson() throws IOException {
            assertEquals(
                    List.of(
                            Map.of("type", "Grown", "objects", 3L, "bytes", 96L),
                            Map.of("type", "New", "objects", 1L, "bytes", 48L),
                            Map.of("type", "Gone", "objects", -1L, "bytes", -32L)),
                    parse(later.since(earlier).toJson()));
        }
    }

    /** A process of its own: closes a heap and leaves two open, one in use by another thread. */
    static final class Program {
        private Program() {}

        public static void main(String[] args) throws InterruptedException {
            try (ConfinedHeap closed = ConfinedHeap.open(HeapConfig.DEFAULT.withName("closed"))) {
                assertTrue(closed.allocate(LARGE) != 0);
            }
            SharedHeap shared = SharedHeap.open(HeapConfig.DEFAULT.withName("shared"));
            List<ConfinedHeap> elsewhere = new ArrayList<>();
            Thread other =
                    new Thread(
                            () ->
                                    elsewhere.add(
                                            ConfinedHeap.open(
                                                    HeapConfig.DEFAULT.withName("elsewhere"))));
            other.start();
            other.join();
            assertTrue(shared.allocate(LARGE) != 0 && !elsewhere.isEmpty());
            System.exit(0);
        }
    }

    @Nested
    class GivenTheEnvironmentVariable {
        @TempDir Path folder;

        @Test
        void aFileGetsALineForEachHeap() throws Exception {
            Path file = folder.resolve("numbers");
            assertEquals("", run(file.toString()));
            check(Files.readAllLines(file));
        }

        @Test
        void standardErrorGetsThemToo() throws Exception {
            check(run("stderr").lines().toList());
        }

        @Test
        void theyAreJsonWhateverTheLocale() throws Exception {
            check(run("stderr", "-Duser.language=fa", "-Duser.country=IR").lines().toList());
        }

        @Test
        void aFileThatCannotBeWrittenIsToldInALineWithoutAStack() throws Exception {
            String told = run(folder.resolve("missing").resolve("numbers").toString());
            assertTrue(
                    told.contains("numbers of a heap were not written: QUANTA_HEAP_STATS="), told);
            assertTrue(told.contains("NoSuchFileException"), told);
            assertFalse(told.contains("\tat "), told);
        }

        private void check(List<String> lines) throws IOException {
            assertEquals(3, lines.size(), lines::toString);
            List<String> seen = new ArrayList<>();
            for (String line : lines) {
                Map<?, ?> json = object(parse(line));
                Map<?, ?> numbers = member(json, "numbers");
                assertNotNull(json.get("pid"));
                seen.add(
                        json.get("when")
                                + " "
                                + numbers.get("heap")
                                + " "
                                + numbers.get("allocated"));
            }
            assertEquals(List.of("close closed 1", "exit shared 1", "exit elsewhere 0"), seen);
        }

        /** Runs the program; returns what it wrote to standard error. */
        private String run(String target, String... flags) throws Exception {
            List<String> all = new ArrayList<>(List.of("-XX:TieredStopAtLevel=1"));
            all.addAll(List.of(flags));
            ProcessBuilder builder = ChildJvm.java(all, Program.class.getName());
            builder.environment().put("QUANTA_HEAP_STATS", target);
            Outcome outcome = ChildJvm.finish(builder);
            assertEquals(0, outcome.exitCode(), outcome.output());
            return outcome.output();
        }
    }

    // ---- JSON

    private static Object parse(String text) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            parser.nextToken();
            Object value = value(parser);
            assertEquals(null, parser.nextToken(), text);
            return value;
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, value(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            default -> throw new AssertionError("unexpected: " + parser.currentToken());
        };
    }

    private static Map<?, ?> member(Map<?, ?> json, String name) {
        return object(Objects.requireNonNull(json.get(name)));
    }

    private static Map<?, ?> object(Object json) {
        return (Map<?, ?>) json;
    }
}
