package org.quantalang.memory.internal.shared;

import org.quantalang.memory.GcColor;
import org.quantalang.memory.RcHeader;
import org.quantalang.memory.TypeInfo;
import org.quantalang.memory.internal.debug.Holders;
import org.quantalang.memory.internal.debug.ObjectChecks;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

/**
 * The two header words of an object in a shared heap, and every bit of them. Biased counting after
 * Choi, Shull and Torrellas (PACT 2018): the thread that made an object counts plainly in word A,
 * all others atomically in word B; the object's count is the sum.
 *
 * <pre>
 *  word A  63      40  39 38      28 27       16 15        0  stored by the owner thread alone
 *         +----------+---+----------+-----------+-----------+
 *         | ops   24 | L | bias  11 | owner  12 | type   16 |
 *         +----------+---+----------+-----------+-----------+
 *  word B  63      44 43      20 19        8 7         0      changed by compare-and-set or add
 *         +----------+----------+-----------+-----------+
 *         | ops   20 | shared 24| weak   12 | flags   8 |      shared is signed
 *         +----------+----------+-----------+-----------+
 *  flags   6 leaf  5 claimed  4 buffered  3 acyclic  2 finalized  1 dead  0 merged    7 is free
 *
 *  L: lent, that is, the owner's number is not its thread's own
 *
 *  dying:       word A is type, in bits 62 to 28 the next of the work list in 16-byte granules from
 *               the heap's base (0 ends the list), and in bit 63 whether its page is its owner's
 *  free block:  word A is 0, word B the next free block
 * </pre>
 *
 * <p>The owner's count is bias + 1, of a lent number the bias. So an object whose owner has its
 * thread's number counts for that thread, and its count neither overflows nor ends, exactly if the
 * word after the change has that owner and is not lent: {@link #plainFor}. A bias that overflows or
 * falls below 0 changes L, and that of a lent number is never so low or high that it could.
 *
 * <p>Acyclic says of a type what it was when the object was made: amid that, another thread may
 * register a type that makes it cyclic. Nothing relies on it yet.
 *
 * <p>Both ops fields count retains. They are for a collector beside running threads, which must see
 * that a count went up and down between its two looks; nothing reads them yet. On top of their
 * words, their carry is lost without harm. (A shared count below 0, amid a merge, borrows from ops;
 * each pair of both still is a word of its own.)
 *
 * <h2>States</h2>
 *
 * <pre>
 *  state     word A            word B                     who may destroy
 *  BIASED    owner             not merged                 nobody
 *  MERGED    no owner          merged, shared &gt; 0         nobody
 *  DYING     no owner          merged, shared 0           who made it so
 *  DEAD      no owner          dead; weak &gt; 0             its block goes to who removes the last of these
 *
 *  from     event                                  to                     method
 *  BIASED   owner retains, own not full            BIASED  own + 1        ownerRetained
 *  BIASED   owner retains, own full                BIASED  shared + half, then own - half   spilledIn, spilledOut
 *  BIASED   owner releases, own &gt; 1               BIASED  own - 1        ownerReleased
 *  BIASED   owner releases, own = 1, B exclusive   DYING   (no atomic)    exclusive
 *  BIASED   owner releases, own = 1                MERGED or DYING        withoutOwner, then merged
 *  BIASED   other retains                          BIASED  shared + 1     RETAIN_SHARED
 *  BIASED   other releases, shared &gt; 0            BIASED  shared - 1     ONE_SHARED
 *  BIASED   other releases, shared = 0             BIASED  the owner is told to release   leftToOwner
 *  BIASED   its owner's thread ends                MERGED or DYING        withoutOwner, then merged
 *  MERGED   any retains                            MERGED  shared + 1     RETAIN_SHARED
 *  MERGED   any releases                           MERGED or DYING        ONE_SHARED
 *  BIASED, MERGED   weak upgrade                   shared + 1             upgraded
 *  DYING    destroyed                              DEAD, or block freed   dead
 *  DEAD     last weak reference goes               block freed            holdsBlock
 * </pre>
 *
 * <p>A release that the owner is told of has not happened yet: its reference is counted until the
 * owner, or who acts for it, takes it away as its own, or as anybody's if the object was merged
 * meanwhile. So an object lives while a queue leads to it. Between {@code withoutOwner} and {@code
 * merged} a release finds neither an owner to tell nor a merged object, and takes 1 from the shared
 * count, below 0 if need be: the merge, which compares, counts what is left.
 *
 * <p>What holds, and {@code CountModelTest} checks for two threads over every interleaving: {@code
 * own + shared} is the number of strong references, and of releases that an owner was told of,
 * whenever no operation is half done, and, but amid a merge, never less than that in between; word
 * A of an unmerged object is stored by its owner's runner alone, word A of a merged one only by who
 * destroys it; exactly one thread sees the last reference go; a block is freed exactly once, when
 * nothing can reach its header any more.
 *
 * <p>Pure functions of words; {@link SharedCounts} and {@link SharedReclaimer} apply them.
 */
