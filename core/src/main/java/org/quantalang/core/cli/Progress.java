package org.quantalang.core.cli;

import java.io.PrintWriter;
import java.util.Locale;

/**
 * A progress bar on standard error while a long command works; silent unless that is a terminal.
 *
 * <p>Not thread-safe: the command's main thread calls it.
 */
final class Progress implements AutoCloseable {
    private static final int BAR_CHARS = 30;
    private static final long REDRAW_NANOS = 50_000_000; // 20 times a second looks smooth

    private final PrintWriter err;
    private final boolean terminal;
    private long drawnAtNanos;
    private boolean visible;

    Progress(PrintWriter err) {
        this.err = err;
        this.terminal = isTerminal("err");
    }

    /**
     * Whether the launcher found standard output ("out") or standard error ("err") on a terminal.
     */
    static boolean isTerminal(String stream) {
        String terminals = System.getProperty("quanta.terminals", "");
        return (',' + terminals + ',').contains(',' + stream + ',');
    }

    void show(String step, long done, long total) {
        if (!terminal) {
            return;
        }
        long now = System.nanoTime();
        if (visible && done < total && now - drawnAtNanos < REDRAW_NANOS) {
            return;
        }
        int filled = (int) (BAR_CHARS * done / Math.max(1, total));
        err.print(
                String.format(
                        Locale.ROOT,
                        "\r\033[K%-24s [%s%s] %,d / %,d",
                        step,
                        "#".repeat(filled),
                        ".".repeat(BAR_CHARS - filled),
                        done,
                        total));
        err.flush();
        drawnAtNanos = now;
        visible = true;
    }

    /** Removes the bar, so that the next line of output starts on a clean line. */
    @Override
    public void close() {
        if (visible) {
            err.print("\r\033[K");
            err.flush();
            visible = false;
        }
    }
}
