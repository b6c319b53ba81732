package org.quantalang.abi;

import org.jspecify.annotations.Nullable;
import org.quantalang.abi.Target.Architecture;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Follows bytes through the machine code that clang prints with {@code -stop-after=finalize-isel}:
 * virtual registers in one straight line, every memory access with the object it touches. From a
 * function that loads global variables, calls {@code f} with them and stores what comes back, it
 * reads which register and stack slot carried which bytes.
 *
 * <pre>
 * %4:gr32 = MOV32rm $rip, 1, $noreg, @g0, $noreg :: (load (s32) from @g0)
 * MOV32mr %5, 1, $noreg, 8, $noreg, %4 :: (store (s32) into stack + 8)      bytes 0..3 of g0 at stack+8
 * $edi = COPY %6
 * CALL64pcrel32 @f, ...
 * </pre>
 */
final class MachineCode {
    /** Where bytes of a value come from. */
    enum Origin {
        /** Bytes of a variable. */
        VARIABLE,
        /** A register after the call. */
        REGISTER,
        /** The address of a variable or stack object. */
        ADDRESS
    }

    /**
     * Some bytes that a virtual register or a place in memory holds.
     *
     * @param lane the byte of the holder that they begin at; -1 if arithmetic moved them
     */
    record Source(Origin origin, String name, long offset, long size, int lane) {
        Source moved() {
            return new Source(origin, name, offset, size, -1);
        }
    }

    /**
     * A store into an object.
     *
     * @param size how many bytes it writes
     */
    record Stored(long offset, long size, List<Source> sources) {}

    /** What one function showed. */
    static final class Call {
        final Map<String, List<Source>> registers = new TreeMap<>();
        final List<Stored> stack = new ArrayList<>();
        final List<List<Source>> operands = new ArrayList<>(); // WebAssembly
        final Map<String, List<Stored>> memory = new HashMap<>();
        final Map<String, List<Stored>> memoryAtCall = new HashMap<>();
        long stackBytes = -1;
        long calleePops;
        boolean called;
    }

    private static final Pattern BODY =
            Pattern.compile("(?m)^name: +(\\w+)\\n(.*?)^\\.\\.\\.$", Pattern.DOTALL);
    private static final Pattern IR_FUNCTION =
            Pattern.compile(
                    "(?m)^  define [^@]*@\"?(?:\\\\01_)?(\\w+)\"?\\((.*?)^  }", Pattern.DOTALL);
    private static final Pattern IR_STEP =
            Pattern.compile(
                    "%([\\w.-]+) = getelementptr inbounds (?:nuw )?i8, ptr %([\\w.-]+), i\\d+"
                            + " (\\d+)");
    private static final Pattern MEMORY =
            Pattern.compile(
                    "\\([^()]*?(load|store) \\(([^()]*)\\)(?: (?:from|into) (`[^`]*`(?: \\+"
                            + " \\d+)?|[^,)]+))?");
    private static final Pattern LINE =
            Pattern.compile("^ {4}(?:(.*?) = )?((?:[a-z][a-z-]* )*)([A-Z][\\w]*)(?: (.*))?$");
    private static final Pattern VREG = Pattern.compile("%(\\d+)(?![\\w.]*:)");
    private static final Pattern OBJECT = Pattern.compile("%(?:fixed-)?stack\\.\\d+");
    private static final Pattern GLOBAL = Pattern.compile("@\"?(?:\\\\01_)?(\\w+)");
    private static final Pattern X86_ADDRESS =
            Pattern.compile(
                    "(%\\d+|\\$\\w+|%(?:fixed-)?stack\\.\\d+)[\\w.-]*, \\d+, \\$noreg,"
                        + " (-?\\d+|(?:target-flags\\([\\w-]+\\) )?@\\w+(?: \\+ \\d+)?), \\$noreg");

    private final Target target;
    private final Call call = new Call();
    private final Map<Integer, List<Source>> values = new HashMap<>();
    private final Map<String, String> steps = new HashMap<>(); // IR value -> "base offset"
    private final Map<String, List<Source>> pending = new TreeMap<>();

    private MachineCode(Target target) {
        this.target = target;
    }

