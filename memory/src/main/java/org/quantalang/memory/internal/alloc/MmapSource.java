package org.quantalang.memory.internal.alloc;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.quantalang.memory.internal.object.Memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Address space by {@code mmap} on Linux. Reserving costs no memory: pages become resident when
 * they are first written, so that {@link #commit} has nothing to do.
 *
 * <p>Any thread.
 */
final class MmapSource implements PageSource {
    private static final int PROT_READ_WRITE = 0x1 | 0x2;
    // MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE (Linux x86-64 and AArch64)
    private static final int MAP_FLAGS = 0x02 | 0x20 | 0x4000;
    private static final int MADV_DONTNEED = 4;
    private static final long MAP_FAILED = -1;

    // Restricted: the three prototypes below are those of the Linux manual pages.
    private static final MethodHandle MMAP =
            downcall(
                    "mmap",
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                            JAVA_LONG));
    private static final MethodHandle MUNMAP =
            downcall("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MADVISE =
            downcall("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

    MmapSource() {}

    @Override
    public long reserve(long wantedBytes) {
        long bytes = HeapSpace.pageUp(wantedBytes);
        // One page more, to align the start; what is too much goes back at once.
        long mapped = map(bytes + PageTable.PAGE_BYTES);
        if (mapped == MAP_FAILED) {
            return REFUSED;
        }
        long start = (mapped + PageTable.PAGE_BYTES - 1) & -PageTable.PAGE_BYTES;
        unmap(mapped, start - mapped);
        unmap(start + bytes, mapped + PageTable.PAGE_BYTES - start);
        if (start + bytes > Memory.ADDRESS_LIMIT) {
            unmap(start, bytes);
            return REFUSED;
        }
        return start;
    }

    @Override
    public boolean commit(long address, long bytes) {
        return true;
    }

    @Override
    public void decommit(long address, long bytes) {
        try {
            int _ = (int) MADVISE.invokeExact(address, bytes, MADV_DONTNEED);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    @Override
    public void release(long address, long bytes) {
        unmap(address, HeapSpace.pageUp(bytes));
    }

    @Override
    public boolean reservesWithoutMemory() {
        return true;
    }

    @Override
    public long largestReservation() {
        return 1L << 46;
    }

    @Override
    public String name() {
        return "mmap";
    }

    private static long map(long bytes) {
        try {
            return (long) MMAP.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_FLAGS, -1, 0L);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    private static void unmap(long address, long bytes) {
        if (bytes == 0) {
            return;
        }
        try {
            int _ = (int) MUNMAP.invokeExact(address, bytes);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle downcall(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        MemorySegment symbol =
                linker.defaultLookup()
                        .find(name)
                        .orElseThrow(
                                () ->
                                        new UnsupportedOperationException(
                                                "the C library has no " + name));
        return linker.downcallHandle(symbol, descriptor);
    }

    private static AssertionError unexpected(Throwable failure) {
        return new AssertionError("a downcall handle threw", failure);
    }
}
