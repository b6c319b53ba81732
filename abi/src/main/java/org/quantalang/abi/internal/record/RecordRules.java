package org.quantalang.abi.internal.record;

import org.quantalang.abi.CStructDef;
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
        Placement placement =
                switch (target.recordRules()) {
                    case GNU -> new GnuRecordRules(record, target, false).place();
                    case MINGW -> new GnuRecordRules(record, target, true).place();
                    case MSVC -> new MsvcRecordRules(record, target).place();
                };
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
}
