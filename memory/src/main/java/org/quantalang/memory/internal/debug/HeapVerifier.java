package org.quantalang.memory.internal.debug;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.GcColor;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.count.Reclaimer;
import org.quantalang.memory.internal.count.WeakCounts;
import org.quantalang.memory.internal.cycle.CycleCollector;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Walks a heap and checks every invariant, independent of the code that keeps them:
 *
 * <ul>
 *   <li>pages: free lists, counters and headers agree
 *   <li>headers: a known type, black or purple, acyclic exactly as the type; alive, or dead with a
 *       reason to be there
 *   <li>references: each leads to a live block; no object has more references from the heap than
 *       its strong count says, nor more weak ones than its weak count
 *   <li>candidates: exactly the buffered objects, each once
 *   <li>dead objects: exactly the dying blocks are on the work list
 *   <li>roots, if they are given: each is counted from outside the heap
 * </ul>
 *
 * <p>One use each. Owner thread only, between operations.
 */
public final class HeapVerifier {
    private static final int MOST_PROBLEMS = 20;

    private final BlockWalk walk;
    private final TypeTable types;
    private final Reclaimer reclaimer;
    private final WeakCounts weakCounts;
    private final CycleCollector cycles;

    private final List<String> problems = new ArrayList<>();
    private final LongCounts strongIn = new LongCounts();
    private final LongCounts weakIn = new LongCounts();
    private final LongCounts candidates = new LongCounts();
    private long problemCount;
    private long objects;
    private long held;
    private long dying;
    private long references;
    private long weakReferences;
    private long bytes;
    private long unreachable;

    public HeapVerifier(
            BlockWalk walk,
            TypeTable types,
            Reclaimer reclaimer,
            WeakCounts weakCounts,
            CycleCollector cycles) {
        this.walk = walk;
        this.types = types;
        this.reclaimer = reclaimer;
        this.weakCounts = weakCounts;
        this.cycles = cycles;
    }

    /**
     * Checks everything.
     *
     * @throws IllegalStateException naming what is wrong
     */
    public VerificationReport verify() {
        check();
        return report();
    }

    /**
     * Checks everything, and what the given roots lead to.
     *
     * @param roots headers of live objects
     * @throws IllegalStateException naming what is wrong
     */
    public VerificationReport verifyFrom(long[] roots) {
        check();
        if (problems.isEmpty()) {
            for (long root : roots) {
                checkRoot(root);
            }
            unreachable = objects - reachable(roots);
        }
        return report();
    }

    private void check() {
        walk.checkPages(this::problem);
        cycles.forEachCandidate(this::checkCandidate);
        walk.forEach(this::checkBlock);
        if (problems.isEmpty()) {
            walk.forEach((header, _) -> checkCounts(header));
        }
        if (dying != reclaimer.waiting()) {
            problem(
                    "dying objects and work list differ: dying=%d waiting=%d"
                            .formatted(dying, reclaimer.waiting()));
        }
    }

    private VerificationReport report() {
        if (problemCount > 0) {
            throw new IllegalStateException(
                    String.format(
                            Locale.ROOT,
                            "heap is damaged: problems=%d%n%s",
                            problemCount,
                            String.join(System.lineSeparator(), problems)));
        }
        return new VerificationReport(
                objects, held, references, weakReferences, bytes, unreachable);
    }

    private void checkRoot(long header) {
        long word = getLong(header);
        if (!HeaderWord.pinned(word) && strongIn.get(header) >= HeaderWord.strong(word)) {
            problem(
                    "root is not counted from outside: references=%d strong=%d"
                            .formatted(strongIn.get(header), HeaderWord.strong(word)),
                    header);
        }
    }

    /** Objects that roots and pinned objects lead to. */
    private long reachable(long[] roots) {
        LongCounts seen = new LongCounts();
        ArrayDeque<Long> work = new ArrayDeque<>();
        for (long root : roots) {
            reach(root, seen, work);
        }
        walk.forEach(
                (header, _) -> {
                    if (HeaderWord.pinned(getLong(header))) {
                        reach(header, seen, work);
                    }
                });
        long count = 0;
        for (Long header = work.poll(); header != null; header = work.poll()) {
            count++;
            References.strongSlots(
                    types.of(header),
                    header,
                    slot -> {
                        if (getLong(slot) != 0) {
                            reach(getLong(slot) - HeaderWord.BYTES, seen, work);
                        }
                    });
        }
        return count;
    }

    private static void reach(long header, LongCounts seen, ArrayDeque<Long> work) {
        if (seen.add(header) == 1) {
            work.add(header);
        }
    }