    /** Reads all functions {@code call_*} of a module. */
    static Map<String, Call> read(String text, Target target) {
        Map<String, String> ir = new HashMap<>();
        int split = text.indexOf("\n...\n");
        Matcher functions = IR_FUNCTION.matcher(text.substring(0, split));
        while (functions.find()) {
            ir.put(functions.group(1), functions.group(2));
        }
        Map<String, Call> calls = new HashMap<>();
        Matcher bodies = BODY.matcher(text.substring(split));
        while (bodies.find()) {
            String name = bodies.group(1);
            MachineCode code = new MachineCode(target);
            code.readSteps(ir.getOrDefault(name, ""));
            code.readStackNames(bodies.group(2));
            String body = bodies.group(2);
            for (String line : body.substring(body.indexOf("body: ")).split("\n", -1)) {
                code.instruction(line);
            }
            calls.put(name, code.call);
        }
        return calls;
    }

    private void readSteps(String ir) {
        Matcher step = IR_STEP.matcher(ir);
        while (step.find()) {
            steps.put(step.group(1), step.group(2) + " " + step.group(3));
        }
    }

    private void readStackNames(String body) {
        Matcher names = Pattern.compile("id: (\\d+), name: '?([\\w.-]+)'?, type").matcher(body);
        while (names.find()) {
            steps.put(names.group(2), "%stack." + names.group(1) + " 0");
        }
    }

    private record Place(String object, long offset) {}

    /**
     * Resolves {@code @g + 8}, {@code %ir.tmp + 4}, {@code stack + 16}; null if it says nothing.
     */
    private @Nullable Place place(String text) {
        long offset = 0;
        String base = text;
        Matcher plus = Pattern.compile("^(.*) \\+ (\\d+)$").matcher(text);
        if (plus.matches()) {
            base = plus.group(1);
            offset = Long.parseLong(plus.group(2));
        }
        if (base.startsWith("`")) {
            Matcher constant =
                    Pattern.compile(
                                    "^`(?:ptr|i\\d+) (?:getelementptr inbounds (?:nuw )?\\(i8, ptr"
                                            + " )?@(\\w+)(?:, i\\d+ (\\d+)\\))?`$")
                            .matcher(base);
            if (!constant.matches()) {
                throw new AssertionError("cannot read the address " + text);
            }
            long inside = constant.group(2) == null ? 0 : Long.parseLong(constant.group(2));
            return new Place("@" + constant.group(1), offset + inside);
        }
        if (base.startsWith("%ir.")) {
            String name = base.substring(4);
            while (steps.containsKey(name)) {
                String[] step = steps.get(name).split(" ", -1);
                offset += Long.parseLong(step[1]);
                name = step[0];
            }
            return new Place(name, offset);
        }
        Matcher object = OBJECT.matcher(base);
        if (object.lookingAt()) {
            return new Place(object.group(), offset);
        }
        return base.startsWith("@") || base.equals("stack") ? new Place(base, offset) : null;
    }

    private boolean isX86() {
        return target.architecture() == Architecture.X86
                || target.architecture() == Architecture.X86_64;
    }

    /** Resolves what a load or store touches, from its operands or from what clang notes of it. */
    private @Nullable Place accessed(String opcode, String operands, Matcher access) {
        String noted = access.group(3);
        if (isX86()) {
            return x86Place(operands);
        }
        Place place = noted == null ? null : place(noted);
        if (place != null) {
            return place;
        }
        if (target.architecture() == Architecture.WASM32) {
            Matcher global = Pattern.compile("@\\w+(?: \\+ \\d+)?").matcher(operands);
            return global.find() ? place(global.group()) : null;
        }
        Matcher base = Pattern.compile("%(\\d+), (\\d+)(?:,|$)").matcher(operands);
        if (!base.find()) {
            return null;
        }
        for (Source source : values.getOrDefault(Integer.parseInt(base.group(1)), List.of())) {
            if (source.origin == Origin.ADDRESS) {
                long scale =
                        opcode.endsWith("ui")
                                ? bytes(access.group(2))
                                : 1; // AArch64 counts elements
                long displacement = Long.parseLong(base.group(2)) * scale;
                return new Place(source.name, source.offset + displacement);
            }
        }
        return null;
    }

