package org.quantalang.memory.internal.debug;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.Locale;
import java.util.Map;

/**
 * The text of a misuse: what happened, the address, what is there (type, sizes, counts, page), and
 * where it was allocated and freed as far as that was taken down. Who may use the heap.
 */
final class MisuseReport {
    private final String heapName;
    private final BlockWalk walk;
    private final TypeTable types;
    private final ObjectChecks.Counts counts;
    private final Map<Long, History> histories;

    MisuseReport(
            String heapName,
            BlockWalk walk,
            TypeTable types,
            ObjectChecks.Counts counts,
            Map<Long, History> histories) {
        this.heapName = heapName;
        this.walk = walk;
        this.types = types;
        this.counts = counts;
        this.histories = histories;
    }

    /**
     * Writes a report.
     *
     * @param what what happened, and with what
     * @param object address of the object, as the caller gave it
     * @param advice what to do
     */
    String of(String what, long object, String advice) {
        long header = object - HeaderWord.BYTES;
        StringBuilder report = new StringBuilder();
        report.append(
                String.format(Locale.ROOT, "%s: address=0x%x heap=%s", what, object, heapName));
        History history = histories.get(header);
        if (walk.whyNotABlock(header) == null) {
            long word = getLong(header);
            int type = HeaderWord.type(word);
            boolean known = type >= 1 && type <= types.count();
            report.append(
                    String.format(
                            Locale.ROOT,
                            " type=%s strong=%d weak=%d header=0x%x",
                            known ? types.at(type).info.name() : "none",
                            counts.strong(header),
                            counts.weak(header),
                            word));
        } else if (history != null) {
            report.append(" type=").append(history.type.info.name());
        }
        if (history != null) {
            report.append(" payloadBytes=").append(history.payloadBytes);
        }
        report.append(" page=").append(walk.describePage(header)).append("; ").append(advice);
        if (history != null) {
            appendSite(report, "allocated", history.allocated);
            appendSite(report, "last released", history.released);
            appendSite(report, "freed", history.freed);
        }
        return report.toString();
    }

    private static void appendSite(StringBuilder report, String what, @Nullable Site site) {
        if (site == null) {
            return;
        }
        String line = System.lineSeparator();
        report.append(line)
                .append("  ")
                .append(what)
                .append(" by thread ")
                .append(site.thread())
                .append(line)
                .append(site.lines("    "));
    }
}
