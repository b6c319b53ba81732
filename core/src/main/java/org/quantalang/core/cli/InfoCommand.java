package org.quantalang.core.cli;

import org.quantalang.abi.Target;
import org.quantalang.memory.HeapConfig;
import org.quantalang.scheduler.ExecutorConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.File;
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
    /** Tools that only tests and benchmarks use, and what for. */
    private static final Map<String, String> TOOLS = tools();

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    InfoCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Map<String, String> facts = facts();
        if (json.requested()) {
            JsonOption.print(
                    out,
                    generator -> {
                        generator.writeStartObject();
                        for (Map.Entry<String, String> fact : facts.entrySet()) {
                            generator.writeStringField(fact.getKey(), fact.getValue());
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

    private static Map<String, String> facts() {
        var facts = new LinkedHashMap<String, String>();
        facts.put("version", Quanta.Version.current().substring("quanta ".length()));
        facts.put("target", Target.host().triple());
        facts.put(
                "jdk",
                System.getProperty("java.vm.version") + " " + System.getProperty("java.vendor"));
        facts.put("jdkHome", System.getProperty("java.home"));
        facts.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        HeapConfig heap = HeapConfig.DEFAULT;
        facts.put("heapAddressSpaceBytes", String.valueOf(heap.addressSpaceBytes()));
        facts.put(
                "heapLimitBytes",
                heap.limitBytes() == Long.MAX_VALUE ? "none" : String.valueOf(heap.limitBytes()));
        facts.put("workers", String.valueOf(ExecutorConfig.defaults().workers()));
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