    /** Resolves the five operands of an x86 address. */
    private @Nullable Place x86Place(String operands) {
        Matcher address = X86_ADDRESS.matcher(operands);
        if (!address.find()) {
            return null;
        }
        String displacement = address.group(2).replaceAll("target-flags\\([\\w-]+\\) ", "");
        if (displacement.startsWith("@")) {
            return place(displacement);
        }
        long offset = Long.parseLong(displacement);
        String base = address.group(1);
        if (base.startsWith("%stack") || base.startsWith("%fixed")) {
            return new Place(base, offset);
        }
        if (base.startsWith("$")) {
            return base.endsWith("sp") ? new Place("stack", offset) : null;
        }
        for (Source source : values.getOrDefault(Integer.parseInt(base.substring(1)), List.of())) {
            if (source.origin == Origin.ADDRESS) {
                return new Place(source.name, source.offset + offset);
            }
        }
        return null;
    }

    private static long bytes(String type) {
        Matcher vector = Pattern.compile("<(\\d+) x [sp](\\d+)>").matcher(type);
        if (vector.matches()) {
            return Long.parseLong(vector.group(1)) * Long.parseLong(vector.group(2)) / 8;
        }
        return type.startsWith("s") ? Long.parseLong(type.substring(1)) / 8 : 0;
    }

    private void instruction(String line) {
        int memoryAt = line.indexOf(" :: (");
        String code = memoryAt < 0 ? line : line.substring(0, memoryAt);
        String memory = memoryAt < 0 ? "" : line.substring(memoryAt);
        Matcher parsed = LINE.matcher(code);
        if (!parsed.matches()) {
            return;
        }
        String defs = parsed.group(1) == null ? "" : parsed.group(1);
        String opcode = parsed.group(3);
        String operands = parsed.group(4) == null ? "" : parsed.group(4);
        if (opcode.startsWith("ADJCALLSTACK")) {
            String[] numbers = operands.split(", ", 3);
            if (opcode.contains("DOWN") && !call.called) {
                call.stackBytes = Long.parseLong(numbers[0]);
            } else if (opcode.contains("UP") && call.called && call.calleePops == 0) {
                call.calleePops = isX86() ? Long.parseLong(numbers[1]) : 0;
            }
            return;
        }
        if (opcode.startsWith("CALL") || opcode.equals("BL") || opcode.equals("PseudoCALL")) {
            callTo(defs, operands);
            return;
        }
        List<List<Source>> used = usedValues(operands);
        boolean loads = memory.contains("load (");
        boolean stores = memory.contains("store (");
        List<Source> result = new ArrayList<>();
        used.forEach(result::addAll);
        if (used.size() > 1 || movesBytes(opcode)) {
            result.replaceAll(Source::moved);
        }
        if (loads) {
            result.removeIf(source -> source.origin == Origin.ADDRESS);
            result.addAll(loaded(opcode, operands, memory));
        } else if (!stores) {
            result.addAll(addresses(opcode, operands));
        }
        if (opcode.equals("MEMCPY")) {
            copy(used.get(0), used.get(1), 64);
            return;
        }
        if (stores) {
            boolean last = isX86() || target.architecture() == Architecture.WASM32;
            List<Source> value =
                    used.isEmpty() ? List.of() : last ? used.getLast() : used.getFirst();
            Matcher object =
                    Pattern.compile(", (%stack\\.\\d+)[\\w.-]*, implicit").matcher(operands);
            if (target.architecture() == Architecture.WASM32 && object.find()) {
                value = List.of(new Source(Origin.ADDRESS, object.group(1), 0, 0, 0));
            }
            store(opcode, operands, memory, value);
        }
        define(defs, opcode, result, used);
    }

    private static boolean movesBytes(String opcode) {
        return opcode.matches(
                "(SH[LR]|SA[LR]|RO[LR]|LS[LR]|UBFM|SBFM|SLL|SRL|SRA|EXTR|MOVsi|MOVsr|P?SHUF|UNPCK|ORR\\w+rs).*");
    }

    private List<List<Source>> usedValues(String operands) {
        List<List<Source>> used = new ArrayList<>();
        Matcher uses = VREG.matcher(operands);
        while (uses.find()) {
            used.add(values.getOrDefault(Integer.parseInt(uses.group(1)), List.of()));
        }
        return used;
    }

