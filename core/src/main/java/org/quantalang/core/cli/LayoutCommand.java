package org.quantalang.core.cli;

import com.fasterxml.jackson.core.JsonGenerator;

import org.quantalang.abi.CDeclarations;
import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CType;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code quanta layout}: where the members of C records lie on any target. */
@Command(
        name = "layout",
        description = "Show how the records of C declarations lie in memory on any target.")
final class LayoutCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private CSourceInput input = new CSourceInput();
    @Mixin private JsonOption json = new JsonOption();

    LayoutCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        CDeclarations declarations = input.parse();
        Target target = declarations.target();
        if (declarations.records().isEmpty()) {
            spec.commandLine()
                    .getErr()
                    .println(
                            "quanta: %s defines no record with a name: nothing to lay out"
                                    .formatted(input.name()));
        }
        if (json.requested()) {
            JsonOption.print(out, generator -> write(declarations, target, generator));
            return 0;
        }
        for (CStructDef record : declarations.records()) {
            print(record, alignment(record, declarations), target, out);
        }
        return 0;
    }

    /** A record that only a typedef names has the alignment of that name, as _Alignof says. */
    private static long alignment(CStructDef record, CDeclarations declarations) {
        CType named = record.hasTag() ? record : declarations.typedefs().get(record.name());
        return (named == null ? record : named).alignment(declarations.target());
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would need one more dependency
    private static void line(PrintWriter out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values).stripTrailing());
    }

    private static void print(CStructDef record, long alignment, Target target, PrintWriter out) {
        RecordLayout layout = RecordLayout.of(record, target);
        line(
                out,
                "%s%s %s  size %d, aligned to %d",
                record.hasTag() ? "" : "typedef ",
                record.keyword(),
                record.name(),
                layout.sizeBytes(),
                alignment);
        line(out, "  %8s %8s", "offset", "size");
        long end = members(layout, 0, "  ", out);
        if (layout.sizeBytes() * Byte.SIZE > end) {
            hole("  ", end, layout.sizeBytes() * Byte.SIZE, "padding", out);
        }
        out.println();
    }

    /** Prints the members of a record and the holes between; returns where the last one ends. */
    private static long members(RecordLayout layout, long base, String indent, PrintWriter out) {
        long end = 0;
        for (FieldLayout field : layout.fields()) {
            if (!layout.record().isUnion() && field.bitOffset() > end) {
                hole(indent, base + end, base + field.bitOffset(), "hole", out);
            }
            long at = base + field.bitOffset();
            CType type = field.field().type();
            if (field.isBitField()) {
                line(
                        out,
                        "%s%8s %8s  %s : %d  %s",
                        indent,
                        at / 8 + "." + at % 8,
                        field.bitSize() + "b",
                        type.declare(field.name()),
                        field.bitSize(),
                        bits(at, field.bitSize()));
            } else if (field.field().isAnonymousRecord()) {
                CStructDef inner = (CStructDef) type.unwrap();
                line(out, "%s%8d %8d  %s {", indent, at / 8, field.bitSize() / 8, inner.keyword());
                RecordLayout within = RecordLayout.of(inner, layout.target());
                long innerEnd = members(within, at, indent + "  ", out);
                if (!inner.isUnion() && within.sizeBytes() * 8 > innerEnd) {
                    hole(indent + "  ", at + innerEnd, at + within.sizeBytes() * 8, "padding", out);
                }
                line(out, "%s%8s %8s  }", indent, "", "");
            } else {
                line(
                        out,
                        "%s%8d %8d  %s",
                        indent,
                        at / 8,
                        field.bitSize() / 8,
                        type.declare(field.name()));
            }
            end = Math.max(end, field.bitOffset() + field.bitSize());
        }
        return end;
    }

    private static void hole(String indent, long from, long to, String what, PrintWriter out) {
        boolean whole = from % 8 == 0 && to % 8 == 0;
        line(
                out,
                "%s%8s %8s  -- %s --",
                indent,
                whole ? from / 8 : from / 8 + "." + from % 8,
                whole ? (to - from) / 8 : (to - from) + "b",
                what);
    }

    /** Draws the bits of the bytes that a bit-field touches, the lowest on the right. */
    private static String bits(long bitOffset, long width) {
        if (width == 0) {
            return "";
        }
        StringBuilder drawn = new StringBuilder();
        long first = bitOffset / 8 * 8;
        long last = (bitOffset + width + 7) / 8 * 8;
        for (long bit = last - 1; bit >= first; bit--) {
            drawn.append(bit >= bitOffset && bit < bitOffset + width ? '#' : '.');
            drawn.append(bit % 8 == 0 && bit > first ? " " : "");
        }
        return "[" + drawn + "]";
    }

    private static void write(CDeclarations declarations, Target target, JsonGenerator json)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("target", target.triple());
        json.writeArrayFieldStart("records");
        for (CStructDef record : declarations.records()) {
            RecordLayout layout = RecordLayout.of(record, target);
            json.writeStartObject();
            json.writeStringField("name", record.name());
            json.writeStringField("kind", record.keyword());
            json.writeNumberField("size", layout.sizeBytes());
            json.writeNumberField("align", alignment(record, declarations));
            writeFields(layout, 0, json);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeFields(RecordLayout layout, long base, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart("fields");
        for (FieldLayout field : layout.fields()) {
            long at = base + field.bitOffset();
            json.writeStartObject();
            json.writeStringField("name", field.name());
            if (field.field().isAnonymousRecord()) {
                json.writeNumberField("offset", at / Byte.SIZE);
                json.writeNumberField("size", field.bitSize() / Byte.SIZE);
                CStructDef inner = (CStructDef) field.field().type().unwrap();
                writeFields(RecordLayout.of(inner, layout.target()), at, json);
            } else {
                json.writeStringField("type", field.field().type().spelling());
                json.writeNumberField(
                        field.isBitField() ? "bitOffset" : "offset",
                        field.isBitField() ? at : at / Byte.SIZE);
                json.writeNumberField(
                        field.isBitField() ? "bitWidth" : "size",
                        field.isBitField() ? field.bitSize() : field.bitSize() / Byte.SIZE);
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
