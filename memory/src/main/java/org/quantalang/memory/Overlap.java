package org.quantalang.memory;

import org.quantalang.memory.TypeInfo.Field;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Fields that share a place, as the members of a union do. A slot that is two things would be
 * released twice, or though it holds something else.
 */
final class Overlap {
    private Overlap() {}

    /** Refuses a type in which a reference shares its place with another field. */
    static void refuse(String type, Collection<Field> fields) {
        List<Field> ordered = new ArrayList<>(fields);
        ordered.sort(Comparator.comparingLong(Field::offset));
        Field farthest = null; // of those so far, what reaches farthest
        Field slot = null; // of those, the last that is let go of
        for (Field field : ordered) {
            boolean isSlot = field.kind().isLetGo();
            Field other = isSlot ? farthest : slot;
            if (other != null && field.offset() < end(other)) {
                throw new IllegalArgumentException(
                        "reference shares its place with another field: type=%s field=%s other=%s"
                                .formatted(type, field.name(), other.name()));
            }
            if (isSlot) {
                slot = field;
            }
            if (farthest == null || end(field) > end(farthest)) {
                farthest = field;
            }
        }
    }

    private static long end(Field field) {
        return field.offset() + field.bytes();
    }
}