public final class SharedHeader {
    /** Word B's offset. */
    static final long WORD_B = HeaderWord.WORD_B;

    // ---- word A

    static final int OWNER_SHIFT = HeaderWord.TYPE_BITS;
    static final int OWNER_BITS = 12;
    static final long OWNER_MASK = ((1L << OWNER_BITS) - 1) << OWNER_SHIFT;

    /** Most owners at a time; 0 means none. */
    static final int MOST_OWNERS = (1 << OWNER_BITS) - 1;

    static final int BIAS_SHIFT = OWNER_SHIFT + OWNER_BITS;
    static final int BIAS_BITS = 11;
    static final long ONE_BIAS = 1L << BIAS_SHIFT;
    static final long BIAS_MASK = ((1L << BIAS_BITS) - 1) << BIAS_SHIFT;

    /** The owner's number is not its thread's own, so that the short forms do not do. */
    private static final long LENT = 1L << (BIAS_SHIFT + BIAS_BITS);

    /** The bias, where it is, from which half moves to the shared count before it rises. */
    private static final long FULL = BIAS_MASK - ONE_BIAS;

    /** How much that is. */
    static final long HALF = 1L << (BIAS_BITS - 1);

    /** Brings {@link #LENT} to where it makes a word negative, and the owner to bit 0. */
    private static final int TO_SIGN = 63 - BIAS_SHIFT - BIAS_BITS;

    private static final int TO_OWNER = TO_SIGN + OWNER_SHIFT;
    private static final long WITHOUT_BIAS = ~(BIAS_MASK >>> OWNER_SHIFT);

    private static final long ONE_OP_A = LENT << 1;

    // ---- word B

    static final long MERGED = 1;
    static final long DEAD = 1 << 1;
    static final long FINALIZED = 1 << 2;
    static final long ACYCLIC = 1 << 3;
    static final long BUFFERED = 1 << 4;
    static final long CLAIMED = 1 << 5;

    /** Nothing but its block needs to be freed. */
    static final long LEAF = 1 << 6;

    static final int WEAK_SHIFT = 8;
    static final int WEAK_BITS = 12;
    static final long ONE_WEAK = 1L << WEAK_SHIFT;
    static final long WEAK_MASK = ((1L << WEAK_BITS) - 1) << WEAK_SHIFT;

    /** A weak count that got here counts no more: its block stays until the heap closes. */
    static final long MOST_WEAK = (1L << WEAK_BITS) - 1;

    static final int SHARED_SHIFT = WEAK_SHIFT + WEAK_BITS;
    static final int SHARED_BITS = 24;
    static final long ONE_SHARED = 1L << SHARED_SHIFT;
    static final long SHARED_MASK = ((1L << SHARED_BITS) - 1) << SHARED_SHIFT;
    private static final long ONE_OP_B = 1L << (SHARED_SHIFT + SHARED_BITS);

    /** Added to word B by a retain of a thread that is not the owner. */
    static final long RETAIN_SHARED = ONE_SHARED + ONE_OP_B;

    /**
     * From here on a shared count no longer falls, so that its object lives until the heap closes:
     * saturated or immortal. Only a count that still rises in this zone is moved, back to its
     * middle.
     */
    static final long PINNED = 1L << (SHARED_BITS - 2);

    /** Where makeImmortal puts a count, and where one that rises to {@link #CEILING} falls back. */
    static final long PINNED_MIDDLE = PINNED + (PINNED >> 1);

    static final long CEILING = PINNED_MIDDLE + (PINNED >> 2);

