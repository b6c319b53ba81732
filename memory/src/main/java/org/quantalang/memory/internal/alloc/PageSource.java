package org.quantalang.memory.internal.alloc;

import org.quantalang.memory.internal.object.Memory;
import org.quantalang.memory.internal.tuning.TuningProperty;

import java.util.List;

/**
 * Where address space comes from and where memory goes back to. One heap reserves one range; pages
 * of it are committed before first use and given back when empty.
 *
 * <p>Failure is a value here, not an exception, so that a heap can leave its state unchanged.
 */
public interface PageSource {
    /** What {@link #reserve} answers when the system refuses. */
    long REFUSED = 0;

    /**
     * Reserves {@code bytes} of zeroed address space below {@link Memory#ADDRESS_LIMIT}, or a
     * little more to make them whole pages.
     *
     * @return its address, a multiple of {@code PageTable.PAGE_BYTES}, or {@link #REFUSED}
     */
    long reserve(long bytes);

    /** Makes a reserved range usable. Returns false if there is no memory for it. */
    boolean commit(long address, long bytes);

    /** Gives the memory of a range back; the addresses stay reserved and may be committed again. */
    void decommit(long address, long bytes);

    /** Gives a whole reservation back. */
    void release(long address, long bytes);

    /** Whether reserved address space takes no memory before it is used. */
    boolean reservesWithoutMemory();

    /** The most that is worth asking {@link #reserve} for. */
    long largestReservation();

    /** Name for reports. */
    String name();

    /** The source for systems without a call of their own here. */
    static PageSource arena() {
        return new ArenaSource();
    }

    /**
     * The source for this system: mapped memory on Linux, {@code Arena} elsewhere or when the
     * system property {@code quanta.heap.pageSource} is {@code arena}, not {@code mmap}.
     */
    static PageSource forThisSystem() {
        boolean linux = System.getProperty("os.name", "").startsWith("Linux");
        List<String> there = linux ? List.of("mmap", "arena") : List.of("arena");
        String source = TuningProperty.word("quanta.heap.pageSource", there);
        return source.equals("mmap") ? new MmapSource() : new ArenaSource();
    }
}
