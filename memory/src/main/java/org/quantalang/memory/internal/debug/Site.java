package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.internal.tuning.TuningProperty;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A place in the program: a stack without the frames of the heap itself, innermost first. It is
 * kept as the JVM recorded it and becomes text only when a report is written: that is the costly
 * part. What is left is a microsecond or more; {@code -Dquanta.heap.frames=0} saves that too.
 * Immutable; any thread.
 */
public final class Site {
    private static final int USUAL_FRAMES = 12;
    private static final int MOST_FRAMES =
            (int) TuningProperty.number("quanta.heap.frames", 0, Integer.MAX_VALUE, USUAL_FRAMES);
    private static final StackTraceElement[] NO_FRAMES = {};
    private static final String HEAP = "org.quantalang.memory.";

    /** Classes of the heap; its tests are in the same package and are users. */
    private static final Set<String> OWN =
            Set.of(
                    "Account",
                    "ConfinedHeap",
                    "ConfinedObjects",
                    "SharedHeap",
                    "SharedObjects",
                    "HandleTier",
                    "PayloadAccess",
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

    private final String thread;

    /** Null if no frames are wanted. */
    private final @Nullable Throwable stack;

    private Site(Thread thread, @Nullable Throwable stack) {
        this.thread = thread.getName();
        this.stack = stack;
    }

    /** The stack of the caller. */
    public static Site here() {
        return new Site(Thread.currentThread(), MOST_FRAMES == 0 ? null : new Throwable("where"));
    }

    /** What a thread does now; costs a safepoint. */
    public static Site of(Thread thread) {
        Throwable stack = new Throwable("where");
        stack.setStackTrace(thread.getStackTrace());
        return new Site(thread, stack);
    }

    /** Name of the thread. */
    public String thread() {
        return thread;
    }

    /** The frames as a stack trace prints them, each on a line of its own. */
    public String lines(String indent) {
        return frames().map(frame -> indent + "at " + frame)
                .collect(Collectors.joining(System.lineSeparator()));
    }

    /** As an exception, to be the cause of another. */
    public Throwable asCause(String what) {
        Throwable cause = new SiteTrace("%s (thread %s)".formatted(what, thread));
        cause.setStackTrace(frames().toArray(StackTraceElement[]::new));
        return cause;
    }

    private Stream<StackTraceElement> frames() {
        StackTraceElement[] all = stack == null ? NO_FRAMES : stack.getStackTrace();
        return Arrays.stream(all).dropWhile(Site::ofTheHeap).limit(MOST_FRAMES);
    }

    private static boolean ofTheHeap(StackTraceElement frame) {
        String name = frame.getClassName();
        return name.startsWith(HEAP)
                && (name.startsWith("internal.", HEAP.length()) || OWN.contains(outer(name)));
    }

    private static String outer(String name) {
        int dollar = name.indexOf('$');
        return name.substring(HEAP.length(), dollar < 0 ? name.length() : dollar);
    }

    /** Never thrown: shows where something happened earlier. */
    private static final class SiteTrace extends Exception {
        private static final long serialVersionUID = 1;

        SiteTrace(String what) {
            super(what, null, false, true);
        }
    }
}
