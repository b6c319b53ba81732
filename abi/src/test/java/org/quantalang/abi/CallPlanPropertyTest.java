package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.ArgumentPlan.Passing;
import org.quantalang.abi.MachineCode.Call;
import org.quantalang.abi.MachineCode.Origin;
import org.quantalang.abi.MachineCode.Source;
import org.quantalang.abi.MachineCode.Stored;
import org.quantalang.abi.Target.Architecture;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Random signatures, classified by us and compiled by clang 19: a caller that passes one variable
 * for each argument and stores the result shows in its machine code what travels where.
 */
class CallPlanPropertyTest {
    private static final long FIXED_SEED = 20_26;
    private static final int SIGNATURES = Integer.getInteger("quanta.signatures", 200);

    @TempDir Path folder;

    static Stream<Arguments> targetsAndConventions() {
        List<Arguments> all = new ArrayList<>();
        for (Target target : Target.values()) {
            for (CallingConvention convention : CallingConvention.values()) {
                if (attribute(convention) != null
                        && CallingConvention.of(target).contains(convention)) {
                    all.add(Arguments.of(target, convention));
                }
            }
        }
        return all.stream();
    }

    /** How C asks for a convention; null for those that are another name of the default. */
    static @Nullable String attribute(CallingConvention convention) {
        return switch (convention) {
            case C -> "";
            case STDCALL, FASTCALL, THISCALL, VECTORCALL ->
                    "__attribute__((%s))".formatted(convention.conventionName());
            case WIN64 -> "__attribute__((ms_abi))";
            case SYSV64 -> "__attribute__((sysv_abi))";
            case AAPCS -> "__attribute__((pcs(\"aapcs\")))";
            default -> null;
        };
    }

    @ParameterizedTest
    @MethodSource("targetsAndConventions")
    void agreesWithClangOnTheFixedSeed(Target target, CallingConvention convention)
            throws IOException {
        compare(target, convention, FIXED_SEED);
    }

    /** A record of one double and an unnamed bit-field comes back in xmm0 under vectorcall. */
    @Test
    void agreesWithClangOnTheSeedThatFoundALoneDouble() throws IOException {
        Target mingw = Target.parse("i686-w64-windows-gnu");
        compare(mingw, CallingConvention.VECTORCALL, 301_175_010);
    }

    @ParameterizedTest
    @MethodSource("targetsAndConventions")
    void agreesWithClangOnAFreshSeed(Target target, CallingConvention convention)
            throws IOException {
        long seed = new Random().nextInt(1_000_000_000);
        System.out.printf(
                "calls: target=%s convention=%s fresh seed=%d%n", target, convention, seed);
        compare(target, convention, seed);
    }

