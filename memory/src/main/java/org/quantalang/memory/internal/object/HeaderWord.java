package org.quantalang.memory.internal.object;

import org.quantalang.memory.GcColor;

/**
 * Word A of an object's header: counts, flags and type in one 64-bit word, and every bit of it.
 *
 * <pre>
 *  byte   0            8            16
 *         +------------+------------+- - - - - - -
 *         |   word A   |   word B   |  payload          an object's address is its payload's
 *         +------------+------------+- - - - - - -
 *
 *  word A  63        36 35      26 25                              16 15         0
 *         +------------+----------+----------------------------------+------------+
 *         | strong  28 | weak  10 | flags  10                        | type    16 |
 *         +------------+----------+----------------------------------+------------+
 *  flags   25 weak overflow  24 member  23 old-buffered  22 old  21 dying  20 finalized
 *          19 acyclic  18 buffered  17..16 colour: 00 black 01 gray 10 purple 11 white
 *
 *  word B  live: the cycle collector's (epoch 32, marks 2, in-count 30; zero when fresh)
 *          dying: the next dead object of the work list;  free: the next free block of the page
 * </pre>
 *
 * <p>Why so: strong is on top, so that one signed compare of the sum or difference tells the usual
 * case from all others. {@code word < ONE_STRONG} means dead or pinned, for retain; {@code word -
 * ONE_STRONG < ONE_STRONG} means the last reference, dead or pinned, for release. Retain compares
 * before it adds, so that the JIT knows the outcome of a release that follows. A count of 2^27 has
 * the top bit set, but counts still: a release undoes it. Retained once more it is pinned: it never
 * changes again, and its object lives until the heap closes. An immortal object is pinned by
 * request. Black is zero, so that a fresh or zeroed word is a black object.
 *
 * <p>A free block has word A zero, so that a retain or release of a freed object is seen by the
 * same compare. The member and old flags belong to the sliced collector.
 *
 * <p>Owner thread only; all accesses are plain.
 */
public final class HeaderWord {
    /** Bytes in front of every payload. */
    public static final long BYTES = 16;

    /** Word B of a freed block that checked mode keeps from being used again; no address. */
    public static final long KEPT = 0xdbdb_dbdb_dbdb_dbdbL;

    /** Offset of word B from the header's start. */
    public static final long WORD_B = 8;

    public static final int TYPE_BITS = 16;
    public static final long TYPE_MASK = (1L << TYPE_BITS) - 1;

    public static final long COLOUR_MASK = 0b11L << 16;
    public static final long BLACK = 0;
    public static final long GRAY = 0b01L << 16;
    public static final long PURPLE = 0b10L << 16;
    public static final long WHITE = 0b11L << 16;
    public static final long BUFFERED = 1L << 18;
    public static final long ACYCLIC = 1L << 19;
    public static final long FINALIZED = 1L << 20;
    public static final long DYING = 1L << 21;
    public static final long OLD = 1L << 22;
    public static final long OLD_BUFFERED = 1L << 23;
    public static final long MEMBER = 1L << 24;
    public static final long WEAK_OVERFLOW = 1L << 25;

    /** Clear in a word that must become a possible root when its count falls to non-zero. */
    public static final long NO_CANDIDATE = PURPLE | ACYCLIC;

    /** Any of these holds the block of an object whose strong count is 0. */
    public static final long HELD_BY_BUFFER = BUFFERED | OLD_BUFFERED | MEMBER;

    /**
     * Both in one object: nothing but its block needs to be freed. Acyclic objects are in no trace,
     * so that old means nothing else in them; objects of types without references, weak fields and
     * destructor have it from the start.
     */
    public static final long PLAIN_LEAF = ACYCLIC | OLD;

    public static final int WEAK_SHIFT = 26;
    public static final int WEAK_BITS = 10;
    public static final long ONE_WEAK = 1L << WEAK_SHIFT;
    public static final long WEAK_MASK = ((1L << WEAK_BITS) - 1) << WEAK_SHIFT;

    public static final int STRONG_SHIFT = 36;
    public static final int STRONG_BITS = 28;
    public static final long ONE_STRONG = 1L << STRONG_SHIFT;
    public static final long STRONG_MASK = -1L << STRONG_SHIFT;

    /** Set when the strong count no longer counts: saturated or immortal. */
    public static final long PINNED = 1L << 63;

    private static final long LAST_OF_LEAF = ONE_STRONG | PLAIN_LEAF;

    private HeaderWord() {}

    public static int type(long word) {
        return (int) (word & TYPE_MASK);
    }

    public static long strong(long word) {
        return word >>> STRONG_SHIFT;
    }

    public static long weak(long word) {
        return (word & WEAK_MASK) >>> WEAK_SHIFT;
    }

    /** Pinned, and well away from where one reference less would take the pin away. */
    public static long pin(long word) {
        return word | 0b11L << 62;
    }

    /**
     * The only reference to an object whose block can be freed at once: the word is as it was when
     * the object was fresh, and says nothing but that and the type.
     */
    public static boolean lastOfLeaf(long word) {
        return word >>> TYPE_BITS == LAST_OF_LEAF >>> TYPE_BITS;
    }

    public static boolean pinned(long word) {
        return word < 0;
    }

    /** A live object: its strong count is not 0. */
    public static boolean alive(long word) {
        return (word & STRONG_MASK) != 0;
    }

    /** A free block: nothing counts it and nothing waits for it. */
    public static boolean free(long word) {
        return word == 0;
    }

    public static boolean has(long word, long flags) {
        return (word & flags) != 0;
    }

    public static long withColour(long word, long colour) {
        return (word & ~COLOUR_MASK) | colour;
    }

    public static GcColor colour(long word) {
        return switch ((int) ((word & COLOUR_MASK) >>> TYPE_BITS)) {
            case 0 -> GcColor.BLACK;
            case 1 -> GcColor.GRAY;
            case 2 -> GcColor.PURPLE;
            default -> GcColor.WHITE;
        };
    }

    /** The word of a fresh object with one strong reference. */
    public static long fresh(int type, boolean acyclic) {
        return ONE_STRONG | (acyclic ? ACYCLIC : 0) | type;
    }
}
