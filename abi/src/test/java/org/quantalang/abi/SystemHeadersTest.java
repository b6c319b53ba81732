package org.quantalang.abi;

import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** The preprocessed text of this machine's headers, and gcc's word on each record in them. */
class SystemHeadersTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "stdio.h, libc6-dev",
        "stdlib.h, libc6-dev",
        "string.h, libc6-dev",
        "math.h, libc6-dev",
        "time.h, libc6-dev",
        "sys/stat.h, libc6-dev",
        "sys/socket.h, libc6-dev",
        "pthread.h, libc6-dev",
        "zlib.h, zlib1g-dev",
        "sqlite3.h, libsqlite3-dev",
        "regex.h, libc6-dev",
    })
    void isUnderstoodAndLaidOutAsGccDoes(String header, String debianPackage) throws IOException {
        CompilerUnderTest gcc = CompilerUnderTest.require("gcc", "gcc");
        requireHeader(header, debianPackage);
        Path source = Files.writeString(folder.resolve("header.c"), "#include <" + header + ">\n");
        String text = gcc.run(List.of("-E", "-P", "-D_GNU_SOURCE", source.toString()));
        Target target = Target.host();
        CDeclarations declarations = CDeclarations.parse(text, target);
        assertFalse(declarations.functions().isEmpty(), "functions of " + header);

        StringBuilder judged = new StringBuilder(text);
        for (CStructDef record : declarations.records()) {
            assertLayout(judged, text, declarations, record);
        }
        Path assertions = Files.writeString(folder.resolve("layouts.c"), judged);
        gcc.run(List.of("-fsyntax-only", "-w", assertions.toString()));
    }

    private static void assertLayout(
            StringBuilder judged, String text, CDeclarations declarations, CStructDef record) {
        Target target = declarations.target();
        RecordLayout layout = RecordLayout.of(record, target);
        boolean tagged =
                Pattern.compile(
                                "\\b%s\\s+%s\\b"
                                        .formatted(record.keyword(), Pattern.quote(record.name())))
                        .matcher(text)
                        .find();
        String type = tagged ? record.keyword() + " " + record.name() : record.name();
        // A typedef may be aligned to more than the record that it names.
        CType named = tagged ? record : declarations.typedefs().getOrDefault(type, record);
        judged.append(
                String.format(
                        Locale.ROOT,
                        "_Static_assert(sizeof(%s) == %d && _Alignof(%s) == %d, \"%s\");%n",
                        type,
                        layout.sizeBytes(),
                        type,
                        named.alignment(target),
                        type));
        for (FieldLayout field : layout.namedFields()) {
            if (!field.isBitField()) {
                judged.append(
                        String.format(
                                Locale.ROOT,
                                "_Static_assert(__builtin_offsetof(%s, %s) == %d, \"%s.%s\");%n",
                                type,
                                field.name(),
                                field.offsetBytes(),
                                type,
                                field.name()));
            }
        }
    }

    private static void requireHeader(String header, String debianPackage) {
        boolean found =
                Files.exists(Path.of("/usr/include", header))
                        || Files.exists(Path.of("/usr/include/x86_64-linux-gnu", header))
                        || Files.exists(Path.of("/usr/include/aarch64-linux-gnu", header));
        if (!found) {
            Assumptions.abort(
                    "skipped: %s not found; apt-get install -y %s"
                            .formatted(header, debianPackage));
        }
    }
}