    private void compare(Target target, CallingConvention convention, long seed)
            throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        SignatureGenerator generator = new SignatureGenerator(new Random(seed), target, convention);
        String records = generator.records(40);
        StringBuilder judged =
                new StringBuilder(SignatureGenerator.COMPILER_PRELUDE).append(records);
        CDeclarations ours = CDeclarations.parse(records, target);
        Map<String, CallPlan> plans = new LinkedHashMap<>();
        while (plans.size() < SIGNATURES) {
            SignatureGenerator.Signature random = generator.signature("f" + plans.size());
            CallPlan plan = plan(ours, random, convention);
            if (CompilerFault.of(plan).isEmpty()) {
                plans.put(random.name(), plan);
                judged.append(random.prototype(String.valueOf(attribute(convention))))
                        .append(";\n");
                judged.append(caller(random.name(), plan));
            }
        }
        Path source = folder.resolve("calls.c");
        Files.writeString(source, judged);
        List<String> command = new ArrayList<>(flags(target));
        command.addAll(List.of("-S", "-mllvm", "-stop-after=finalize-isel", "-o", "-"));
        command.add(source.toString());
        String machine = clang.run(command);
        List<String> faults = new ArrayList<>();
        Map<String, Call> calls = MachineCode.read(machine, target);
        plans.forEach(
                (name, plan) -> {
                    for (String fault :
                            new Comparison(
                                            name,
                                            plan,
                                            calls.getOrDefault("call_" + name, new Call()))
                                    .faults()) {
                        String prototype = plan.signature().declare(name);
                        String further = plan.argumentTypes().toString();
                        faults.add(
                                "%s%n  %s%n%s"
                                        .formatted(
                                                prototype,
                                                fault,
                                                generator.definitionsFor(prototype + further)));
                    }
                });
        assertEquals(
                List.of(),
                faults.subList(0, Math.min(6, faults.size())),
                () ->
                        "target=%s convention=%s seed=%d mismatches=%d"
                                .formatted(target, convention, seed, faults.size()));
        assertEquals(SIGNATURES, calls.size());
        assertEquals(symbols(plans), undefinedSymbols(clang, target, source));
    }

    private static Set<String> symbols(Map<String, CallPlan> plans) {
        Set<String> symbols = new TreeSet<>();
        plans.forEach((name, plan) -> symbols.add(plan.symbol(name)));
        return symbols;
    }

    /** The names of the called functions in the object file, as llvm-nm lists them. */
    private Set<String> undefinedSymbols(CompilerUnderTest clang, Target target, Path source) {
        CompilerUnderTest nm = CompilerUnderTest.require("llvm-nm-19", "llvm-19");
        Path object = folder.resolve("calls.o");
        List<String> command = new ArrayList<>(flags(target));
        command.addAll(List.of("-c", "-o", object.toString(), source.toString()));
        clang.run(command);
        Set<String> symbols = new TreeSet<>();
        for (String line : nm.run(List.of("-u", object.toString())).split("\n", -1)) {
            String name = line.replaceFirst("^ *U ", "");
            if (name.matches("[_@]?f\\d+(@.*)?")) {
                symbols.add(name);
            }
        }
        return symbols;
    }

    private static List<String> flags(Target target) {
        return List.of(
                "--target=" + target.triple(),
                "-w",
                "-O1",
                "-fno-builtin",
                "-fno-pic",
                target.architecture() == Architecture.X86 ? "-msse2" : "-fno-pic",
                "-fno-optimize-sibling-calls",
                "-fno-discard-value-names");
    }

    private static CallPlan plan(
            CDeclarations records,
            SignatureGenerator.Signature random,
            CallingConvention convention) {
        List<CType> further = new ArrayList<>();
        random.further().forEach(type -> further.addAll(records.types(type)));
        CType pointer = records.types(random.pointerType()).getFirst();
        if (pointer instanceof CType.Pointer(CType.Function(CFunctionSignature signature))) {
            return CallPlan.of(signature.withConvention(convention), further, records.target());
        }
        throw new AssertionError(pointer);
    }

    /** A function that calls {@code name} with variables {@code a0}, ... and stores the result. */
    private static String caller(String name, CallPlan plan) {
        StringBuilder variables = new StringBuilder();
        StringBuilder arguments = new StringBuilder();
        for (int i = 0; i < plan.argumentTypes().size(); i++) {
            String variable = "%s_%d".formatted(name, i);
            variables.append(plan.argumentTypes().get(i).declare(variable)).append("; ");
            arguments.append(i == 0 ? "" : ", ").append(variable);
        }
        String result = "";
        if (plan.result().passing() != Passing.VOID) {
            String variable = name + "_r";
            variables.append(plan.signature().returnType().declare(variable)).append("; ");
            result = variable + " = ";
        }
        return "%s%nvoid call_%s(void) { %s%s(%s); }%n"
                .formatted(variables, name, result, name, arguments);
    }

    /** One plan beside what the compiler did. */
    private static final class Comparison {
        private final String name; // of the function; its arguments are the variables name_0, ...
        private final CallPlan plan;
        private final Target target;
        private final Call seen;
        private final List<String> faults = new ArrayList<>();

        Comparison(String name, CallPlan plan, Call seen) {
            this.name = name;
            this.plan = plan;
            this.target = plan.target();
            this.seen = seen;
        }

        List<String> faults() {
            if (!seen.called) {
                return List.of("not in the compiler's output");
            }
            Map<String, String> expected = new HashMap<>();
            for (int i = 0; i < plan.arguments().size(); i++) {
                ArgumentPlan argument = plan.arguments().get(i);
                CType type = plan.argumentTypes().get(i);
                for (Part part : argument.parts()) {
                    part.register().ifPresent(register -> expected.put(register, "a"));
                    if (argument.passing() == Passing.INDIRECT) {
                        pointer("argument " + i, i, part);
                    } else {
                        value(i, type, part);
                    }
                }
            }
            if (plan.result().passing() == Passing.INDIRECT) {
                Part part = plan.result().parts().getFirst();
                part.register().ifPresent(register -> expected.put(register, "r"));
                pointer("result", -1, part);
            } else {
                plan.result().parts().forEach(this::returned);
            }
            noOthers(expected);
            if (target.architecture() != Architecture.WASM32) {
                stackSize();
            }
            return faults;
        }

        @SuppressWarnings("AnnotateFormatMethod") // the annotation would need one more dependency
        private void fault(String what, Object... values) {
            faults.add(what.formatted(values));
        }

        private String variable(int argument) {
            return "%s_%d".formatted(name, argument);
        }

        /** What the place of a part held at the call. */
        private List<Source> at(Part part) {
            if (part.register().isPresent()) {
                return seen.registers.getOrDefault(part.register().get(), List.of());
            }
            if (part.parameter().isPresent()) {
                int index = (int) part.parameter().getAsLong();
                return index < seen.operands.size() ? seen.operands.get(index) : List.of();
            }
            long from = part.stack().orElseThrow() + home();
            List<Source> found = new ArrayList<>();
            for (Stored stored : stackArea()) {
                if (stored.offset() < from + part.size()
                        && from < stored.offset() + stored.size()) {
                    for (Source source : stored.sources()) {
                        long at = stored.offset() + Math.max(0, source.lane()) - from;
                        boolean placed = source.lane() >= 0;
                        found.add(
                                new Source(
                                        source.origin(),
                                        source.name(),
                                        source.offset(),
                                        Math.min(
                                                source.size() == 0 ? 99 : source.size(),
                                                stored.size()),
                                        placed ? (int) at : -1));
                    }
                }
            }
            return found;
        }

        /** Win64 callers leave room for the register arguments; our offsets start behind it. */
        private long home() {
            boolean win64 =
                    target.architecture() == Architecture.X86_64
                            && (target.isWindows()
                                    ? plan.convention() != CallingConvention.SYSV64
                                    : plan.convention() == CallingConvention.WIN64);
            return win64 ? 32 : 0;
        }

        private List<Stored> stackArea() {
            if (target.architecture() != Architecture.WASM32) {
                return seen.stack;
            }
            if (seen.operands.isEmpty()) {
                return List.of();
            }
            for (Source source : seen.operands.getLast()) {
                if (source.origin() == Origin.ADDRESS) {
                    return seen.memoryAtCall.getOrDefault(source.name(), List.of());
                }
            }
            return List.of();
        }

        private void pointer(String what, int argument, Part part) {
            for (Source source : at(part)) {
                if (source.origin() != Origin.ADDRESS) {
                    continue;
                }
                boolean itself =
                        argument >= 0
                                && (source.name().equals("@" + variable(argument))
                                        || bytes(plan.argumentTypes().get(argument)).isEmpty());
                if (itself) {
                    return;
                }
                List<String> held = new ArrayList<>();
                for (Stored stored : seen.memoryAtCall.getOrDefault(source.name(), List.of())) {
                    stored.sources().forEach(each -> held.add(each.name()));
                }
                boolean right =
                        argument < 0
                                ? held.stream().noneMatch(each -> each.matches("f\\d+_\\d+"))
                                : held.contains(variable(argument));
                if (right) {
                    return;
                }
            }
            fault("%s: no pointer in %s, clang: %s", what, part, at(part));
        }

        private void value(int argument, CType type, Part part) {
            BitSet wanted =
                    bytes(type).get((int) part.offset(), (int) (part.offset() + part.size()));
            for (Source source : at(part)) {
                if (source.origin() == Origin.ADDRESS && decays(type)) {
                    return;
                }
                boolean own =
                        source.origin() == Origin.VARIABLE
                                && source.name().equals(variable(argument));
                if (!own) {
                    fault("argument %d: %s holds %s", argument, part, source);
                    return;
                }
                if (source.lane() >= 0
                        && (source.offset() - source.lane() != part.offset()
                                && source.lane() < part.size())) {
                    fault("argument %d: %s begins with another byte: %s", argument, part, source);
                    return;
                }
                long from = Math.max(0, source.offset() - part.offset());
                long to = source.offset() + source.size() - part.offset();
                if (to > from) {
                    wanted.clear((int) from, (int) to);
                }
            }
            if (!wanted.isEmpty()) {
                fault(
                        "argument %d: bytes %s of %s are elsewhere: clang %s",
                        argument, wanted, part, at(part));
            }
        }

        private boolean decays(CType type) {
            return type.unwrap() == CPrimitive.VA_LIST;
        }

        /** The bytes of a type that hold data. */
        private BitSet bytes(CType type) {
            BitSet bytes = new BitSet();
            collect(type, 0, bytes);
            return bytes;
        }

        private void collect(CType type, long at, BitSet into) {
            switch (type.unwrap()) {
                case CStructDef record -> {
                    for (FieldLayout field : RecordLayout.of(record, target).fields()) {
                        if (!field.isBitField()) {
                            collect(field.field().type(), at + field.offsetBytes(), into);
                        } else if (!field.name().isEmpty()) {
                            long first = at * 8 + field.bitOffset();
                            into.set((int) (first / 8), (int) ((first + field.bitSize() + 7) / 8));
                        }
                    }
                }
                case CType.Array array -> {
                    for (long i = 0; i < array.length().orElse(0); i++) {
                        collect(array.element(), at + i * array.element().size(target), into);
                    }
                }
                case CType.Complex complex -> {
                    collect(complex.part(), at, into);
                    collect(complex.part(), at + complex.part().size(target), into);
                }
                case CPrimitive.LONG_DOUBLE -> {
                    boolean x87 =
                            target.dataModel().longDoubleFormat() == DataModel.FloatFormat.X87;
                    long size = x87 ? 10 : type.size(target);
                    into.set((int) at, (int) (at + size));
                }
                default -> into.set((int) at, (int) (at + type.size(target)));
            }
        }

        private void returned(Part part) {
            String place = part.register().orElseGet(() -> "" + part.parameter().orElseThrow());
            BitSet wanted =
                    bytes(plan.signature().returnType())
                            .get((int) part.offset(), (int) (part.offset() + part.size()));
            for (Stored stored : seen.memory.getOrDefault("@" + name + "_r", List.of())) {
                for (Source source : stored.sources()) {
                    if (source.origin() != Origin.REGISTER || !source.name().equals(place)) {
                        continue;
                    }
                    long from = stored.offset() + Math.max(0, source.lane()) - part.offset();
                    long to =
                            from
                                    + (source.size() == 0
                                            ? stored.size() - Math.max(0, source.lane())
                                            : source.size());
                    if (from >= part.size() || to <= 0) {
                        fault("result: %s also at byte %d", part, from + part.offset());
                        return;
                    }
                    wanted.clear((int) Math.max(0, from), (int) to);
                }
            }
            if (!wanted.isEmpty()) {
                fault(
                        "result: bytes %s of %s come from elsewhere: clang %s",
                        wanted, part, seen.memory.getOrDefault("@" + name + "_r", List.of()));
            }
        }

        /** Registers that carry an argument but are in no part. */
        private void noOthers(Map<String, String> expected) {
            seen.registers.forEach(
                    (register, sources) -> {
                        boolean carries =
                                sources.stream().anyMatch(each -> each.origin() != Origin.REGISTER);
                        if (carries && !expected.containsKey(register)) {
                            fault("clang also uses %s for %s", register, sources);
                        }
                    });
        }

        private void stackSize() {
            long unit = target.architecture() == Architecture.X86 ? 4 : 16;
            for (CType type : plan.argumentTypes()) { // clang keeps the stack pointer aligned
                unit = Math.max(unit, type.alignment(target));
            }
            if ((plan.stackBytes() + unit - 1) / unit
                    != (seen.stackBytes - home() + unit - 1) / unit) {
                fault("stack bytes: %d, clang %d", plan.stackBytes(), seen.stackBytes - home());
            }
            if (plan.calleePops() != seen.calleePops) {
                fault("callee pops %d, clang %d", plan.calleePops(), seen.calleePops);
            }
        }
    }
}
