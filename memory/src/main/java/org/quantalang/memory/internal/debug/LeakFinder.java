package org.quantalang.memory.internal.debug;

import static org.quantalang.memory.internal.object.Memory.getLong;

import org.jspecify.annotations.Nullable;
import org.quantalang.memory.inspect.LeakReport;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.References;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds what a heap holds although nothing inside it does.
 *
 * <ol>
 *   <li>Every reference of every object is counted at its target.
 *   <li>A live object whose strong count is higher was retained from outside: a leaked root.
 *   <li>From the leaked roots the rest is searched breadth first, so that the way to each object is
 *       a shortest one; the first object of each type that is met is the example for its type.
 *   <li>From immortal objects the search goes on without reporting; what is never met is dead or
 *       hangs on garbage cycles.
 * </ol>
 *
 * <p>Takes some 50 bytes of the Java heap for each object. One use each. By whoever has the heap
 * for itself, between operations.
 */
public final class LeakFinder {
    private static final int MOST_ROOTS = 20;

    /** The parent of a root in {@link #parents}. */
    private static final long NONE = -1;

    private final String heapName;
    private final BlockWalk walk;
    private final TypeTable types;
    private final Holders holding;
    private final AllocationSites sites;

    private final LongMap references = new LongMap();
    private final LongMap parents = new LongMap();
    private long[] found = new long[1 << 10];
    private int foundCount;
    private int next;

    private long rootCount;
    private long objects;
    private long bytes;
    private long holders;
    private final Map<String, long[]> byType = new HashMap<>();
    private final Map<String, SiteSum> bySite = new HashMap<>();
    private final List<LeakReport.Root> firstRoots = new ArrayList<>();
    private final List<LeakReport.Root> moreRoots = new ArrayList<>();
    private final Set<String> rootKinds = new HashSet<>();
    private final Map<String, Long> examples = new HashMap<>();

    /** What was allocated at one place. */
    private static final class SiteSum {
        private final String type;
        private final Site site;
        private final String stack;
        private long objects;
        private long bytes;

        SiteSum(String type, Site site, String stack) {
            this.type = type;
            this.site = site;
            this.stack = stack;
        }
    }

    public LeakFinder(
            String heapName,
            BlockWalk walk,
            TypeTable types,
            Holders holding,
            AllocationSites sites) {
        this.heapName = heapName;
        this.walk = walk;
        this.types = types;
        this.holding = holding;
        this.sites = sites;
    }

    /** Searches the heap. */
    public LeakReport find() {
        walk.forEach((header, _) -> countReferences(header));
        walk.forEach((header, _) -> addLeakedRoot(header));
        rootCount = foundCount;
        while (next < foundCount) {
            long header = found[next++];
            tell(header);
            follow(header);
        }
        long leaked = foundCount;
        walk.forEach((header, _) -> addImmortal(header));
        while (next < foundCount) {
            follow(found[next++]);
        }
        return new LeakReport(
                heapName,
                rootCount,
                objects,
                bytes,
                typeRows(),
                siteRows(),
                roots(),
                paths(),
                foundCount - leaked,
                holders - foundCount);
    }

    // ---- the search

    private void countReferences(long header) {
        if (!types.knows(HeaderWord.type(getLong(header))) || !holding.holds(header)) {
            return; // damaged, or dead, its header held: its fields are no references any more
        }
        holders++;
        References.strongSlots(
                types.of(header),
                header,
                slot -> {
                    long object = getLong(slot);
                    if (isObject(object)) {
                        references.add(object - HeaderWord.BYTES, 1);
                    }
                });
    }

    private void addLeakedRoot(long header) {
        if (types.knows(HeaderWord.type(getLong(header)))
                && !holding.immortal(header)
                && outside(header) > 0) {
            add(header, NONE);
        }
    }

    private void addImmortal(long header) {
        if (holding.immortal(header) && parents.get(header) == 0) {
            add(header, NONE);
        }
    }

