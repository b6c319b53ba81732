package org.quantalang.memory.internal.debug;

import org.quantalang.memory.inspect.Histogram;
import org.quantalang.memory.inspect.SizeClassStats;
import org.quantalang.memory.inspect.TypeCounts;
import org.quantalang.memory.internal.alloc.BlockWalk;
import org.quantalang.memory.internal.alloc.BlockWalk.BlockVisitor;
import org.quantalang.memory.internal.alloc.PageAccount;
import org.quantalang.memory.internal.alloc.SizeClass;
import org.quantalang.memory.internal.alloc.SizeClassTable;
import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.type.HeapType;
import org.quantalang.memory.internal.type.TypeTable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Counts what a heap holds, by a walk over its pages: per type and per size class. */
public final class HeapCensus {
    private final Supplier<BlockWalk> walk;
    private final TypeTable types;

    /**
     * @param walk over the blocks that are counted, with the totals of the moment
     * @param types what their headers name
     */
    public HeapCensus(Supplier<BlockWalk> walk, TypeTable types) {
        this.walk = walk;
        this.types = types;
    }

    /** {@return how many objects of this type live} */
    public long liveOf(HeapType type) {
        long[] count = new long[1];
        walk.get()
                .forEach(
                        (header, _) ->
                                count[0] +=
                                        HeaderWord.type(Memory.getLong(header)) == type.index
                                                ? 1
                                                : 0);
        return count[0];
    }

    /** {@return live objects and bytes per type, most bytes first} */
    public Histogram histogram() {
        return histogram(walk.get()::forEach);
    }

    /** {@return the same, of an account and all below it} */
    public Histogram histogram(PageAccount account) {
        return histogram(visitor -> walk.get().forEach(account, visitor));
    }

    private Histogram histogram(Consumer<BlockVisitor> blocks) {
        long[][] perType = new long[types.count() + 1][2];
        blocks.accept(
                (header, bytes) -> {
                    int index = HeaderWord.type(Memory.getLong(header));
                    if (index < perType.length) { // else new, beside running threads
                        perType[index][0]++;
                        perType[index][1] += bytes;
                    }
                });
        List<Histogram.Row> rows = new ArrayList<>();
        for (int index = 1; index < perType.length; index++) {
            if (perType[index][0] > 0) {
                rows.add(
                        new Histogram.Row(
                                types.at(index).info.name(), perType[index][0], perType[index][1]));
            }
        }
        rows.sort(Comparator.comparingLong(Histogram.Row::bytes).reversed());
        return new Histogram(rows);
    }

    /** {@return the size classes in use} */
    public List<SizeClassStats> sizeClasses() {
        BlockWalk now = walk.get();
        SizeClassTable classes = now.classes();
        long[][] counts = now.perClass();
        List<SizeClassStats> rows = new ArrayList<>();
        for (int index = 0; index < counts.length; index++) {
            if (counts[index][0] > 0) {
                long bytes = classes.blockBytes(index);
                long live = counts[index][0] - counts[index][1];
                long peak = classes.peakBlocks(index);
                boolean large = index == SizeClass.LARGE;
                rows.add(
                        new SizeClassStats(
                                bytes,
                                counts[index][0],
                                counts[index][1],
                                peak,
                                large ? now.largeLiveBytes() : live * bytes,
                                large ? classes.largePeakBytes() : peak * bytes,
                                classes.pages(index)));
            }
        }
        return List.copyOf(rows);
    }

    /** {@return allocated and freed per type, if they are counted} */
    public List<TypeCounts> typeCounts() {
        List<TypeCounts> rows = new ArrayList<>();
        for (int index = 1; index <= types.count(); index++) {
            HeapType type = types.at(index);
            rows.add(
                    new TypeCounts(
                            type.info.name(), TypeTable.allocated(type), TypeTable.freed(type)));
        }
        return List.copyOf(rows);
    }
}