    private List<Source> addresses(String opcode, String operands) {
        if (isX86() && opcode.startsWith("LEA")) {
            Place place = x86Place(operands);
            return place == null
                    ? List.of()
                    : List.of(new Source(Origin.ADDRESS, place.object, place.offset, 0, 0));
        }
        List<Source> found = new ArrayList<>();
        Matcher object = OBJECT.matcher(operands);
        while (object.find()) {
            found.add(new Source(Origin.ADDRESS, object.group(), 0, 0, 0));
        }
        Matcher global = GLOBAL.matcher(operands);
        while (global.find()) {
            found.add(new Source(Origin.ADDRESS, "@" + global.group(1), 0, 0, 0));
        }
        Matcher register = Pattern.compile("^(?:killed )?\\$(\\w+)$").matcher(operands);
        if (opcode.equals("COPY") && register.matches()) {
            String name = register.group(1);
            if (name.endsWith("sp") || name.equals("x2")) {
                found.add(new Source(Origin.ADDRESS, "stack", 0, 0, 0));
            } else {
                found.add(new Source(Origin.REGISTER, registerName(target, name), 0, 0, 0));
            }
        }
        return found;
    }

    private List<Source> loaded(String opcode, String operands, String memory) {
        Matcher access = MEMORY.matcher(memory);
        List<Source> found = new ArrayList<>();
        while (access.find()) {
            if (!access.group(1).equals("load")) {
                continue;
            }
            Place place = accessed(opcode, operands, access);
            if (place == null) {
                continue;
            }
            long size = bytes(access.group(2));
            if (place.object.startsWith("@")) {
                found.add(
                        new Source(
                                Origin.VARIABLE, place.object.substring(1), place.offset, size, 0));
                continue;
            }
            for (Stored stored : call.memory.getOrDefault(place.object, List.of())) {
                if (stored.offset < place.offset + size
                        && place.offset < stored.offset + stored.size) {
                    found.addAll(cut(stored, place.offset, size));
                }
            }
        }
        return found;
    }

    /** The part of stored bytes that a load of some bytes of the object sees. */
    private static List<Source> cut(Stored stored, long from, long size) {
        List<Source> found = new ArrayList<>();
        for (Source source : stored.sources) {
            if (source.origin == Origin.ADDRESS || source.lane < 0) {
                found.add(source.moved());
                continue;
            }
            long at = stored.offset + source.lane; // where its first byte lies
            long length = source.size == 0 ? stored.size : source.size;
            long first = Math.max(at, from);
            long end = Math.min(at + length, from + size);
            if (first < end) {
                found.add(
                        new Source(
                                source.origin,
                                source.name,
                                source.offset + first - at,
                                end - first,
                                (int) (first - from)));
            }
        }
        return found;
    }

    private void store(String opcode, String operands, String memory, List<Source> value) {
        Matcher access = MEMORY.matcher(memory);
        while (access.find()) {
            if (!access.group(1).equals("store")) {
                continue;
            }
            Place place = accessed(opcode, operands, access);
            if (place != null) {
                Stored stored =
                        new Stored(place.offset, bytes(access.group(2)), List.copyOf(value));
                call.memory.computeIfAbsent(place.object, key -> new ArrayList<>()).add(stored);
            }
        }
    }

    private void copy(List<Source> to, List<Source> from, long size) {
        for (Source destination : to) {
            for (Source source : from) {
                if (destination.origin != Origin.ADDRESS || source.origin != Origin.ADDRESS) {
                    continue;
                }
                List<Stored> into =
                        call.memory.computeIfAbsent(destination.name, key -> new ArrayList<>());
                if (source.name.startsWith("@")) {
                    Source bytes =
                            new Source(
                                    Origin.VARIABLE,
                                    source.name.substring(1),
                                    source.offset,
                                    size,
                                    0);
                    into.add(new Stored(destination.offset, size, List.of(bytes)));
                } else {
                    into.addAll(call.memory.getOrDefault(source.name, List.of()));
                }
            }
        }
    }