    private void problem(String text) {
        problemCount++;
        if (problems.size() < MOST_PROBLEMS) {
            problems.add("  " + text);
        }
    }

    private void problem(String text, long header) {
        long word = getLong(header);
        int type = HeaderWord.type(word);
        String name = type >= 1 && type <= types.count() ? types.at(type).info.name() : "unknown";
        problem(
                "%s: address=0x%x header=0x%x type=%s"
                        .formatted(text, header + HeaderWord.BYTES, word, name));
    }

    private void checkCandidate(long header) {
        @Nullable String fault = walk.whyNotABlock(header);
        if (fault != null) {
            problem(
                    "candidate is no object (%s): address=0x%x"
                            .formatted(fault, header + HeaderWord.BYTES));
        } else if (!HeaderWord.has(getLong(header), HeaderWord.HELD_BY_BUFFER)) {
            problem("candidate is not marked as buffered", header);
        } else if (candidates.add(header) > buffersOf(getLong(header))) {
            problem("candidate is in more buffers than marked", header);
        }
    }

    private static int buffersOf(long word) {
        return (HeaderWord.has(word, HeaderWord.BUFFERED) ? 1 : 0)
                + (HeaderWord.has(word, HeaderWord.OLD_BUFFERED) ? 1 : 0);
    }

    private void checkBlock(long header, long blockBytes) {
        bytes += blockBytes;
        long word = getLong(header);
        int index = HeaderWord.type(word);
        if (index < 1 || index > types.count()) {
            problem("unknown type", header);
            return;
        }
        GcColor colour = HeaderWord.colour(word);
        boolean member = HeaderWord.has(word, HeaderWord.MEMBER);
        if ((colour == GcColor.GRAY && !member) || colour == GcColor.WHITE) {
            problem("colour of a trace outside a trace", header);
        }
        if (HeaderWord.has(word, HeaderWord.ACYCLIC) == types.at(index).cyclic()) {
            problem("acyclic mark differs from the type", header);
        }
        if (candidates.get(header) < buffersOf(word)) {
            problem("marked as buffered, but in no buffer", header);
        }
        boolean isDying = HeaderWord.has(word, HeaderWord.DYING);
        if (HeaderWord.alive(word)) {
            objects++;
            if (isDying) {
                problem("alive and dying", header);
            }
        } else if (isDying) {
            dying++;
        } else {
            held++;
            if (!HeaderWord.has(word, HeaderWord.WEAK_MASK | HeaderWord.HELD_BY_BUFFER)) {
                problem("dead, but its block is not free", header);
            }
            return;
        }
        HeapType type = types.at(index);
        References.strongSlots(type, header, slot -> follow(header, slot));
        References.weakSlots(type, header, slot -> followWeak(header, slot));
    }

    private void follow(long holder, long slot) {
        long object = getLong(slot);
        if (object == 0) {
            return;
        }
        references++;
        long target = object - HeaderWord.BYTES;
        @Nullable String fault = walk.whyNotABlock(target);
        if (fault == null && !HeaderWord.alive(getLong(target))) {
            fault = "dead";
        }
        if (fault != null) {
            problem(badReference("reference", fault, holder, slot, object), holder);
        } else {
            strongIn.add(target);
        }
    }

    private void followWeak(long holder, long slot) {
        long object = getLong(slot);
        if (object == 0 || JavaObjects.isNumber(object)) {
            return;
        }
        weakReferences++;
        @Nullable String fault = walk.whyNotABlock(object - HeaderWord.BYTES);
        if (fault != null) {
            problem(badReference("weak reference", fault, holder, slot, object), holder);
        } else {
            weakIn.add(object - HeaderWord.BYTES);
        }
    }

    private static String badReference(
            String what, String fault, long holder, long slot, long object) {
        return "%s to no object (%s) target=0x%x offset=%d in"
                .formatted(what, fault, object, slot - holder - HeaderWord.BYTES);
    }

    private void checkCounts(long header) {
        long word = getLong(header);
        int strong = strongIn.get(header);
        if (!HeaderWord.pinned(word) && strong > HeaderWord.strong(word)) {
            problem(
                    "more references than counted: references=%d strong=%d"
                            .formatted(strong, HeaderWord.strong(word)),
                    header);
        }
        int weak = weakIn.get(header);
        if (weak > weakCounts.count(header)) {
            problem(
                    "more weak references than counted: references=%d weak=%d"
                            .formatted(weak, weakCounts.count(header)),
                    header);
        }
    }
}
