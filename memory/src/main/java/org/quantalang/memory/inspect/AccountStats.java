package org.quantalang.memory.inspect;

import java.util.List;
import java.util.Locale;

/**
 * An account of a heap, with the accounts below it. Bytes are bytes of whole pages of 64 KiB.
 *
 * @param name its name; of the first, the heap's
 * @param limitBytes most that {@code usedBytes} may become
 * @param reservedBytes what is kept for it, used or not
 * @param usedBytes what is charged to it: its own pages, and of each child what that uses or, if
 *     more, has reserved
 * @param ownBytes its own pages
 * @param peakBytes the most that was charged to it at any time
 * @param open whether it is open; a closed one still holds pages of objects
 * @param children the accounts below it
 */
public record AccountStats(
        String name,
        long limitBytes,
        long reservedBytes,
        long usedBytes,
        long ownBytes,
        long peakBytes,
        boolean open,
        List<AccountStats> children) {
    /** More than any heap can have: stands for no limit. */
    private static final long NO_LIMIT = 1L << 60;

    /** Makes the record; the list is copied. */
    public AccountStats {
        children = List.copyOf(children);
    }

    /** {@return the tree as a table, children below their parents} */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        "%14s %14s %14s %14s %14s  %s%n",
                        "used",
                        "own",
                        "peak",
                        "limit",
                        "reserved",
                        "account"));
        append(text, "");
        return text.toString();
    }

    private void append(StringBuilder text, String indent) {
        text.append(
                String.format(
                        Locale.ROOT,
                        "%14d %14d %14d %14s %14d  %s%s%s%n",
                        usedBytes,
                        ownBytes,
                        peakBytes,
                        limitBytes >= NO_LIMIT ? "none" : String.valueOf(limitBytes),
                        reservedBytes,
                        indent,
                        name,
                        open ? "" : " (closed)"));
        for (AccountStats child : children) {
            child.append(text, indent + "  ");
        }
    }

    /** {@return the tree as one JSON object} */
    public String toJson() {
        JsonText json = new JsonText().beginObject();
        writeMembers(json);
        return json.endObject().toString();
    }

    void writeMembers(JsonText json) {
        json.member("name", name);
        if (limitBytes < NO_LIMIT) {
            json.member("limitBytes", limitBytes);
        }
        json.member("reservedBytes", reservedBytes)
                .member("usedBytes", usedBytes)
                .member("ownBytes", ownBytes)
                .member("peakBytes", peakBytes)
                .member("open", open)
                .beginArray("children");
        for (AccountStats child : children) {
            json.beginObject();
            child.writeMembers(json);
            json.endObject();
        }
        json.endArray();
    }

    @Override
    public String toString() {
        return text();
    }
}