    /** In a link: its page is that of the owner whose list it is on. */
    private static final long OWN = 1L << 63;

    private static final long NOT_EXCLUSIVE = SHARED_MASK | WEAK_MASK | BUFFERED;

    private SharedHeader() {}

    // ---- what the words say

    public static int owner(long a) {
        return (int) (a >>> OWNER_SHIFT) & MOST_OWNERS;
    }

    /** What the owner counts; 0 without one. */
    static long own(long a) {
        if (owner(a) == 0) {
            return 0;
        }
        return ((a & BIAS_MASK) >>> BIAS_SHIFT) + ((a & LENT) == 0 ? 1 : 0);
    }

    static long shared(long b) {
        return b << (64 - SHARED_SHIFT - SHARED_BITS) >> (64 - SHARED_BITS);
    }

    public static long weak(long b) {
        return (b & WEAK_MASK) >>> WEAK_SHIFT;
    }

    /** References as both words say; 0 of an object that dies. */
    public static long strong(long a, long b) {
        return own(a) + shared(b);
    }

    /** The same for the object of a header. */
    public static long strongOf(long header) {
        return strong(Memory.getLong(header), Memory.getLongAcquire(header + HeaderWord.WORD_B));
    }

    /** For checks beside running threads: an object that is not merged lives, also amid a merge. */
    public static final ObjectChecks.Counts FOR_CHECKS =
            new ObjectChecks.Counts() {
                @Override
                public long strong(long header) {
                    long strong = strongOf(header);
                    return has(Memory.getLongAcquire(header + HeaderWord.WORD_B), MERGED)
                            ? strong
                            : Math.max(1, strong);
                }

                @Override
                public long weak(long header) {
                    return SharedHeader.weak(Memory.getLongAcquire(header + HeaderWord.WORD_B));
                }

                @Override
                public boolean mayBeLast(long header) {
                    long a = Memory.getLong(header);
                    long b = Memory.getLongAcquire(header + HeaderWord.WORD_B);
                    // What is left to the owner is counted still.
                    return SharedHeader.strong(a, b) == 1
                            || (!has(b, MERGED)
                                    && leftToOwner(a, b)
                                    && owner(a) != Thread.currentThread().threadId());
                }
            };

    /** For searches for leaks, while nobody else uses the heap. */
    public static final Holders HOLDERS =
            new Holders() {
                @Override
                public long strong(long header) {
                    return strongOf(header);
                }

                @Override
                public boolean immortal(long header) {
                    return pinned(Memory.getLongAcquire(header + HeaderWord.WORD_B));
                }

                @Override
                public boolean holds(long header) {
                    return !has(Memory.getLongAcquire(header + HeaderWord.WORD_B), DEAD);
                }
            };

    /** All that both words say. */
    public static RcHeader describe(long a, long b, TypeInfo type) {
        return new RcHeader(
                strong(a, b),
                weak(b),
                GcColor.BLACK,
                has(b, BUFFERED),
                pinned(b),
                has(b, FINALIZED),
                type);
    }

    static boolean has(long b, long flags) {
        return (b & flags) != 0;
    }

    static boolean pinned(long b) {
        return shared(b) >= PINNED;
    }

    /** Something besides strong references holds the block. */
    static boolean holdsBlock(long b) {
        return (b & (WEAK_MASK | BUFFERED)) != 0;
    }

    /** Merged, and no strong reference is left: whoever made it so destroys the object. */
    static boolean lastGone(long b) {
        return (b & (SHARED_MASK | MERGED)) == MERGED;
    }

    /**
     * The owner holds the only reference of any kind, given that it counts 1: no other thread can
     * reach the object, so that nothing about it needs to be atomic any more.
     */
    static boolean exclusive(long b) {
        return (b & NOT_EXCLUSIVE) == 0;
    }

    /** A leaf of which the owner holds the only reference of any kind, given that it counts 1. */
    public static boolean exclusiveLeaf(long b) {
        return (b & (NOT_EXCLUSIVE | LEAF)) == LEAF;
    }

    /**
     * A weak reference may become strong. An unmerged object has references, or releases of it wait
     * for the owner: then it is whole, and may come back.
     */
    static boolean upgradable(long b) {
        return (b & (DEAD | FINALIZED | CLAIMED)) == 0 && !lastGone(b);
    }

