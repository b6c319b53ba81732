package org.quantalang.core.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.quantalang.core.cli.Checkout.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code quanta demo} on the class graph of the JDK that runs the tests. */
@Timeout(300)
class DemoIT {
    @TempDir Path folder;

    @Test
    void agreesWithTheIndependentCountAndLeavesNothingAlive() throws Exception {
        Outcome outcome = Checkout.built(folder).quanta("demo", "--json");

        assertEquals(0, outcome.exitCode(), outcome.err());
        assertEquals("", outcome.err());
        Map<String, String> found = numbers(outcome.out());
        assertEquals("true", found.get("ok"));
        assertEquals(found.get("expected.references"), found.get("references"));
        assertEquals(found.get("expected.components"), found.get("components"));
        assertEquals(found.get("expected.largestComponent"), found.get("largestComponent"));
        assertEquals("0", found.get("liveObjects"));
        assertEquals("0", found.get("liveBytes"));
        // Other builds of the JDK differ, so the numbers are held to what every JDK has.
        long classes = number(found, "classes");
        assertTrue(classes > 5_000, outcome.out());
        assertTrue(number(found, "fields") > classes, outcome.out());
        assertTrue(number(found, "methods") > number(found, "fields"), outcome.out());
        assertEquals(
                number(found, "objects"),
                number(found, "freedByCounting") + number(found, "freedByCollector"));
        assertTrue(number(found, "freedByCounting") > 0, outcome.out());
        assertTrue(number(found, "freedByCollector") > 0, outcome.out());
        for (String name :
                List.of(
                        "bytesOffHeap",
                        "retains",
                        "releases",
                        "collectorMillis",
                        "longestPauseMicros")) {
            assertTrue(Double.parseDouble(found.getOrDefault(name, "0")) > 0, name);
        }
    }

    @Test
    void leavesNoChildAndNoFileWhenInterrupted() throws Exception {
        Checkout checkout = Checkout.built(folder);
        List<Path> before = files(checkout);
        ProcessBuilder command = checkout.command("./quanta", "demo");
        // So slow that it cannot end before it is interrupted.
        command.environment().put("QUANTA_JAVA_FLAGS", "-Xint");
        Process demo = command.start();
        waitUntilItsJavaRuns(demo);

        LauncherIT.interrupt(demo);
        Outcome outcome = Checkout.finish(demo);

        assertEquals(130, outcome.exitCode(), outcome.err());
        assertEquals("", outcome.out());
        LauncherIT.assertNoStackTrace(outcome);
        assertEquals(0, demo.descendants().count());
        assertEquals(before, files(checkout));
    }

    @Test
    void saysThatTheJavaHeapIsFull() throws Exception {
        ProcessBuilder demo = Checkout.built(folder).command("./quanta", "demo");
        demo.environment().put("QUANTA_JAVA_FLAGS", "-Xmx32m");

        Outcome outcome = Checkout.finish(demo.start());

        assertEquals(1, outcome.exitCode(), outcome.err());
        assertTrue(
                outcome.err().contains("quanta: the Java heap is full: limitBytes="),
                outcome.err());
        LauncherIT.assertNoStackTrace(outcome);
    }

    @Test
    void refusesAnArgumentThatItDoesNotKnow() throws Exception {
        Outcome outcome = Checkout.built(folder).quanta("demo", "everything", "--json");

        assertEquals(2, outcome.exitCode());
        assertEquals("", outcome.out());
        assertTrue(
                outcome.err().startsWith("quanta: unknown argument 'everything'"), outcome.err());
    }

    private static void waitUntilItsJavaRuns(Process demo) throws Exception {
        // The script replaces itself by the virtual machine, which then handles the signal.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < deadline) {
            Path threads = Path.of("/proc", String.valueOf(demo.pid()), "task");
            try (Stream<Path> all = Files.list(threads)) {
                if (all.anyMatch(DemoIT::isSignalDispatcher)) {
                    return;
                }
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        fail("the demo did not start");
    }

    private static boolean isSignalDispatcher(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).startsWith("Signal Dispatch");
        } catch (IOException e) {
            return false; // the thread has ended
        }
    }

    private static List<Path> files(Checkout checkout) throws IOException {
        try (Stream<Path> all = Files.walk(checkout.root())) {
            return all.sorted().toList();
        }
    }

    private static long number(Map<String, String> found, String name) {
        return Long.parseLong(found.getOrDefault(name, "-1"));
    }

    /**
     * Scalars of a JSON object by name, those of an object inside it as {@code outer.inner}; lists
     * are passed over.
     */
    private static Map<String, String> numbers(String text) throws IOException {
        var found = new HashMap<String, String>();
        try (JsonParser json = new JsonFactory().createParser(text)) {
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                boolean named = token.isScalarValue() && json.currentName() != null;
                if (named && !json.getParsingContext().getParent().inArray()) {
                    String outer = json.getParsingContext().getParent().getCurrentName();
                    String prefix = outer == null ? "" : outer + ".";
                    found.put(prefix + json.currentName(), json.getText());
                }
            }
        }
        return found;
    }
}
