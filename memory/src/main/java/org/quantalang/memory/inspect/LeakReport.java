package org.quantalang.memory.inspect;

import java.util.List;

/**
 * What a heap still holds although its program should be done with it. A leaked root is an object
 * with more strong references than the heap's own objects account for: a handle that was not
 * closed, or an address that was not released. Whatever leaked roots reach is leaked with them.
 *
 * <p>Not leaked: immortal objects and what only they reach, dead objects that still wait, and
 * garbage cycles.
 *
 * @param heap name of the heap
 * @param rootCount leaked roots
 * @param objects leaked objects, roots included
 * @param bytes bytes of their blocks
 * @param types leaked objects by type, most bytes first
 * @param sites leaked objects by type and place of allocation, most bytes first, as far as places
 *     were taken down (checked levels {@code sampled} and {@code full})
 * @param roots some of the roots, one of each type and place first
 * @param paths for each type with objects that are no roots: what keeps one of them alive
 * @param immortal immortal objects, and objects that only they keep alive
 * @param garbage objects that only garbage cycles keep alive, and dead ones that wait
 */
public record LeakReport(
        String heap,
        long rootCount,
        long objects,
        long bytes,
        List<Type> types,
        List<Site> sites,
        List<Root> roots,
        List<Path> paths,
        long immortal,
        long garbage) {
    /**
     * Leaked objects of one type.
     *
     * @param type name of the type
     * @param roots how many of them are roots
     * @param objects how many there are
     * @param bytes bytes of their blocks
     */
    public record Type(String type, long roots, long objects, long bytes) {}

    /**
     * Leaked objects of one type that were allocated at one place.
     *
     * @param type name of the type
     * @param objects how many there are
     * @param bytes bytes of their blocks
     * @param thread name of the thread that allocated the first of them
     * @param stack where: a line for each frame, innermost first
     */
    public record Site(String type, long objects, long bytes, String thread, String stack) {}

    /**
     * A leaked root.
     *
     * @param type name of its type
     * @param address its address
     * @param outside strong references that are not the heap's own
     * @param stack where it was allocated, a line for each frame; empty if it was not taken down
     */
    public record Root(String type, long address, long outside, String stack) {}

    /**
     * Why an object is alive.
     *
     * @param type name of its type
     * @param path from a leaked root to it, by the fields on the way
     */
    public record Path(String type, String path) {}

    /** Makes the report; the lists are copied. */
    public LeakReport {
        types = List.copyOf(types);
        sites = List.copyOf(sites);
        roots = List.copyOf(roots);
        paths = List.copyOf(paths);
    }

    /** {@return whether nothing is leaked} */
    public boolean isEmpty() {
        return rootCount == 0;
    }

    /** {@return the report as text for people} */
    public String text() {
        if (isEmpty()) {
            return "heap has no leaked objects: name=%s immortal=%d garbage=%d"
                    .formatted(heap, immortal, garbage);
        }
        StringBuilder text = new StringBuilder();
        line(
                text,
                "heap has leaked objects: name=%s roots=%d objects=%d bytes=%d immortal=%d"
                                .formatted(heap, rootCount, objects, bytes, immortal)
                        + " garbage=%d; close every handle and release every address"
                                .formatted(garbage));
        line(text, "%12s %12s %14s  %s".formatted("roots", "objects", "bytes", "type"));
        for (Type each : types) {
            line(
                    text,
                    "%12d %12d %14d  %s"
                            .formatted(each.roots, each.objects, each.bytes, each.type));
        }
        for (Root each : roots) {
            line(
                    text,
                    "  root: %s at 0x%x, references from outside: %d%s"
                            .formatted(
                                    each.type,
                                    each.address,
                                    each.outside,
                                    each.stack.isEmpty()
                                            ? ""
                                            : ", allocated " + firstLine(each.stack)));
        }
        for (Path each : paths) {
            line(text, "  kept alive: %s by %s".formatted(each.type, each.path));
        }
        long placed = sites.stream().mapToLong(Site::objects).sum();
        if (placed > 0 && placed < objects) {
            line(text, "  places of allocation are known of %d objects".formatted(placed));
        }
        for (Site each : sites) {
            line(
                    text,
                    "  %d objects, %d bytes of %s allocated by thread %s"
                            .formatted(each.objects, each.bytes, each.type, each.thread));
            line(text, each.stack);
        }
        return text.toString().stripTrailing();
    }

    private static void line(StringBuilder text, String line) {
        text.append(line).append(System.lineSeparator());
    }

    private static String firstLine(String stack) {
        return stack.lines().findFirst().orElse("").strip();
    }

    /** {@return the report as one JSON object; the addresses of roots are hexadecimal strings} */
    public String toJson() {
        JsonText json =
                new JsonText()
                        .beginObject()
                        .member("heap", heap)
                        .member("rootCount", rootCount)
                        .member("objects", objects)
                        .member("bytes", bytes)
                        .member("immortal", immortal)
                        .member("garbage", garbage)
                        .beginArray("types");
        for (Type each : types) {
            json.beginObject()
                    .member("type", each.type)
                    .member("roots", each.roots)
                    .member("objects", each.objects)
                    .member("bytes", each.bytes)
                    .endObject();
        }
        json.endArray().beginArray("sites");
        for (Site each : sites) {
            json.beginObject()
                    .member("type", each.type)
                    .member("objects", each.objects)
                    .member("bytes", each.bytes)
                    .member("thread", each.thread)
                    .member("stack", each.stack)
                    .endObject();
        }
        json.endArray().beginArray("roots");
        for (Root each : roots) {
            json.beginObject()
                    .member("type", each.type)
                    .member("address", "0x" + Long.toHexString(each.address))
                    .member("outside", each.outside)
                    .member("stack", each.stack)
                    .endObject();
        }
        json.endArray().beginArray("paths");
        for (Path each : paths) {
            json.beginObject().member("type", each.type).member("path", each.path).endObject();
        }
        return json.endArray().endObject().toString();
    }

    @Override
    public String toString() {
        return text();
    }
}
