package org.quantalang.memory.internal.tuning;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads system properties that tune heaps, for constants of the classes that they tune. A value
 * that is not allowed is told with what is, and the usual one taken: a constant that threw would
 * show as an error in whatever opened the first heap.
 */
public final class TuningProperty {
    private static final System.Logger LOG = System.getLogger("org.quantalang.memory");

    /** Properties whose value was told to be wrong: once is enough. */
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

    private TuningProperty() {}

    /** A whole number from {@code least} to {@code most}, decimal or with {@code 0x}. */
    public static long number(String property, long least, long most, long usual) {
        @Nullable String text = System.getProperty(property);
        if (text == null) {
            return usual;
        }
        String range = String.format(Locale.ROOT, "a whole number from %d to %d", least, most);
        try {
            long value = Long.decode(text.strip());
            if (value < least || value > most) {
                tell(property, text, range, String.valueOf(usual));
                return usual;
            }
            return value;
        } catch (NumberFormatException notANumber) {
            tell(property, text, range, String.valueOf(usual));
            return usual;
        }
    }

    /** {@code true} or {@code false}, the latter if not given. */
    public static boolean flag(String property) {
        return Boolean.parseBoolean(word(property, List.of("false", "true")));
    }

    /** One of {@code allowed}, the first if not given. */
    public static String word(String property, List<String> allowed) {
        @Nullable String text = System.getProperty(property);
        String usual = allowed.getFirst();
        if (text == null) {
            return usual;
        }
        String word = text.strip().toLowerCase(Locale.ROOT);
        if (allowed.contains(word)) {
            return word;
        }
        tell(property, text, String.join(" or ", allowed), usual);
        return usual;
    }

    private static void tell(String property, String text, String allowed, String taken) {
        if (TOLD.add(property)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no such value of a property, taking %s: %s=%s; use %s"
                            .formatted(taken, property, text, allowed));
        }
    }
}
