package org.quantalang.memory.internal.cycle;

import static org.quantalang.memory.internal.cycle.SideCount.ENTERED;
import static org.quantalang.memory.internal.cycle.SideCount.IN_MASK;
import static org.quantalang.memory.internal.cycle.SideCount.LOCAL;
import static org.quantalang.memory.internal.object.HeaderWord.BUFFERED;
import static org.quantalang.memory.internal.object.HeaderWord.MEMBER;
import static org.quantalang.memory.internal.object.HeaderWord.OLD;
import static org.quantalang.memory.internal.object.HeaderWord.ONE_STRONG;
import static org.quantalang.memory.internal.object.HeaderWord.STRONG_SHIFT;
import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.putLong;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.TypeDescriptor;
import org.quantalang.memory.internal.type.TypeTable;

/**
 * Trial deletion of one candidate that looks near before it looks far.
 *
 * <p>The trace enters objects one by one and counts their references in the side counts of what
 * they refer to. First it enters what is dominated: objects all of whose references come from
 * entered ones. When nothing is, it enters the oldest object seen whose references are not all
 * explained yet, up to a budget. It ends as soon as no entered object has an unexplained reference:
 * then all of them are garbage. Garbage that points into a live graph therefore reads the header of
 * the live object and looks no further.
 *
 * <pre>
 *   entered (set)                      seen (boundary)
 *   +---+   +---+   +---+              +---+
 *   | c |--&gt;| . |--&gt;| . |-------------&gt;| b |--- not entered: in(b) &lt; strong(b)
 *   +---+   +---+   +---+              +---+
 *     ^---------------'                unexplained = sum of strong - in over the entered = 0
 * </pre>
 *
 * <p>The sum over the entered objects is kept up to date edge by edge. Any subset may be entered:
 * what is left out merely counts as a holder, so a trace may stop anywhere.
 *
 * <p>Owner thread only.
 */
final class LocalTrace {
    /** What a trace found out about its candidate. */
    enum Verdict {
        /** Everything entered is garbage. */
        GARBAGE,
        /** All that it reaches was entered, and it is held from outside that: live. */
        HELD,
        /** Something was left out, so nothing is known. */
        OPEN
    }

    /** Not entered: what cannot be part of a cycle, lives for ever, or is in a sliced trace. */
    static final long NOT_ENTERED = HeaderWord.ACYCLIC | HeaderWord.PINNED | MEMBER;

    /**
     * Of that kind, or dead: then the reference is one that somebody else released, and word B no
     * note but a free block's link.
     */
    static boolean neverEntered(long word) {
        return (word & NOT_ENTERED) != 0 || word >>> STRONG_SHIFT == 0;
    }

    /**
     * The part of a word that is {@code ONE_STRONG} if the reference that led there is the only
     * one, and the object may be entered without more ado. A candidate may not: its references are
     * counted.
     */
    private static final long ONLY_REFERENCE = HeaderWord.STRONG_MASK | NOT_ENTERED | BUFFERED;

    /** What no header word has as its type. */
    private static final long NO_TYPE = -1;

    private final TypeTable types;
    private final Edges edges;
    private final long mostBytes;

    /** Entered objects, in the order in which they were reached. */
    final LongStack set;

    /**
     * Objects seen but not dominated when they were, each once (some were entered later), and for
     * each reference to an object that is never entered, that object.
     */
    final LongStack boundary;

    /** The descriptors' flags of all entered objects. */
    int flagsSeen;

    // The type seen last, mostly that of the next: where its slots are is looked up once.
    private long spanType = NO_TYPE;
    private int spanFlags;
    private long firstSlot;
    private long endSlot;

    /**
     * Makes the traces of one heap.
     *
     * @param most objects that one of them enters at most, dominated or not
     */
    LocalTrace(TypeTable types, Edges edges, PageSource source, long most) {
        this.types = types;
        this.edges = edges;
        this.mostBytes = most * Long.BYTES;
        this.set = new LongStack(source);
        this.boundary = new LongStack(source);
    }

