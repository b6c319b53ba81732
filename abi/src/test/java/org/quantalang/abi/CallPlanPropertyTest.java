package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.abi.ArgumentPlan.Part;
import org.quantalang.abi.Target.Architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Random signatures, classified by us and compiled by clang 19. A function that reads one scalar of
 * one argument and nothing else shows in its machine code where the scalar arrived. The targets
 * left out need a probe that tells apart the registers a variadic function or a split record
 * spills.
 */
class CallPlanPropertyTest {
    private static final long FIXED_SEED = 20_26;
    private static final int SIGNATURES = Integer.getInteger("quanta.signatures", 200);
    private static final Pattern FUNCTION =
            Pattern.compile("(?m)^name: +'?\"?([\\w@.]+)'?\"?\\n(.*?)^\\.\\.\\.$", Pattern.DOTALL);
    private static final Pattern LIVE_IN = Pattern.compile("reg: '\\$(\\w+)'");
    private static final Pattern FIXED =
            Pattern.compile("id: (\\d+), type: [\\w-]+, offset: (-?\\d+), size: (\\d+)");
    private static final Pattern USE = Pattern.compile("%fixed-stack\\.(\\d+)");

    @TempDir Path folder;

    private record Probe(CallPlan plan, int argument, long first, long last) {}

    @ParameterizedTest
    @EnumSource(
            value = Target.class,
            names = {
                "X86_64_LINUX_GNU",
                "X86_64_WINDOWS_MSVC",
                "X86_64_WINDOWS_GNU",
                "I686_LINUX_GNU",
                "I686_WINDOWS_GNU",
                "ARM64_DARWIN"
            })
    void agreesWithClangOnTheFixedSeed(Target target) throws IOException {
        compare(target, FIXED_SEED, "");
    }

    @ParameterizedTest
    @EnumSource(
            value = Target.class,
            names = {
                "X86_64_LINUX_GNU",
                "X86_64_WINDOWS_MSVC",
                "X86_64_WINDOWS_GNU",
                "I686_LINUX_GNU",
                "I686_WINDOWS_GNU",
                "ARM64_DARWIN"
            })
    void agreesWithClangOnAFreshSeed(Target target) throws IOException {
        long seed = new Random().nextInt(1_000_000_000);
        System.out.printf("calls: target=%s fresh seed=%d%n", target, seed);
        compare(target, seed, "");
    }

