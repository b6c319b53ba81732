package org.quantalang.memory.internal.debug;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A place in the program: the frames of one stack, those of the heap itself left out, innermost
 * first. Equal stacks are equal sites. Immutable; any thread.
 *
 * @param thread name of the thread
 * @param frames the frames
 */
public record Site(String thread, List<StackTraceElement> frames) {
    private static final int MOST_FRAMES = Integer.getInteger("quanta.heap.frames", 12);
    private static final String HEAP = "org.quantalang.memory.";
    private static final StackWalker WALKER = StackWalker.getInstance();

    /** The stack of the caller. */
    public static Site here() {
        return new Site(
                Thread.currentThread().getName(),
                WALKER.walk(
                        frames ->
                                frames.dropWhile(Site::ofTheHeap)
                                        .limit(MOST_FRAMES)
                                        .map(StackWalker.StackFrame::toStackTraceElement)
                                        .toList()));
    }

    /** Frames of this module's own classes; its tests are in the same package and are users. */
    private static boolean ofTheHeap(StackWalker.StackFrame frame) {
        String name = frame.getClassName();
        return name.startsWith(HEAP)
                && (name.startsWith("internal.", HEAP.length()) || OWN.contains(outer(name)));
    }

    private static String outer(String name) {
        int dollar = name.indexOf('$');
        return name.substring(HEAP.length(), dollar < 0 ? name.length() : dollar);
    }

    private static final java.util.Set<String> OWN =
            java.util.Set.of(
                    "ConfinedHeap",
                    "Ref",
                    "WeakRef",
                    "RefType",
                    "RefField",
                    "WeakRefField",
                    "JavaField",
                    "TypedField",
                    "LongField",
                    "IntField",
                    "ShortField",
                    "ByteField",
                    "DoubleField",
                    "FloatField");

    /** The frames as a stack trace prints them, each on a line of its own. */
    public String lines(String indent) {
        return frames.stream()
                .map(frame -> indent + "at " + frame)
                .collect(Collectors.joining(System.lineSeparator()));
    }

    /** The innermost frame, for tables. */
    public String top() {
        return frames.isEmpty() ? "unknown" : frames.getFirst().toString();
    }

    /** As an exception, to be the cause of another. */
    public Throwable asCause(String what) {
        Throwable cause = new SiteTrace("%s (thread %s)".formatted(what, thread));
        cause.setStackTrace(frames.toArray(StackTraceElement[]::new));
        return cause;
    }

    /** Never thrown: shows where something happened earlier. */
    private static final class SiteTrace extends Exception {
        private static final long serialVersionUID = 1;

        SiteTrace(String what) {
            super(what, null, false, true);
        }
    }
}
