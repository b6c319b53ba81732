package org.quantalang.abi.layout;

import org.quantalang.abi.CStructDef;
import org.quantalang.abi.Target;

import java.util.ArrayList;
import java.util.List;

/**
 * A record as it lies in memory on one target: size, alignment, every member's place.
 *
 * <p>Immutable. Costs a walk over the members and the records inside.
 *
 * @param record the record
 * @param target the platform
 * @param sizeBytes its size
 * @param alignmentBytes its alignment, a power of two
 * @param requiredAlignmentBytes the alignment that {@code #pragma pack} around it cannot lower;
 *     meaningful under Microsoft's rules, else 1
 * @param fields the members in order
 */
public record RecordLayout(
        CStructDef record,
        Target target,
        long sizeBytes,
        long alignmentBytes,
        long requiredAlignmentBytes,
        List<FieldLayout> fields) {

    /** Copies the list. */
    public RecordLayout {
        fields = List.copyOf(fields);
    }

    /**
     * Lays a record out.
     *
     * @param record a defined record
     * @param target the platform
     * @return the layout
     * @throws IllegalArgumentException if the record or a record inside is not defined, or a
     *     member's type has no size there
     */
    public static RecordLayout of(CStructDef record, Target target) {
        return record.layout(target);
    }

    /**
     * Finds a member by name; members of anonymous records are found too, with their offset from
     * the start of this record.
     *
     * @param name its name
     * @return the member's place
     * @throws IllegalArgumentException if there is none
     */
    public FieldLayout field(String name) {
        for (FieldLayout field : fields) {
            if (!name.isEmpty() && field.name().equals(name)) {
                return field;
            }
            if (field.field().isAnonymousRecord()) {
                RecordLayout inner = of((CStructDef) field.field().type().unwrap(), target);
                for (FieldLayout each : inner.namedFields()) {
                    if (each.name().equals(name)) {
                        return new FieldLayout(
                                each.field(), field.bitOffset() + each.bitOffset(), each.bitSize());
                    }
                }
            }
        }
        throw new IllegalArgumentException(
                "no such field: record=%s field=%s; it has %s"
                        .formatted(
                                record.spelling(),
                                name,
                                namedFields().stream().map(FieldLayout::name).toList()));
    }

    /**
     * Returns all members that have a name, those of anonymous records among them.
     *
     * @return named members with offsets from this record's start
     */
    public List<FieldLayout> namedFields() {
        List<FieldLayout> all = new ArrayList<>();
        for (FieldLayout field : fields) {
            if (field.field().isAnonymousRecord()) {
                CStructDef inner = (CStructDef) field.field().type().unwrap();
                for (FieldLayout each : of(inner, target).namedFields()) {
                    all.add(
                            new FieldLayout(
                                    each.field(),
                                    field.bitOffset() + each.bitOffset(),
                                    each.bitSize()));
                }
            } else if (!field.name().isEmpty()) {
                all.add(field);
            }
        }
        return all;
    }
}