    // ---- word A, by the owner's runner

    /** A fresh object's word A, but for its type; the owner's number is its thread's. */
    static long fresh(int owner) {
        return (long) owner << OWNER_SHIFT;
    }

    /** The same of an owner with another number. */
    static long freshOfLent(int owner) {
        return fresh(owner) | LENT | ONE_BIAS;
    }

    /**
     * The number of the thread that may store this word after {@link #ownerRetained} or {@link
     * #ownerReleased} without another look: it owns the object, whose count neither overflows nor
     * ends by that. If there is none such, what no thread has for its number.
     */
    public static long plainFor(long after) {
        return after << TO_SIGN >> TO_OWNER & WITHOUT_BIAS;
    }

    public static long ownerRetained(long a) {
        return a + (ONE_BIAS + ONE_OP_A);
    }

    /** The owner counts one reference, as to a fresh object. */
    public static boolean ownIsOne(long a) {
        long count = a & (BIAS_MASK | LENT);
        return count == 0 || count == (LENT | ONE_BIAS);
    }

    /** Half of the owner's count must move before it rises. */
    static boolean full(long a) {
        return (a & BIAS_MASK) >= FULL;
    }

    public static long ownerReleased(long a) {
        return a - ONE_BIAS;
    }

    /** Of all that the word says, whose the object is and what that owner counts. */
    static long ownerAndCount(long a) {
        return a & (OWNER_MASK | BIAS_MASK | LENT);
    }

    /** The first half of a merge: from here on no thread takes itself for the owner. */
    static long withoutOwner(long a) {
        return a & HeaderWord.TYPE_MASK;
    }

    /** So much of the owner's count is in word B already. */
    static long spilledOut(long a, long part) {
        return a - part * ONE_BIAS;
    }

    // ---- word B

    /** The fresh word of an object that has an owner. */
    static long fresh(boolean cyclic, boolean leaf) {
        return (cyclic ? 0 : ACYCLIC) | (leaf ? LEAF : 0);
    }

    /** What the fresh word of an object that never had an owner has besides. */
    static long freshMerged() {
        return MERGED | ONE_SHARED;
    }

    /**
     * Whether the reference that another thread than the owner releases is one that the owner
     * counts, as far as a look tells, given that the object is not merged: then the owner must
     * release it.
     */
    static boolean leftToOwner(long a, long b) {
        return (b & SHARED_MASK) == 0 && owner(a) != 0;
    }

    static long spilledIn(long b, long part) {
        return b + part * ONE_SHARED;
    }

    /** The second half of a merge: word A's count comes here. */
    static long merged(long b, long own) {
        return b + own * ONE_SHARED | MERGED;
    }

    /** Its destructor runs, with a reference of its own. */
    static long finalizing(long b) {
        return (b | FINALIZED | MERGED) + ONE_SHARED;
    }

    /** Nothing but garbage referred to it. */
    static long garbage(long b) {
        return (b & ~(SHARED_MASK | CLAIMED)) | MERGED;
    }

    static long upgraded(long b) {
        return b + RETAIN_SHARED;
    }

    static long dead(long b) {
        return b | DEAD;
    }

    static long pin(long b) {
        return (b & ~SHARED_MASK) | PINNED_MIDDLE << SHARED_SHIFT;
    }

    // ---- the link of dying objects: without owner, as the state table says

    /** What a heap's address range may be at most, so that a link fits. */
    public static final long MOST_BYTES = 1L << (63 - BIAS_SHIFT + 4);

    /** Word A of a dying object: the granules from the heap's base to the next of its list. */
    static long link(long a, long next) {
        return (a & HeaderWord.TYPE_MASK) | next << (BIAS_SHIFT - 4);
    }

    static long next(long a) {
        return (a << 1) >>> (BIAS_SHIFT + 1) << 4;
    }

    /** The same for an object that its owner alone could reach, and buries. */
    static long ownLink(long a, long next) {
        return link(a, next) | OWN;
    }

    /** A dying object's word A with another next. */
    static long linked(long a, long next) {
        return link(a, next) | (a & OWN);
    }

    /** Whether it was linked so: then its page is the owner's, too. */
    static boolean ownsPage(long a) {
        return (a & OWN) != 0;
    }
}
