package org.quantalang.memory.inspect;

import java.util.List;
import java.util.Locale;

/**
 * Live objects by type, most bytes first.
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
     * A table of the first {@code most} types.
     *
     * @param most most rows
     * @return the table
     */
    public String table(int most) {
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