    /** Of a damaged heap what is still whole is told: a reference may lead anywhere. */
    private boolean isObject(long object) {
        long header = object - HeaderWord.BYTES;
        return object != 0
                && walk.whyNotABlock(header) == null
                && types.knows(HeaderWord.type(getLong(header)));
    }

    private long outside(long header) {
        return holding.strong(header) - references.get(header);
    }

    private void follow(long header) {
        References.strongSlots(
                types.of(header),
                header,
                slot -> {
                    long object = getLong(slot);
                    if (isObject(object) && parents.get(object - HeaderWord.BYTES) == 0) {
                        add(object - HeaderWord.BYTES, header);
                    }
                });
    }

    private void add(long header, long parent) {
        parents.put(header, parent);
        if (foundCount == found.length) {
            found = Arrays.copyOf(found, 2 * foundCount);
        }
        found[foundCount++] = header;
    }

    // ---- what is told

    private void tell(long header) {
        String type = type(header).info.name();
        long size = walk.blockBytesAt(header) - Pattern.REDZONE_BYTES;
        boolean root = parents.get(header) == NONE;
        objects++;
        bytes += size;
        long[] row = byType.computeIfAbsent(type, _ -> new long[3]);
        row[0] += root ? 1 : 0;
        row[1]++;
        row[2] += size;
        Site site = sites.of(header);
        String stack = site == null ? "" : site.lines("      ");
        if (site != null) {
            SiteSum sum =
                    bySite.computeIfAbsent(
                            type + stack, _ -> new SiteSum(type, site, site.lines("    ")));
            sum.objects++;
            sum.bytes += size;
        }
        if (root) {
            LeakReport.Root told =
                    new LeakReport.Root(type, header + HeaderWord.BYTES, outside(header), stack);
            if (rootKinds.add(type + stack)) {
                firstRoots.add(told);
            } else if (moreRoots.size() < MOST_ROOTS) {
                moreRoots.add(told);
            }
        } else {
            examples.putIfAbsent(type, header);
        }
    }

    private List<LeakReport.Type> typeRows() {
        return byType.entrySet().stream()
                .map(
                        each -> {
                            long[] row = each.getValue();
                            return new LeakReport.Type(each.getKey(), row[0], row[1], row[2]);
                        })
                .sorted(
                        Comparator.comparingLong(LeakReport.Type::bytes)
                                .reversed()
                                .thenComparing(LeakReport.Type::type))
                .toList();
    }

    private List<LeakReport.Site> siteRows() {
        Collection<SiteSum> sums = bySite.values();
        return sums.stream()
                .map(
                        each ->
                                new LeakReport.Site(
                                        each.type,
                                        each.objects,
                                        each.bytes,
                                        each.site.thread(),
                                        each.stack))
                .sorted(
                        Comparator.comparingLong(LeakReport.Site::bytes)
                                .reversed()
                                .thenComparing(LeakReport.Site::type))
                .toList();
    }

    private List<LeakReport.Root> roots() {
        List<LeakReport.Root> roots = new ArrayList<>(firstRoots);
        roots.addAll(moreRoots);
        return roots.subList(0, Math.min(MOST_ROOTS, roots.size()));
    }

    private List<LeakReport.Path> paths() {
        ReferencePath path = new ReferencePath(types);
        return typeRows().stream()
                .map(LeakReport.Type::type)
                .filter(examples::containsKey)
                .map(type -> new LeakReport.Path(type, path.text(wayTo(examples.get(type)))))
                .toList();
    }

    /** Headers from a leaked root to an object. */
    private List<Long> wayTo(@Nullable Long object) {
        List<Long> way = new ArrayList<>();
        for (long header = object == null ? NONE : object;
                header != NONE;
                header = parents.get(header)) {
            way.add(header);
        }
        return way.reversed();
    }

    private HeapType type(long header) {
        return types.at(HeaderWord.type(getLong(header)));
    }
}
