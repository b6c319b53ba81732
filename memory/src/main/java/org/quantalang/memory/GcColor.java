package org.quantalang.memory;

/**
 * The colours of Bacon and Rajan's cycle collection. Black is the colour of a zeroed header, so
 * that fresh memory never reads as garbage.
 */
public enum GcColor {
    /** In use, or free. */
    BLACK,
    /** Possible member of a cycle: its trial count is being computed. */
    GRAY,
    /** Member of a garbage cycle, about to be freed. */
    WHITE,
    /** Possible root of a garbage cycle. */
    PURPLE
}
