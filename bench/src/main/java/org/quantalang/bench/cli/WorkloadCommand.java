package org.quantalang.bench.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.quantalang.bench.workload.ResidentMemory;
import org.quantalang.bench.workload.Workload;
import org.quantalang.bench.workload.WorkloadResult;
import org.quantalang.core.cli.JsonOption;
import org.quantalang.memory.ConfinedHeap;
import org.quantalang.memory.Heap;
import org.quantalang.memory.HeapConfig;
import org.quantalang.memory.SharedHeap;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** What the commands of all workloads share: their options, the measurement and its output. */
abstract class WorkloadCommand implements Callable<Integer> {
    /** The two kinds of heap. */
    enum HeapKind {
        /** One thread, plain counts. */
        CONFINED,
        /** Any thread. */
        SHARED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The two ways to use a heap. */
    enum Tier {
        /** Objects are addresses. */
        ADDRESS,
        /** Objects are held by handles. */
        HANDLE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Each leaves a line. */
    static final int MOST_REPETITIONS = 100_000;

    @Spec CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    @Option(
            names = "--heap",
            description = "Kind of heap: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "confined")
    private HeapKind heap = HeapKind.CONFINED;

    @Option(
            names = "--repetitions",
            description =
                    "How often to run it in this process; the first is cold (default:"
                            + " ${DEFAULT-VALUE}).",
            defaultValue = "5")
    private int repetitions;

    @Option(
            names = "--plain",
            hidden = true,
            description = "Print name=value lines, as the programs in other languages do.")
    private boolean plain;

    /** Makes the workload that the options describe. */
    abstract Workload workload();

    @Override
    public final Integer call() {
        OptionRange.within(spec, "--repetitions", repetitions, 1, MOST_REPETITIONS);
        WorkloadResult result;
        try (Workload workload = workload()) {
            result = WorkloadResult.measure(workload, repetitions);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) {
            JsonOption.print(out, generator -> write(generator, result));
        } else if (plain) {
            printPlain(out, result);
        } else {
            print(out, result);
        }
        return 0;
    }

    /** Opens a heap of the kind that was asked for. */
    final Heap openHeap() {
        return heap == HeapKind.SHARED ? SharedHeap.open() : ConfinedHeap.open();
    }

    /** Refuses a shared heap for a workload that measures what only the other has. */
    final void confinedOnly() {
        if (heap == HeapKind.SHARED) {
            throw wrongUse(
                    "this workload measures the collector of confined heaps; use --heap confined");
        }
    }

    /** Refuses a confined heap for what takes two threads. */
    final void sharedOnly(String option) {
        if (heap != HeapKind.SHARED) {
            throw wrongUse(option + " takes two threads; use --heap shared");
        }
    }

    /** What to throw for arguments that make no sense together. */
    final ParameterException wrongUse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Refuses numbers that make no sense. */
    final void atLeast(String option, long value, long least) {
        OptionRange.atLeast(spec, option, value, least);
    }

    /**
     * Refuses numbers of operations with which a repetition would not end, or that make no sense.
     */
    final void operations(String option, long value, long least) {
        OptionRange.operations(spec, option, value, least);
    }

    /**
     * Refuses a number with which the workload would run until the system ends it for want of
     * memory.
     *
     * @param heapBytes what the objects take, about
     */
    final void fits(String option, long value, double heapBytes) {
        long addressSpace = HeapConfig.DEFAULT.addressSpaceBytes();
        long available = ResidentMemory.availableBytes();
        if (heapBytes > Math.min(addressSpace, available)) {
            throw wrongUse(
                    "%s is too large: value=%d neededBytes=%d addressSpaceBytes=%d availableBytes=%d"
                            .formatted(option, value, (long) heapBytes, addressSpace, available));
        }
    }

    /** The same for what a workload keeps in arrays of the Java heap. */
    final void fitsJavaHeap(String option, long value, long arrayBytes) {
        long most = Runtime.getRuntime().maxMemory() / 2; // what an old generation takes
        if (arrayBytes > most) {
            throw wrongUse(
                    ("%s is too large: value=%d neededBytes=%d javaHeapBytes=%d; raise that, such"
                                    + " as by QUANTA_JAVA_FLAGS=-Xmx%dm")
                            .formatted(
                                    option,
                                    value,
                                    arrayBytes,
                                    most,
                                    Math.ceilDiv(3 * arrayBytes, 1L << 20)));
        }
    }

    static void write(JsonGenerator json, WorkloadResult result) throws IOException {
        json.writeStartObject();
        json.writeStringField("workload", result.workload());
        json.writeObjectFieldStart("parameters");
        writeMembers(json, result.parameters());
        json.writeEndObject();
        json.writeStringField("unit", result.unit());
        json.writeArrayFieldStart("repetitions");
        for (WorkloadResult.Repetition each : result.repetitions()) {
            json.writeStartObject();
            json.writeNumberField("ms", each.millis());
            json.writeNumberField("checksum", each.checksum());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("nsPerUnit", result.nsPerUnit());
        json.writeNumberField("peakResidentBytes", result.peakResidentBytes());
        json.writeNumberField("heapResidentBytes", result.heapResidentBytes());
        writeMembers(json, result.observations());
        json.writeEndObject();
    }

    private static void writeMembers(JsonGenerator json, Map<?, ?> members) throws IOException {
        for (Map.Entry<?, ?> each : members.entrySet()) {
            String name = String.valueOf(each.getKey());
            Object value = each.getValue();
            switch (value) {
                case Map<?, ?> inner -> {
                    json.writeObjectFieldStart(name);
                    writeMembers(json, inner);
                    json.writeEndObject();
                }
                case Boolean flag -> json.writeBooleanField(name, flag);
                case Double number -> json.writeNumberField(name, number);
                case Number number -> json.writeNumberField(name, number.longValue());
                default -> json.writeStringField(name, String.valueOf(value));
            }
        }
    }

    static void printPlain(PrintWriter out, WorkloadResult result) {
        for (WorkloadResult.Repetition each : result.repetitions()) {
            out.printf(Locale.ROOT, "ms=%.3f checksum=%d%n", each.millis(), each.checksum());
        }
        out.printf(
                Locale.ROOT,
                "peakResidentBytes=%d heapResidentBytes=%d%n",
                result.peakResidentBytes(),
                result.heapResidentBytes());
        result.observations().forEach((name, value) -> out.printf("%s=%s%n", name, value));
    }

    static void print(PrintWriter out, WorkloadResult result) {
        out.printf("%s %s%n", result.workload(), result.parameters());
        int index = 0;
        for (WorkloadResult.Repetition each : result.repetitions()) {
            out.printf(
                    Locale.ROOT,
                    "  repetition %d  %10.1f ms  checksum %d%s%n",
                    ++index,
                    each.millis(),
                    each.checksum(),
                    index == 1 ? "  (cold)" : "");
        }
        out.printf(
                Locale.ROOT,
                "  %.2f ns %s %s (%s)%n",
                result.nsPerUnit(),
                article(result.unit()),
                result.unit(),
                result.repetitions().size() == 1 ? "cold" : "median, warm");
        out.printf(
                Locale.ROOT,
                "  resident: process %.1f MB at most, heap %.1f MB%n",
                result.peakResidentBytes() / 1e6,
                result.heapResidentBytes() / 1e6);
        result.observations().forEach((name, value) -> out.printf("  %s: %s%n", name, value));
    }

    private static String article(String noun) {
        return "aeiou".indexOf(noun.charAt(0)) >= 0 ? "an" : "a";
    }
}
