package org.quantalang.abi.internal.record;

import org.quantalang.abi.CStructDef;
import org.quantalang.abi.CStructField;
import org.quantalang.abi.Target;
import org.quantalang.abi.layout.FieldLayout;
import org.quantalang.abi.layout.RecordLayout;

import java.util.ArrayList;
import java.util.List;

/** Picks the rules of a target and makes the layout of what they find. */
public final class RecordRules {
    private RecordRules() {}

    /** Lays a record out; records inside it are laid out first. */
    public static RecordLayout layOut(CStructDef record, Target target) {
        record.fields().forEach(field -> requireWidth(record, field, target));
        Placement placement;
        try {
            placement =
                    switch (target.recordRules()) {
                        case GNU -> new GnuRecordRules(record, target, false).place();
                        case MINGW -> new GnuRecordRules(record, target, true).place();
                        case MSVC -> new MsvcRecordRules(record, target).place();
                    };
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "record too large: record=%s; its bits must be countable in 63 bits"
                            .formatted(record.spelling()),
                    e);
        }
        List<FieldLayout> fields = new ArrayList<>();
        for (int i = 0; i < record.fields().size(); i++) {
            fields.add(
                    new FieldLayout(
                            record.fields().get(i),
                            placement.bitOffsets()[i],
                            placement.bitSizes()[i]));
        }
        return new RecordLayout(
                record,
                target,
                placement.sizeBytes(),
                placement.alignmentBytes(),
                placement.requiredAlignmentBytes(),
                fields);
    }

    private static void requireWidth(CStructDef record, CStructField field, Target target) {
        if (field.bitWidth().isEmpty()) {
            return;
        }
        long most = field.type().size(target) * Byte.SIZE;
        if (field.bitWidth().getAsInt() > most) {
            throw new IllegalArgumentException(
                    "bit-field is wider than its type: record=%s field=%s width=%d type=%s of %d bits"
                            .formatted(
                                    record.spelling(),
                                    field.name(),
                                    field.bitWidth().getAsInt(),
                                    field.type().spelling(),
                                    most));
        }
    }
}