    /**
     * Traces from a live candidate that is {@code BUFFERED}. Of garbage, the notes stay and the
     * flag goes; otherwise it is the other way round.
     *
     * <p>Few accesses to memory, each in one place: the JIT stops inlining them in a method with
     * more than about 25.
     *
     * @param budget objects entered at most without being dominated
     * @param leaveOutOld whether objects marked as old are entered only if dominated
     */
    Verdict run(long candidate, long budget, boolean leaveOutOld) {
        set.clear();
        boundary.clear();
        if (!set.reserve(2) || !boundary.reserve(1)) {
            return Verdict.OPEN;
        }
        long tag = SideCount.inEpoch(LOCAL);
        long head = set.bottom();
        long tail = head;
        long limit = Math.min(set.limit(), head + mostBytes);
        long tried = boundary.bottom();
        long seen = tried;
        long seenLimit = boundary.limit();
        boolean leftOut = false;
        long entered = 0;
        long first = getLong(candidate);
        flagsSeen = (first & HeaderWord.TYPE_MASK) == spanType ? spanFlags : 0;
        long unexplained = HeaderWord.strong(first);
        long header = candidate;
        long note = tag;
        long type = spanType;
        long firstSlot = this.firstSlot;
        long endSlot = this.endSlot;
        while (true) {
            putLong(header, SideCount.WORD, note | ENTERED);
            putLong(tail, header);
            tail += Long.BYTES;
            head = tail;
            while (true) {
                long typeBits = getLong(header) & HeaderWord.TYPE_MASK;
                if (typeBits != type) {
                    if (!findSlots(header, typeBits)) {
                        set.top(tail);
                        boundary.top(seen);
                        return giveUp(candidate, true);
                    }
                    type = spanType;
                    firstSlot = this.firstSlot;
                    endSlot = this.endSlot;
                }
                // Each slot adds one entry to one of the stacks; one more is entered between runs.
                long room = endSlot - firstSlot + Long.BYTES;
                if (limit - tail < room || seenLimit - seen < room) {
                    long headAt = head - set.bottom();
                    long triedAt = tried - boundary.bottom();
                    set.top(tail);
                    boundary.top(seen);
                    if (tail - set.bottom() + room > mostBytes
                            || !set.reserve(room >>> 3)
                            || !boundary.reserve(room >>> 3)) {
                        return giveUp(candidate, true);
                    }
                    head = set.bottom() + headAt;
                    tail = set.top();
                    limit = Math.min(set.limit(), set.bottom() + mostBytes);
                    tried = boundary.bottom() + triedAt;
                    seen = boundary.top();
                    seenLimit = boundary.limit();
                }
                long end = header + endSlot;
                for (long slot = header + firstSlot; slot != end; slot += Long.BYTES) {
                    long object = getLong(slot);
                    if (object == 0) {
                        continue;
                    }
                    long child = object - HeaderWord.BYTES;
                    long word = getLong(child);
                    boolean enter = true;
                    if ((word & ONLY_REFERENCE) != ONE_STRONG) {
                        // Otherwise dominated, and never seen again: not worth a note.
                        boolean unseen = true;
                        enter = false;
                        if (neverEntered(word)) {
                            leftOut |= (word & MEMBER) != 0;
                        } else {
                            note = getLong(child, SideCount.WORD);
                            unseen = note >>> SideCount.EPOCH_SHIFT != LOCAL;
                            note = unseen ? tag | 1 : note + 1;
                            if ((note & ENTERED) != 0) {
                                unexplained--;
                            } else if ((note & IN_MASK) == word >>> STRONG_SHIFT) {
                                note |= ENTERED;
                                enter = true;
                            }
                            putLong(child, SideCount.WORD, note);
                        }
                        if (!enter && unseen) {
                            putLong(seen, child);
                            seen += Long.BYTES;
                        }
                    }
                    if (enter) {
                        putLong(tail, child);
                        tail += Long.BYTES;
                        entered = child;
                    }
                }
                if (head == tail) {
                    break;
                }
                // The one that was just stored need not be waited for.
                head += Long.BYTES;
                header = head == tail ? entered : getLong(head - Long.BYTES);
            }
            if (unexplained == 0) {
                set.top(tail);
                boundary.top(seen);
                putLong(candidate, getLong(candidate) & ~BUFFERED);
                return Verdict.GARBAGE;
            }
            if ((tail - set.bottom()) >>> 3 >= budget) {
                leftOut = true;
                break;
            }
            // Nothing is dominated: enter the oldest that is not explained.
            header = 0;
            while (tried != seen && header == 0) {
                long next = getLong(tried);
                tried += Long.BYTES;
                long word = getLong(next);
                note = getLong(next, SideCount.WORD);
                if (neverEntered(word) || (note & ENTERED) != 0) {
                    continue;
                }
                if (leaveOutOld && (word & OLD) != 0) {
                    leftOut = true;
                    continue;
                }
                unexplained += HeaderWord.strong(word) - SideCount.in(note);
                header = next;
            }
            if (header == 0) {
                break;
            }
        }
        set.top(tail);
        boundary.top(seen);
        return giveUp(candidate, leftOut);
    }

    /** Finds where the references of an object are; returns false if there is no memory for it. */
    private boolean findSlots(long header, long typeBits) {
        long type = types.descriptor(typeBits);
        spanFlags = TypeDescriptor.flags(type);
        flagsSeen |= spanFlags;
        if ((spanFlags & TypeDescriptor.UNUSUAL_RUNS) == 0) {
            long run = TypeDescriptor.onlyRun(type);
            spanType = typeBits;
            firstSlot = TypeDescriptor.start(0, run);
            endSlot = TypeDescriptor.end(0, run);
            return true;
        }
        spanType = NO_TYPE;
        edges.unusual(header, type, spanFlags);
        firstSlot = edges.start - header;
        endSlot = edges.end - header;
        return edges.complete;
    }

    /** Takes all notes away. Without anything left out, the candidate's own count decides. */
    private Verdict giveUp(long candidate, boolean leftOut) {
        boolean heldOutside =
                !SideCount.explained(getLong(candidate + SideCount.WORD), getLong(candidate));
        forgetNotes(set);
        forgetNotes(boundary);
        return heldOutside && !leftOut ? Verdict.HELD : Verdict.OPEN;
    }

    /**
     * Only its own: word B of a sliced trace's member, or of a dead object, is not a local note.
     */
    static void forgetNotes(LongStack objects) {
        long end = objects.top();
        for (long at = objects.bottom(); at != end; at += Long.BYTES) {
            long word = getLong(at) + SideCount.WORD;
            if (getLong(word) >>> SideCount.EPOCH_SHIFT == LOCAL) {
                putLong(word, 0);
            }
        }
    }
}
