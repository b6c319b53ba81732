package org.quantalang.core.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.ArgumentPlan;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CFunctionSignature;
import org.quantalang.abi.CParseException;
import org.quantalang.abi.CType;
import org.quantalang.abi.CTypes;
import org.quantalang.abi.CallPlan;
import org.quantalang.abi.CallingConvention;
import org.quantalang.abi.ExternFunction;
import org.quantalang.abi.Target;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.Callable;

/** {@code quanta classify}: which registers and stack bytes the arguments of C functions take. */
@Command(
        name = "classify",
        description = "Show where the arguments of C functions travel on any target.")
final class ClassifyCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private CSourceInput input = new CSourceInput();
    @Mixin private JsonOption json = new JsonOption();

    @Option(
            names = "--convention",
            paramLabel = "NAME",
            description = "The convention for all functions, such as stdcall.")
    private @Nullable String convention;

    @Option(
            names = "--variadic",
            paramLabel = "TYPES",
            description = "Types of the arguments after the fixed ones, such as 'int, char *'.")
    private String variadic = "";

    ClassifyCommand() {}

    private record Planned(ExternFunction function, CallPlan plan) {
        String symbol() {
            return function.symbol().orElseGet(() -> plan.symbol(function.name()));
        }

        String argumentName(int index) {
            List<String> names = plan.signature().parameterNames();
            return index < names.size() ? names.get(index) : "";
        }
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        CDeclarations declarations = input.parse();
        CallingConvention chosen = chosenConvention(declarations.target());
        List<CType> further = furtherArguments(declarations);
        List<Planned> functions = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        for (ExternFunction function : declarations.functions()) {
            try {
                functions.add(plan(function, chosen, further, declarations.target()));
            } catch (IllegalArgumentException e) {
                faults.add("%s: %s".formatted(function.name(), e.getMessage()));
            }
        }
        if (declarations.functions().isEmpty()) {
            tell("%s declares no function: nothing to classify".formatted(input.name()));
        } else if (!variadic.isBlank()
                && declarations.functions().stream()
                        .noneMatch(each -> each.signature().variadic())) {
            tell("--variadic has no effect: no function here takes \"...\"");
        }
        if (json.requested()) {
            JsonOption.print(out, generator -> write(declarations, chosen, functions, generator));
        } else {
            functions.forEach(each -> print(each, out));
        }
        faults.forEach(this::tell);
        return faults.isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private void tell(String message) {
        spec.commandLine().getErr().println("quanta: " + message);
    }

    private CallingConvention chosenConvention(Target target) {
        if (convention == null) {
            return CallingConvention.C;
        }
        try {
            CallingConvention chosen = CallingConvention.parse(convention);
            var nothing = CFunctionSignature.of(CTypes.VOID).withConvention(chosen);
            CallPlan _ = CallPlan.of(nothing, List.of(), target);
            return chosen;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--convention: " + e.getMessage(), e);
        }
    }

    private List<CType> furtherArguments(CDeclarations declarations) {
        try {
            List<CType> further = new ArrayList<>();
            for (CType type : declarations.types(variadic)) {
                further.add(type.promoted(declarations.target()));
            }
            return further;
        } catch (CParseException | IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--variadic: " + e.getMessage(), e);
        }
    }

    private Planned plan(
            ExternFunction function, CallingConvention chosen, List<CType> further, Target target) {
        CFunctionSignature signature = function.signature();
        if (convention != null) {
            signature = signature.withConvention(chosen);
        }
        List<CType> extra = signature.variadic() ? further : List.of();
        return new Planned(function, CallPlan.of(signature, extra, target));
    }

    private static void print(Planned each, PrintWriter out) {
        CallPlan plan = each.plan;
        out.println(each.function.toString());
        line(
                out,
                "  symbol %s, %s, %d stack bytes%s",
                each.symbol(),
                plan.convention(),
                plan.stackBytes(),
                plan.calleePops() == 0 ? "" : ", the callee pops " + plan.calleePops());
        for (int i = 0; i < plan.arguments().size(); i++) {
            String type = plan.argumentTypes().get(i).declare(each.argumentName(i));
            line(out, "  %-28s %s", type, describe(plan.arguments().get(i), "parameter"));
        }
        line(out, "  %-28s %s", "returns", describe(plan.result(), "result"));
        out.println();
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would need one more dependency
    private static void line(PrintWriter out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values).stripTrailing());
    }

    /**
     * Where a value is; {@code direct} is the name of a WebAssembly place that holds no pointer.
     */
    private static String describe(ArgumentPlan plan, String direct) {
        String numbered = plan.passing() == ArgumentPlan.Passing.DIRECT ? direct : "parameter";
        StringJoiner places = new StringJoiner(" | ");
        for (Part part : plan.parts()) {
            String place =
                    part.register()
                            .orElseGet(
                                    () ->
                                            part.stack().isPresent()
                                                    ? "stack+" + part.stack().getAsLong()
                                                    : numbered + " " + part.parameter().orElse(0));
            boolean whole = part.offset() == 0 && plan.parts().size() == 1;
            places.add(
                    whole
                            ? place
                            : "%s[%d..%d]"
                                    .formatted(
                                            place, part.offset(), part.offset() + part.size() - 1));
        }
        String extension =
                plan.extension() == ArgumentPlan.Extension.NONE
                        ? ""
                        : ", " + lower(plan.extension()) + "-extended";
        return switch (plan.passing()) {
            case DIRECT -> places + extension;
            case INDIRECT -> "pointer in " + places;
            case IGNORED -> "nothing";
            case VOID -> "void";
        };
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static void write(
            CDeclarations declarations,
            CallingConvention chosen,
            List<Planned> functions,
            JsonGenerator json)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("target", declarations.target().triple());
        json.writeStringField("convention", chosen.conventionName());
        json.writeArrayFieldStart("functions");
        for (Planned each : functions) {
            CallPlan plan = each.plan;
            json.writeStartObject();
            json.writeStringField("name", each.function.name());
            json.writeStringField("symbol", each.symbol());
            if (plan.convention() != chosen) { // by an attribute of its own
                json.writeStringField("convention", plan.convention().conventionName());
            }
            json.writeObjectFieldStart("return");
            writePassing(plan.result(), json);
            json.writeEndObject();
            json.writeArrayFieldStart("arguments");
            for (int i = 0; i < plan.arguments().size(); i++) {
                json.writeStartObject();
                json.writeStringField("name", each.argumentName(i));
                json.writeStringField("type", plan.argumentTypes().get(i).spelling());
                writePassing(plan.arguments().get(i), json);
                json.writeStringField("extension", lower(plan.arguments().get(i).extension()));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeNumberField("stackBytes", plan.stackBytes());
            json.writeNumberField("calleePops", plan.calleePops());
            json.writeBooleanField("variadic", plan.signature().variadic());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writePassing(ArgumentPlan plan, JsonGenerator json) throws IOException {
        json.writeStringField("passing", lower(plan.passing()));
        json.writeArrayFieldStart("parts");
        for (Part part : plan.parts()) {
            json.writeStartObject();
            if (part.register().isPresent()) {
                json.writeStringField("register", part.register().get());
            } else if (part.stack().isPresent()) {
                json.writeNumberField("stack", part.stack().getAsLong());
            } else {
                json.writeNumberField("parameter", part.parameter().orElse(0));
            }
            json.writeNumberField("offset", part.offset());
            json.writeNumberField("size", part.size());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
