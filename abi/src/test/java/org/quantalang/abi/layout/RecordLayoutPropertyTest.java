package org.quantalang.abi.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CompilerUnderTest;
import org.quantalang.abi.RandomRecords;
import org.quantalang.abi.Target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Random records, laid out by us and by clang 19: the two must agree on every bit. */
class RecordLayoutPropertyTest {
    private static final long FIXED_SEED = 20_26;
    private static final int RECORDS = 500;
    private static final Pattern DUMP =
            Pattern.compile(
                    "Type: (?:struct|union) (\\w+)\\s+Layout: <ASTRecordLayout\\s+Size:(\\d+)\\s+"
                            + "(?:DataSize:\\d+\\s+)?Alignment:(\\d+)[^\\[]*\\[([^\\]]*)\\]>");
    private static final Pattern VALUES =
            Pattern.compile(
                    "@v(\\d+) = [^\\[]*\\[2 x i64\\] (?:\\[i64 (\\d+), i64 (\\d+)\\]|zero)");

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void agreesWithClangOnTheFixedSeed(Target target) throws IOException {
        compare(target, FIXED_SEED);
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void agreesWithClangOnAFreshSeed(Target target) throws IOException {
        long seed = new Random().nextInt(1_000_000_000);
        System.out.printf("layouts: target=%s fresh seed=%d%n", target, seed);
        compare(target, seed);
    }

    private void compare(Target target, long seed) throws IOException {
        CompilerUnderTest clang = CompilerUnderTest.require("clang-19", "clang-19");
        String text = RandomRecords.text(new Random(seed), target, RECORDS);
        Path source = folder.resolve("records.c");
        StringBuilder judged = new StringBuilder(RandomRecords.COMPILER_PRELUDE).append(text);
        CDeclarations ours = CDeclarations.parse(text, target);
        for (int i = 0; i < RECORDS; i++) {
            String spelling = ours.record("R" + i).spelling();
            judged.append(
                    "unsigned long long v%d[] = {sizeof(%s), _Alignof(%s)};%n"
                            .formatted(i, spelling, spelling));
        }
        Files.writeString(source, judged);
        String output =
                clang.run(
                        List.of(
                                "--target=" + target.triple(),
                                "-w",
                                "-S",
                                "-emit-llvm",
                                "-O0",
                                "-o",
                                "-",
                                "-Xclang",
                                "-fdump-record-layouts-complete",
                                "-Xclang",
                                "-fdump-record-layouts-simple",
                                source.toString()));
        List<String> faults = new ArrayList<>();
        int dumped = compareDump(target, ours, output, faults);
        int values = compareValues(target, ours, output, faults);
        assertEquals(
                List.of(),
                faults.subList(0, Math.min(5, faults.size())),
                () -> "target=%s seed=%d mismatches=%d".formatted(target, seed, faults.size()));
        assertTrue(dumped >= RECORDS, "records in the dump: " + dumped);
        assertEquals(RECORDS, values, "records with values");
    }

    private static int compareDump(
            Target target, CDeclarations ours, String output, List<String> faults) {
        Map<String, CStructDef> byTag = new HashMap<>();
        ours.records().forEach(record -> byTag.put(record.name(), record));
        int compared = 0;
        Matcher dump = DUMP.matcher(output);
        while (dump.find()) {
            CStructDef record = byTag.get(dump.group(1));
            if (record == null) {
                continue;
            }
            compared++;
            RecordLayout layout = RecordLayout.of(record, target);
            String offsets =
                    layout.fields().stream().map(FieldLayout::bitOffset).toList().toString();
            String is =
                    "size=%d align=%d offsets=%s"
                            .formatted(
                                    layout.sizeBytes() * 8, layout.alignmentBytes() * 8, offsets);
            String expected =
                    "size=%s align=%s offsets=[%s]"
                            .formatted(dump.group(2), dump.group(3), dump.group(4));
            if (!is.equals(expected)) {
                faults.add("%s: %s, clang: %s".formatted(describe(record), is, expected));
            }
        }
        return compared;
    }

    private static int compareValues(
            Target target, CDeclarations ours, String output, List<String> faults) {
        int compared = 0;
        Matcher values = VALUES.matcher(output);
        while (values.find()) {
            compared++;
            CStructDef record = ours.record("R" + values.group(1));
            RecordLayout layout = RecordLayout.of(record, target);
            String is =
                    "sizeof=%d alignof=%d".formatted(layout.sizeBytes(), layout.alignmentBytes());
            String expected = "sizeof=%s alignof=%s".formatted(values.group(2), values.group(3));
            if (!is.equals(expected)) {
                faults.add("%s: %s, clang: %s".formatted(describe(record), is, expected));
            }
        }
        return compared;
    }

    private static String describe(CStructDef record) {
        StringBuilder text =
                new StringBuilder(
                        "%s packed=%b aligned=%d pack=%d {"
                                .formatted(
                                        record.spelling(),
                                        record.isPacked(),
                                        record.aligned(),
                                        record.pragmaPack()));
        record.fields()
                .forEach(
                        field ->
                                text.append(' ')
                                        .append(field.type().declare(field.name()))
                                        .append(
                                                field.bitWidth().isPresent()
                                                        ? ":" + field.bitWidth().getAsInt()
                                                        : "")
                                        .append(field.packed() ? " packed" : "")
                                        .append(
                                                field.aligned() == 0
                                                        ? ""
                                                        : " aligned " + field.aligned())
                                        .append(';'));
        return text.append(" }").toString();
    }
}
