package org.quantalang.memory.inspect;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Live objects by type, most bytes first; or, as the difference of two such, what came (positive)
 * and went (negative) between them.
 *
 * @param rows one for each type with live objects
 */
public record Histogram(List<Row> rows) {
    /**
     * One type.
     *
     * @param type name of the type
     * @param objects live objects
     * @param bytes bytes of their blocks, headers and rounding included
     */
    public record Row(String type, long objects, long bytes) {}

    /** Makes the histogram; the rows are copied. */
    public Histogram {
        rows = List.copyOf(rows);
    }

    /** {@return live objects of all types} */
    public long objects() {
        return rows.stream().mapToLong(Row::objects).sum();
    }

    /** {@return bytes of all types} */
    public long bytes() {
        return rows.stream().mapToLong(Row::bytes).sum();
    }

    /**
     * What changed since an earlier histogram of the same heap: for each type whose objects or
     * bytes differ, how many more there are now; what grew most comes first.
     *
     * @param earlier the earlier one
     * @return the differences; without rows if nothing changed
     */
    public Histogram since(Histogram earlier) {
        Map<String, Row> before = new HashMap<>();
        for (Row row : earlier.rows) {
            before.put(row.type, row);
        }
        List<Row> changes = new ArrayList<>();
        for (Row now : rows) {
            Row then = before.remove(now.type);
            if (then == null) {
                changes.add(now);
            } else if (!then.equals(now)) {
                changes.add(new Row(now.type, now.objects - then.objects, now.bytes - then.bytes));
            }
        }
        for (Row gone : before.values()) {
            changes.add(new Row(gone.type, -gone.objects, -gone.bytes));
        }
        changes.sort(Comparator.comparingLong(Row::bytes).reversed().thenComparing(Row::type));
        return new Histogram(changes);
    }

    /** {@return the rows as a JSON array of objects} */
    public String toJson() {
        return writeRows(new JsonText().beginArray()).endArray().toString();
    }

    JsonText writeRows(JsonText json) {
        for (Row row : rows) {
            json.beginObject()
                    .member("type", row.type)
                    .member("objects", row.objects)
                    .member("bytes", row.bytes)
                    .endObject();
        }
        return json;
    }

    /**
     * A table of the first {@code most} types.
     *
     * @param most most rows, 0 or more
     * @return the table
     */
    public String table(int most) {
        if (most < 0) {
            throw new IllegalArgumentException("number of rows is negative: most=" + most);
        }
        StringBuilder table = new StringBuilder();
        table.append(String.format(Locale.ROOT, "%12s %14s  %s%n", "objects", "bytes", "type"));
        for (Row row : rows.subList(0, Math.min(most, rows.size()))) {
            table.append(
                    String.format(
                            Locale.ROOT, "%12d %14d  %s%n", row.objects, row.bytes, row.type));
        }
        return table.toString();
    }

    @Override
    public String toString() {
        return table(rows.size());
    }
}