    private void compare(Target target, long seed, String convention) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        SignatureGenerator generator = new SignatureGenerator(new Random(seed), target, convention);
        String text = generator.signatures(SIGNATURES);
        CDeclarations ours = CDeclarations.parse(text, target);
        StringBuilder judged = new StringBuilder(text);
        Map<String, Probe> probes = new HashMap<>();
        for (ExternFunction function : ours.functions()) {
            CallPlan plan = CallPlan.of(function.signature(), List.of(), target);
            for (int i = 0; i < plan.arguments().size(); i++) {
                SignatureGenerator.Path path = generator.leaf(plan.argumentTypes().get(i), "p" + i);
                String name = "probe_%s_%d".formatted(function.name(), i);
                judged.append(
                        "volatile %s;%n%s { g_%s = %s; for (;;); }%n"
                                .formatted(
                                        path.type().declare("g_" + name),
                                        function.signature().declare(convention + " " + name),
                                        name,
                                        path.expression()));
                long last = path.offset() + path.type().size(target) - 1;
                probes.put(name, new Probe(plan, i, path.offset(), last));
            }
        }
        Path source = folder.resolve("calls.c");
        Files.writeString(source, judged);
        String machine =
                clang.run(
                        List.of(
                                "--target=" + target.triple(),
                                "-w",
                                "-O1",
                                "-fno-builtin",
                                "-S",
                                "-mllvm",
                                "-stop-after=finalize-isel",
                                "-o",
                                "-",
                                source.toString()));
        List<String> faults = new ArrayList<>();
        int compared = 0;
        Matcher functions = FUNCTION.matcher(machine);
        while (functions.find()) {
            String name = functions.group(1).replaceAll("^.*?(probe_.*?)(@\\d+)*$", "$1");
            Probe probe = probes.get(name);
            if (probe != null) {
                compared++;
                check(probe, functions.group(2)).forEach(fault -> faults.add(name + ": " + fault));
            }
        }
        assertEquals(
                List.of(),
                faults.subList(0, Math.min(6, faults.size())),
                () -> "target=%s seed=%d mismatches=%d".formatted(target, seed, faults.size()));
        assertEquals(probes.size(), compared, "probes seen in the machine code");
    }

    private static List<String> check(Probe probe, String body) {
        Target target = probe.plan.target();
        ArgumentPlan argument = probe.plan.arguments().get(probe.argument);
        Set<String> registers = new TreeSet<>();
        Set<Long> stack = new TreeSet<>();
        boolean indirect = argument.passing() == ArgumentPlan.Passing.INDIRECT;
        for (Part part : argument.parts()) {
            boolean holds =
                    indirect
                            || (part.offset() <= probe.last
                                    && part.offset() + part.size() > probe.first);
            if (holds && part.register().isPresent()) {
                registers.add(part.register().get());
            } else if (holds) {
                long inside = indirect ? 0 : Math.max(0, probe.first - part.offset());
                stack.add(part.stack().orElseThrow() + inside);
            }
        }
        int blocks = body.indexOf("body: ");
        Set<String> seen = new TreeSet<>();
        Matcher liveIns = LIVE_IN.matcher(body.substring(0, blocks));
        while (liveIns.find()) {
            seen.add(name(target, liveIns.group(1)));
        }
        Set<Long> hidden = new TreeSet<>();
        if (probe.plan.result().passing() == ArgumentPlan.Passing.INDIRECT) {
            Part pointer = probe.plan.result().parts().getFirst();
            pointer.register().filter(each -> !registers.contains(each)).ifPresent(seen::remove);
            pointer.stack().ifPresent(hidden::add);
        }
        Map<String, long[]> objects = new HashMap<>();
        Matcher fixed = FIXED.matcher(body.substring(0, blocks));
        long home = target.isWindows() && target.architecture() == Architecture.X86_64 ? 32 : 0;
        while (fixed.find()) {
            long offset = Long.parseLong(fixed.group(2)) - home;
            objects.put(fixed.group(1), new long[] {offset, Long.parseLong(fixed.group(3))});
        }
        Set<String> used = new TreeSet<>();
        Matcher uses = USE.matcher(body.substring(blocks));
        while (uses.find()) {
            used.add(uses.group(1));
        }
        List<String> seenStack = new ArrayList<>();
        Set<Long> found = new TreeSet<>();
        for (String id : used) {
            long[] object = objects.getOrDefault(id, new long[] {-1, 0});
            if (hidden.contains(object[0]) && !stack.contains(object[0])) {
                continue;
            }
            seenStack.add("%d+%d".formatted(object[0], object[1]));
            for (long wanted : stack) {
                if (object[0] <= wanted && wanted < object[0] + object[1]) {
                    found.add(wanted);
                }
            }
        }
        boolean stackAgrees = found.equals(stack) && (!stack.isEmpty() || seenStack.isEmpty());
        if (seen.equals(registers) && stackAgrees) {
            return List.of();
        }
        return List.of(
                "%s argument %d byte %d: registers=%s stack=%s, clang: registers=%s stack=%s"
                        .formatted(
                                probe.plan.signature().declare("f"),
                                probe.argument,
                                probe.first,
                                registers,
                                stack,
                                seen,
                                seenStack));
    }

    /** Our name of a register that clang names by the width it is used with. */
    private static String name(Target target, String clang) {
        return switch (target.architecture()) {
            case X86_64, X86 -> {
                String prefix = target.architecture() == Architecture.X86 ? "e" : "r";
                String plain = clang.replaceAll("^[re]?([abcd])[xl]$|^[re]?([ds])il?$", "$1$2");
                if (plain.length() == 1) {
                    yield prefix
                            + plain
                            + ("ds".contains(plain) && clang.contains("i") ? "i" : "x");
                }
                yield clang.replaceAll("^(r\\d+)[dwb]$", "$1");
            }
            case AARCH64 ->
                    clang.replaceAll("^w(\\d+)$", "x$1").replaceAll("^[bhsdq](\\d+)$", "v$1");
            case ARM -> clang;
            case RISCV64 -> {
                if (clang.matches("x1[0-7]")) {
                    yield "a" + (Integer.parseInt(clang.substring(1)) - 10);
                }
                yield clang.matches("f1[0-7]_[fdh]")
                        ? "fa" + (Integer.parseInt(clang.substring(1, 3)) - 10)
                        : clang;
            }
            case WASM32 -> clang;
        };
    }
}
