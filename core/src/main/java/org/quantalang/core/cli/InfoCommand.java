package org.quantalang.core.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.quantalang.abi.Target;
import org.quantalang.memory.HeapConfig;
import org.quantalang.scheduler.ExecutorConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * {@code quanta info}: what this runtime found on this machine, to read or to paste into a report.
 */
@Command(
        name = "info",
        description = "Print the host target, the JDK, the defaults and the optional tools found.")
final class InfoCommand implements Callable<Integer> {
    /** In place of a number of bytes; null in JSON. */
    private static final String NO_LIMIT = "none";

    /** Tools that only tests and benchmarks use, and what for. */
    private static final Map<String, String> TOOLS = tools();

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    InfoCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Object> facts = facts();
        if (json.requested()) {
            JsonOption.print(
                    out,
                    generator -> {
                        generator.writeStartObject();
                        for (Map.Entry<String, Object> fact : facts.entrySet()) {
                            write(generator, fact.getKey(), fact.getValue());
                        }
                        generator.writeObjectFieldStart("tools");
                        for (String tool : TOOLS.keySet()) {
                            generator.writeStringField(tool, find(tool));
                        }
                        generator.writeEndObject();
                        generator.writeEndObject();
                    });
            return 0;
        }
        facts.forEach((name, value) -> out.printf("%-22s %s%n", name, value));
        out.println();
        out.println("optional tools, for tests and benchmarks");
        TOOLS.forEach(
                (tool, use) -> {
                    String path = find(tool);
                    out.printf("  %-12s %-24s %s%n", tool, path.isEmpty() ? "-" : path, use);
                });
        return 0;
    }

    private static void write(JsonGenerator json, String name, Object value) throws IOException {
        switch (value) {
            case Number number -> json.writeNumberField(name, number.longValue());
            case String word when word.equals(NO_LIMIT) -> json.writeNullField(name);
            default -> json.writeStringField(name, value.toString());
        }
    }

    /** Words and whole numbers. */
    private static Map<String, Object> facts() {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("version", Quanta.Version.current().substring("quanta ".length()));
        facts.put("target", Target.host().triple());
        facts.put(
                "jdk",
                System.getProperty("java.vm.version") + " " + System.getProperty("java.vendor"));
        facts.put("jdkHome", System.getProperty("java.home"));
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        HeapConfig heap = HeapConfig.DEFAULT;
        facts.put("heapAddressSpaceBytes", heap.addressSpaceBytes());
        facts.put(
                "heapLimitBytes",
                heap.limitBytes() == Long.MAX_VALUE ? NO_LIMIT : (Object) heap.limitBytes());
        facts.put("workers", ExecutorConfig.defaults().workers());
        return facts;
    }

    private static Map<String, String> tools() {
        var tools = new LinkedHashMap<String, String>();
        tools.put("gcc", "C baselines, checks of layouts and calls");
        tools.put("clang-19", "checks of layouts and calls for every target");
        tools.put("nim", "the Nim programs of the benchmark");
        tools.put("go", "the Go programs of the benchmark");
        tools.put("php", "the PHP programs of the benchmark");
        tools.put("python3", "the Python programs of the benchmark");
        tools.put("rustc", "the Rust programs of the benchmark");
        return tools;
    }

    /** Returns where the executable is on the PATH, or the empty string. */
    private static String find(String tool) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.of(path.split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse("");
    }
}
