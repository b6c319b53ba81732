package org.quantalang.memory.internal.alloc;

import org.quantalang.memory.internal.object.HeaderWord;
import org.quantalang.memory.internal.object.Memory;

import java.util.Locale;
import java.util.function.Consumer;

/**
 * One heap's reserved address range and what lies where in it.
 *
 * <pre>
 *  base
 *  | control 64 KiB | type table | type data | page table | page | page | ...          | end
 *
 *  control:  0      class table: for each size class the entry of its current page
 *            2048   the same, but every class without a page: allocation then takes the slow path
 *            4096   the entry that stands for "no page"
 *            4352   a block that is never one: two zero words, what an empty free list points to
 * </pre>
 *
 * <p>Every part is found from the base by a constant or a shift, so that compiled C needs nothing
 * but the base address. Nothing of it takes memory before it is used.
 */
public final class HeapSpace {
    /** Size classes, those for over-aligned types included. */
    public static final int MAX_SIZE_CLASSES = 256;

    /** Bytes of one type descriptor. */
    public static final long TYPE_BYTES = 128;

    static final long SMALLEST_BYTES = 16 * PageTable.PAGE_BYTES;
    private static final long TYPE_DATA_BYTES_PER_TYPE = 128;
    private static final long NO_CLASS_TABLE = 8L * MAX_SIZE_CLASSES;
    private static final long NO_PAGE = 4096;
    private static final long NO_BLOCK = 4352;

    final PageSource source;

    /** Address of the reservation; a multiple of the page size. */
    public final long base;

    /** Bytes reserved. */
    public final long bytes;

    /** {@code bias + (address >>> 16) * 64} is the page entry of an address. */
    final long entryBias;

    /** The class table; see the class comment. */
    final long classTable;

    final long noClassTable;

    final long noPage;

    /** How many types fit. */
    public final int maxTypes;

    /** Address of the type table. */
    public final long typeTable;

    /** Where names and reference lists of types lie. */
    public final long typeData;

    /** End of the type data. */
    public final long typeDataEnd;

    /** First page that can hold objects. */
    public final long objects;

    /** From there to the end. */
    private final long objectBytes;

    private HeapSpace(PageSource source, long base, long bytes) {
        this.source = source;
        this.base = base;
        this.bytes = bytes;
        long pages = bytes >>> PageTable.PAGE_SHIFT;
        maxTypes = (int) Math.clamp(pages, 256, 1L << HeaderWord.TYPE_BITS);
        classTable = base;
        noClassTable = base + NO_CLASS_TABLE;
        noPage = base + NO_PAGE;
        typeTable = base + PageTable.PAGE_BYTES;
        typeData = typeTable + maxTypes * TYPE_BYTES;
        typeDataEnd = typeData + maxTypes * TYPE_DATA_BYTES_PER_TYPE;
        objects = pageUp(typeDataEnd + pages * PageTable.ENTRY_BYTES);
        objectBytes = base + bytes - objects;
        entryBias = typeDataEnd - (base >>> PageTable.PAGE_SHIFT << PageTable.ENTRY_SHIFT);
    }

    /**
     * Reserves a heap's range. If the system refuses the wanted size, half of it is tried, and so
     * on; a smaller one than wanted is told in the log.
     *
     * @throws OutOfMemoryError if not even a small range is to be had
     */
    public static HeapSpace reserve(PageSource source, long wantedBytes, Consumer<String> notices) {
        // Below the end of addresses, so that rounding up cannot overflow.
        long wanted = pageUp(Math.clamp(wantedBytes, SMALLEST_BYTES, Memory.ADDRESS_LIMIT));
        long size = Math.min(wanted, source.largestReservation());
        for (; size >= SMALLEST_BYTES; size = pageUp(size / 2)) {
            long base = source.reserve(size);
            if (base != PageSource.REFUSED) {
                if (size < wanted) {
                    notices.accept(
                            "heap has less address space than wanted: bytes=%d wantedBytes=%d source=%s"
                                    .formatted(size, wantedBytes, source.name()));
                }
                HeapSpace space = new HeapSpace(source, base, size);
                space.clearControl();
                return space;
            }
        }
        throw new OutOfMemoryError(
                String.format(
                        Locale.ROOT,
                        "no address space for a heap: wantedBytes=%d source=%s; close other heaps"
                                + " or ask for less with HeapConfig.addressSpaceBytes",
                        wantedBytes,
                        source.name()));
    }

    private void clearControl() {
        long noBlock = base + NO_BLOCK;
        PageTable.freeList(noPage, noBlock);
        for (int index = 0; index < MAX_SIZE_CLASSES; index++) {
            Memory.putLong(classTable + 8L * index, noPage);
            Memory.putLong(noClassTable + 8L * index, noPage);
        }
        for (long page = base; page != objects; page += PageTable.PAGE_BYTES) {
            PageTable.kind(entry(page), PageTable.METADATA);
        }
    }

    /** The page entry of an address in this heap. */
    long entry(long address) {
        return entryBias + (address >>> PageTable.PAGE_SHIFT << PageTable.ENTRY_SHIFT);
    }

    /** The first address of the page that has this entry. */
    long pageOf(long entry) {
        return (entry - entryBias) >>> PageTable.ENTRY_SHIFT << PageTable.PAGE_SHIFT;
    }

    /** Whether an address lies where objects can be. */
    public boolean holdsObjectsAt(long address) {
        return Long.compareUnsigned(address - objects, objectBytes) < 0;
    }

    long end() {
        return base + bytes;
    }

    /** Gives everything back. */
    public void release() {
        source.release(base, bytes);
    }

    static long pageUp(long bytes) {
        return (bytes + PageTable.PAGE_BYTES - 1) & -PageTable.PAGE_BYTES;
    }
}
