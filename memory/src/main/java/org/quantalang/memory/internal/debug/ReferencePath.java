package org.quantalang.memory.internal.debug;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.List;

/**
 * A way from object to object as text: {@code List@0x7f10.head -> Node@0x7f40.next -> Node@0x7f70}.
 * Owner thread only.
 */
final class ReferencePath {
    /** A longer way is told by its ends. */
    private static final int MOST_STEPS = 12;

    private final TypeTable types;

    ReferencePath(TypeTable types) {
        this.types = types;
    }

    /** Text of a way, given by headers each of which refers to the next. */
    String text(List<Long> way) {
        StringBuilder text = new StringBuilder();
        int left = way.size();
        for (int i = 0; i < way.size(); i++, left--) {
            if (i == MOST_STEPS / 2 && left > MOST_STEPS / 2) {
                int skipped = left - MOST_STEPS / 2;
                text.append("... ").append(skipped).append(" more ... -> ");
                i += skipped;
                left -= skipped;
            }
            long header = way.get(i);
            text.append(type(header).info.name());
            text.append("@0x").append(Long.toHexString(header + HeaderWord.BYTES));
            if (i + 1 < way.size()) {
                text.append(step(header, way.get(i + 1))).append(" -> ");
            }
        }
        return text.toString();
    }

    /** The field or element that leads from one object to the next. */
    private String step(long from, long to) {
        long[] offset = {-1};
        References.strongSlots(
                types.of(from),
                from,
                slot -> {
                    if (offset[0] < 0 && getLong(slot) == to + HeaderWord.BYTES) {
                        offset[0] = slot - from - HeaderWord.BYTES;
                    }
                });
        return field(type(from).info, offset[0]);
    }

    private static String field(TypeInfo info, long offset) {
        if (info.isArray()) {
            return "[" + (offset - TypeInfo.ARRAY_ELEMENTS) / Long.BYTES + "]";
        }
        return info.fields().stream()
                .filter(field -> field.offset() == offset)
                .map(field -> "." + field.name())
                .findFirst()
                .orElseGet(() -> "+" + offset);
    }

    /** An object and one of its reference slots: {@code Node@0x7f40.next}. */
    static String slotName(TypeTable types, long holder, long slot) {
        TypeInfo info = types.of(holder).info;
        long object = holder + HeaderWord.BYTES;
        return "%s@0x%x%s".formatted(info.name(), object, field(info, slot - object));
    }

    private HeapType type(long header) {
        return types.at(HeaderWord.type(getLong(header)));
    }
}
