package org.quantalang.memory.internal.debug;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/**
 * How much a heap watches its users; fixed for the whole process, so that the JIT removes what is
 * switched off.
 *
 * <p>From the system property {@value #PROPERTY} or the environment variable {@value #VARIABLE}:
 * {@code off}, {@code counts}, {@code sampled} or {@code full}. Anything else is taken as {@code
 * full}, with a warning: who asks for checks should get them.
 */
public enum CheckedLevel {
    /** Only what costs nothing. */
    OFF,
    /** Whether an address is an object, at every count and reference; leaks by type. */
    COUNTS,
    /** Where objects were allocated and freed, for a sample by allocated bytes. */
    SAMPLED,
    /** Everything, for every object. */
    FULL;

    /** The system property. */
    public static final String PROPERTY = "quanta.heap.checked";

    /** The environment variable. */
    public static final String VARIABLE = "QUANTA_HEAP_CHECKED";

    /** The level of this process. */
    public static final CheckedLevel CURRENT = current();

    /** At least {@link #COUNTS}. */
    public static final boolean ON = CURRENT != OFF;

    /**
     * Whether every operation first looks whether an address is an object. Not in the sampled
     * level: that alone costs a tenth of a program that stores many references.
     */
    public static final boolean ADDRESSES = CURRENT == COUNTS || CURRENT == FULL;

    /** At least {@link #SAMPLED}. */
    public static final boolean SITES = CURRENT.compareTo(SAMPLED) >= 0;

    /** {@link #SAMPLED}: of some objects only. */
    public static final boolean SAMPLING = CURRENT == SAMPLED;

    /** {@link #FULL}. */
    public static final boolean ALL = CURRENT == FULL;

    /**
     * Every freed block waits before it is used again: in full, and in any level if {@link
     * AddressSanitizer} is there to see who touches it.
     */
    public static final boolean KEEPS_ALL = ALL || AddressSanitizer.PRESENT;

    /** Some freed blocks do. */
    public static final boolean KEEPS = SITES || KEEPS_ALL;

    private static CheckedLevel current() {
        String property = System.getProperty(PROPERTY);
        return property != null
                ? parse(PROPERTY, property)
                : parse(VARIABLE, System.getenv(VARIABLE));
    }

    /** The level that {@code text} names, which was given as {@code source}. */
    static CheckedLevel parse(String source, @Nullable String text) {
        if (text == null || text.isBlank()) {
            return OFF;
        }
        for (CheckedLevel level : values()) {
            if (level.name().equals(text.trim().toUpperCase(Locale.ROOT))) {
                return level;
            }
        }
        System.getLogger("org.quantalang.memory")
                .log(
                        System.Logger.Level.WARNING,
                        "no such level of checks, taking full: %s=%s; use off, counts, sampled or full"
                                .formatted(source, text));
        return FULL;
    }
}