    private void define(String defs, String opcode, List<Source> result, List<List<Source>> used) {
        int index = 0;
        for (String def : defs.split(", ", -1)) {
            Matcher virtual = Pattern.compile("%(\\d+).*").matcher(def.replaceAll("^[a-z-]+ ", ""));
            List<Source> value = result;
            if (opcode.equals("VMOVRRD")) {
                value = half(used.getFirst(), index);
            } else if (opcode.equals("VMOVDRR")) {
                value = new ArrayList<>(used.get(0));
                used.get(1).forEach(high -> result.add(high));
                value.addAll(used.get(1).stream().map(MachineCode::high).toList());
            }
            if (virtual.matches()) {
                values.put(Integer.parseInt(virtual.group(1)), List.copyOf(value));
            } else if (def.startsWith("$")) {
                pending.put(registerName(target, def.substring(1)), List.copyOf(value));
            }
            index++;
        }
    }

    private static Source high(Source low) {
        return new Source(low.origin, low.name, low.offset, low.size == 0 ? 4 : low.size, 4);
    }

    private static List<Source> half(List<Source> whole, int index) {
        List<Source> found = new ArrayList<>();
        for (Source source : whole) {
            if (source.lane == 0 && source.size == 8) {
                found.add(new Source(source.origin, source.name, source.offset + 4L * index, 4, 0));
            } else if (source.lane < 0 || source.lane / 4 == index) {
                found.add(
                        new Source(
                                source.origin,
                                source.name,
                                source.offset,
                                source.size,
                                source.lane < 0 ? -1 : 0));
            }
        }
        return found;
    }

    private void callTo(String defs, String operands) {
        Matcher global = GLOBAL.matcher(operands);
        if (operands.contains("&memcpy") || operands.contains("&memmove")) {
            List<Source> all = new ArrayList<>();
            pending.values().forEach(all::addAll);
            copy(
                    all.stream().filter(each -> !each.name.startsWith("@")).toList(),
                    all.stream().filter(each -> each.name.startsWith("@")).toList(),
                    64);
            pending.clear();
            return;
        }
        if (!global.find()) {
            return;
        }
        call.called = true;
        call.registers.putAll(pending);
        call.stack.addAll(call.memory.getOrDefault("stack", List.of()));
        call.memory.forEach((object, stored) -> call.memoryAtCall.put(object, List.copyOf(stored)));
        if (target.architecture() == Architecture.WASM32) {
            for (String operand : operands.substring(operands.indexOf(", ") + 1).split(", ", -1)) {
                if (operand.contains("implicit")) {
                    break;
                }
                List<Source> sources = new ArrayList<>(addresses("CALL", operand));
                usedValues(operand).forEach(sources::addAll);
                call.operands.add(sources);
            }
            Matcher result = Pattern.compile("%(\\d+).*").matcher(defs);
            if (result.matches()) {
                values.put(
                        Integer.parseInt(result.group(1)),
                        List.of(new Source(Origin.REGISTER, "0", 0, 0, 0)));
            }
        }
        pending.clear();
    }

    /** Our name of a register that clang names by the width it is used with. */
    static String registerName(Target target, String clang) {
        return switch (target.architecture()) {
            case X86_64, X86 -> {
                String prefix = target.architecture() == Architecture.X86 ? "e" : "r";
                String plain = clang.replaceAll("^[re]?([abcd])[xl]$|^[re]?([ds])il?$", "$1$2");
                if (plain.length() == 1) {
                    yield prefix
                            + plain
                            + ("ds".contains(plain) && clang.contains("i") ? "i" : "x");
                }
                yield clang.replaceAll("^(r\\d+)[dwb]$", "$1").replaceAll("^fp(\\d)$", "st$1");
            }
            case AARCH64 ->
                    clang.replaceAll("^w(\\d+)$", "x$1").replaceAll("^[bhsdq](\\d+)$", "v$1");
            case ARM, WASM32 -> clang;
            case RISCV64 -> {
                if (clang.matches("x1[0-7]")) {
                    yield "a" + (Integer.parseInt(clang.substring(1)) - 10);
                }
                yield clang.matches("f1[0-7]_[fdh]")
                        ? "fa" + (Integer.parseInt(clang.substring(1, 3)) - 10)
                        : clang;
            }
        };
    }
}
