package org.quantalang.core.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.quantalang.core.internal.classgraph.ClassGraphDemo;
import org.quantalang.core.internal.classgraph.Report;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;

/**
 * {@code quanta demo}: the class graph of the running JDK, hosted off heap. Exit code 1 if a number
 * differs from the independent count or anything is left alive.
 */
@Command(
        name = "demo",
        description = {
            "Host the class graph of the running JDK off heap, question it, and take it down.",
            "",
            "Tasks read all class files of the JDK's module image. The heap's owner thread makes an"
                + " object of every class, field and method, with references between them, and"
                + " walks the graph. All class names are sorted by the C library's qsort through a"
                + " Java callback. Then the modules are dropped one by one: counting frees what it"
                + " can, the cycle collector the rest. Every number is held against an independent"
                + " count on the Java heap."
        })
final class DemoCommand implements Callable<Integer> {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double BYTES_PER_MB = 1e6;

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private JsonOption json = new JsonOption();

    DemoCommand() {}

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Report report;
        try (var progress = new Progress(spec.commandLine().getErr())) {
            report = ClassGraphDemo.run(progress::show);
        }
        if (json.requested()) {
            JsonOption.print(out, generator -> write(report, generator));
        } else {
            print(report, out);
        }
        return report.ok() ? 0 : 1;
    }

    private static void print(Report report, PrintWriter out) {
        Report.Times times = report.times();
        out.printf(
                Locale.ROOT,
                "%-12s %,10d classes, %,d fields, %,d methods in %.0f ms%n",
                "read",
                report.classes(),
                report.fields(),
                report.methods(),
                millis(times.readNanos()));
        out.printf(
                Locale.ROOT,
                "%-12s %,10d objects, %.1f MB off heap in %.0f ms%n",
                "hosted",
                report.objects(),
                report.bytesOffHeap() / BYTES_PER_MB,
                millis(times.hostNanos()));
        out.printf(
                Locale.ROOT,
                "%-12s %,10d references between them%n",
                "walked",
                report.references());
        out.printf(
                Locale.ROOT,
                "%-12s %,10d components, the largest of %,d nodes%n",
                "",
                report.components(),
                report.largestComponent());
        for (ClassGraphDemo.Referenced each : report.mostReferenced()) {
            out.printf(
                    Locale.ROOT,
                    "%-12s %,10d references to %s%n",
                    "",
                    each.references(),
                    each.name().replace('/', '.'));
        }
        out.printf(
                Locale.ROOT,
                "%-12s %,10d names with the C library's qsort and a Java callback: %s%n",
                "sorted",
                report.classes(),
                report.sorted() ? "in order" : "OUT OF ORDER");
        out.printf(
                Locale.ROOT,
                "%-12s %,10d objects by counting in %.0f ms%n",
                "freed",
                report.freedByCounting(),
                millis(times.dropNanos() - report.collectorNanos()));
        out.printf(
                Locale.ROOT,
                "%-12s %,10d objects by the cycle collector in %.0f ms, longest pause %.1f ms%n",
                "",
                report.freedByCollector(),
                millis(report.collectorNanos()),
                millis(report.longestPauseNanos()));
        out.printf(
                Locale.ROOT,
                "%-12s %,10d objects, %,d bytes%n",
                "left",
                report.liveObjects(),
                report.liveBytes());
        out.printf(Locale.ROOT, "%-12s %s%n", "check", verdict(report));
    }

    private static String verdict(Report report) {
        if (report.ok()) {
            return "agrees with the count on the Java heap";
        }
        return String.format(
                Locale.ROOT,
                "DIFFERS: references=%d expected=%d, components=%d expected=%d, "
                        + "largestComponent=%d expected=%d, membersOfOtherClasses=%d, "
                        + "freed=%d of objects=%d, liveObjects=%d",
                report.references(),
                report.expectedReferences(),
                report.components(),
                report.expectedComponents(),
                report.largestComponent(),
                report.expectedLargestComponent(),
                report.membersOfOtherClasses(),
                report.freedByCounting() + report.freedByCollector(),
                report.objects(),
                report.liveObjects());
    }

    private static double millis(long nanos) {
        return nanos / NANOS_PER_MILLI;
    }

    private static void write(Report report, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeNumberField("classes", report.classes());
        json.writeNumberField("fields", report.fields());
        json.writeNumberField("methods", report.methods());
        json.writeNumberField("objects", report.objects());
        json.writeNumberField("references", report.references());
        json.writeNumberField("bytesOffHeap", report.bytesOffHeap());
        json.writeNumberField("retains", report.retains());
        json.writeNumberField("releases", report.releases());
        json.writeNumberField("freedByCounting", report.freedByCounting());
        json.writeNumberField("freedByCollector", report.freedByCollector());
        json.writeNumberField("collectorMillis", millis(report.collectorNanos()));
        json.writeNumberField("longestPauseMicros", report.longestPauseNanos() / 1e3);
        json.writeNumberField("liveObjects", report.liveObjects());
        json.writeNumberField("liveBytes", report.liveBytes());
        json.writeNumberField("largestComponent", report.largestComponent());
        json.writeNumberField("components", report.components());
        json.writeObjectFieldStart("expected");
        json.writeNumberField("references", report.expectedReferences());
        json.writeNumberField("largestComponent", report.expectedLargestComponent());
        json.writeNumberField("components", report.expectedComponents());
        json.writeEndObject();
        json.writeBooleanField("sorted", report.sorted());
        json.writeArrayFieldStart("mostReferenced");
        for (ClassGraphDemo.Referenced each : report.mostReferenced()) {
            json.writeStartObject();
            json.writeStringField("name", each.name().replace('/', '.'));
            json.writeNumberField("references", each.references());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeBooleanField("ok", report.ok());
        json.writeEndObject();
    }
}
