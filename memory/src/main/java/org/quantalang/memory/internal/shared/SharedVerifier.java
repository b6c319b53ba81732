package org.quantalang.memory.internal.shared;

import static org.quantalang.memory.internal.object.Memory.getLong;
import static org.quantalang.memory.internal.object.Memory.getLongAcquire;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.VerificationReport;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.alloc.SharedSpace;
import org.quantalang.memory.internal.debug.LongCounts;
import org.quantalang.memory.internal.handle.JavaObjects;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.References;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Walks a quiet shared heap and checks every invariant, independent of the code that keeps them:
 *
 * <ul>
 *   <li>pages: free lists, counters and headers agree; every page has an owner that runs, or nobody
 *   <li>headers: a known type, one of the states of {@link SharedHeader}; an owned object lies on a
 *       page of its owner
 *   <li>references: each leads to a live block, no field is held; no object has more references
 *       from the heap than its counts say
 *   <li>queues lead to live objects, no more often than these are counted; dying objects: all on
 *       lists
 * </ul>
 *
 * <p>One use each, by who paused the heap.
 */
public final class SharedVerifier {
    private static final int MOST_PROBLEMS = 20;

    private final SharedSpace space;
    private final Owners owners;
    private final SharedTypes types;
    private final BlockWalk walk;

    private final List<String> problems = new ArrayList<>();
    private final LongCounts strongIn = new LongCounts();
    private final LongCounts weakIn = new LongCounts();
    private final LongCounts queued = new LongCounts();
    private long problemCount;
    private long objects;
    private long held;
    private long dying;
    private long references;
    private long weakReferences;
    private long bytes;

    public SharedVerifier(SharedSpace space, Owners owners, SharedTypes types) {
        this.space = space;
        this.owners = owners;
        this.types = types;
        this.walk = space.walk();
    }

    /**
     * Checks everything.
     *
     * @throws IllegalStateException naming what is wrong
     */
    public VerificationReport verify() {
        // Blocks on their way back are neither in use nor on a free list.
        owners.all().forEach(owner -> owner.pages.takeBack());
        walk.checkPages(this::problem);
        space.forEachOwnerOfPages(this::checkPageOwner);
        long listed = 0;
        for (Owner owner : owners.all()) {
            owner.queue.forEach(this::checkQueued);
            listed += owner.dying.size(space.base());
        }
        walk.forEach(this::checkBlock);
        if (dying != listed) {
            problem("dying objects and lists differ: dying=%d listed=%d".formatted(dying, listed));
        }
        if (problems.isEmpty()) {
            walk.forEach((header, _) -> checkCounts(header));
        }
        if (problemCount > 0) {
            throw new IllegalStateException(
                    String.format(
                            Locale.ROOT,
                            "heap is damaged: problems=%d%n%s",
                            problemCount,
                            String.join(System.lineSeparator(), problems)));
        }
        return new VerificationReport(objects, held, references, weakReferences, bytes, 0);
    }

    private void problem(String text) {
        problemCount++;
        if (problems.size() < MOST_PROBLEMS) {
            problems.add("  " + text);
        }
    }

    private void problem(String text, long header) {
        problem(
                "%s: address=0x%x header=0x%x 0x%x"
                        .formatted(
                                text,
                                header + HeaderWord.BYTES,
                                getLong(header),
                                getLong(header + SharedHeader.WORD_B)));
    }

    private void checkPageOwner(int owner) {
        if (owner != SharedSpace.COMMON && !owners.runs(owner)) {
            problem("page belongs to an owner without a thread: owner=" + owner);
        }
    }

    private void checkQueued(long header) {
        @Nullable String fault = walk.whyNotABlock(header);
        if (fault != null) {
            problem(
                    "queue leads to no object (%s): address=0x%x"
                            .formatted(fault, header + HeaderWord.BYTES));
        } else {
            queued.add(header);
        }
    }

    private static long b(long header) {
        return getLongAcquire(header + SharedHeader.WORD_B);
    }

    private void checkBlock(long header, long blockBytes) {
        bytes += blockBytes;
        long a = getLong(header);
        long b = b(header);
        int index = HeaderWord.type(a);
        if (index < 1 || index > types.count()) {
            problem("unknown type", header);
            return;
        }
        if (SharedHeader.has(b, SharedHeader.DEAD)) {
            held++;
            if (!SharedHeader.holdsBlock(b)) {
                problem("dead, but its block is not free", header);
            }
            return;
        }
        if (SharedHeader.lastGone(b)) {
            dying++;
        } else {
            objects++;
            checkState(header, a, b);
        }
        References.strongSlots(types.at(index), header, slot -> follow(header, slot));
        References.weakSlots(types.at(index), header, slot -> followWeak(header, slot));
    }

    private void checkState(long header, long a, long b) {
        int owner = SharedHeader.owner(a);
        if (SharedHeader.has(b, SharedHeader.MERGED)) {
            if (owner != 0) {
                problem("merged, but with an owner", header);
            }
        } else if (owner == 0 || !owners.runs(owner) || SharedHeader.own(a) == 0) {
            problem("not merged, but without owner or a count of its own", header);
        } else if (space.ownerOf(header) != owner) {
            problem("owned, but not on a page of its owner", header);
        }
        if (SharedHeader.shared(b) < 0) {
            problem("less than no reference of others", header);
        }
    }

    private void follow(long holder, long slot) {
        long object = getLong(slot);
        if (object == 0) {
            return;
        }
        references++;
        long target = object - HeaderWord.BYTES;
        @Nullable String fault = walk.whyNotABlock(target);
        if (fault == null && SharedHeader.strongOf(target) <= 0) {
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
        long b = b(header);
        long strong = SharedHeader.strongOf(header);
        long waiting = queued.get(header);
        if (!SharedHeader.pinned(b) && strongIn.get(header) + waiting > strong) {
            problem(
                    "more references than counted: references=%d waiting=%d strong=%d"
                            .formatted(strongIn.get(header), waiting, strong),
                    header);
        }
        long weak = SharedHeader.weak(b);
        if (weak != SharedHeader.MOST_WEAK && weakIn.get(header) > weak) {
            problem(
                    "more weak references than counted: references=%d weak=%d"
                            .formatted(weakIn.get(header), weak),
                    header);
        }
    }
}
