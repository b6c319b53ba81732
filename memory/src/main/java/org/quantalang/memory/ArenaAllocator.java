package org.quantalang.memory;

import org.quantalang.memory.internal.alloc.PageSource;
import org.quantalang.memory.internal.object.Memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Memory that is handed out piece by piece and taken back all at once: chunks with a pointer that
 * only moves up. (Java's own {@code Arena} keeps its name.)
 *
 * <p>A piece larger than a chunk gets a chunk of its own. {@link #reset} keeps the first chunk for
 * reuse, {@link #clear} keeps none. What is handed out is zeroed. Owner thread only; nothing here
 * is counted, and objects of a heap do not belong here.
 */
public final class ArenaAllocator implements AutoCloseable {
    /** Chunk size if none is asked for. */
    public static final long DEFAULT_CHUNK_BYTES = 1L << 20;

    private static final long CHUNK_GRANULE = 65536;

    private final PageSource source;
    private final long chunkBytes;
    private final List<Chunk> chunks = new ArrayList<>();
    private long top;
    private long limit;
    private long allocatedBytes;
    private boolean closed;

    private record Chunk(long address, long bytes) {}

    private ArenaAllocator(PageSource source, long chunkBytes) {
        if (chunkBytes <= 0 || chunkBytes > Memory.ADDRESS_LIMIT) {
            throw new IllegalArgumentException("no such chunk size: bytes=" + chunkBytes);
        }
        this.source = source;
        this.chunkBytes = TypeInfo.roundUp(chunkBytes, CHUNK_GRANULE);
    }

    /**
     * Makes an arena that takes no memory before its first piece.
     *
     * @return the arena; close it
     */
    public static ArenaAllocator open() {
        return open(DEFAULT_CHUNK_BYTES);
    }

    /**
     * Makes an arena.
     *
     * @param chunkBytes how much to take from the system at a time; rounded up to 64 KiB
     * @return the arena; close it
     */
    public static ArenaAllocator open(long chunkBytes) {
        return new ArenaAllocator(PageSource.forThisSystem(), chunkBytes);
    }

    static ArenaAllocator open(PageSource source, long chunkBytes) {
        return new ArenaAllocator(source, chunkBytes);
    }

    /**
     * Hands out zeroed memory.
     *
     * @param bytes how much; at least 1
     * @param alignment a power of two up to 65536
     * @return its address, valid until {@link #reset}, {@link #clear} or {@link #close}
     * @throws OutOfMemoryError if the system has none; the arena is as before
     */
    public long allocate(long bytes, long alignment) {
        if (bytes <= 0
                || bytes > Memory.ADDRESS_LIMIT
                || alignment < 1
                || Long.bitCount(alignment) != 1
                || alignment > CHUNK_GRANULE) {
            throw new IllegalArgumentException(
                    "arena cannot allocate that: bytes=%d alignment=%d"
                            .formatted(bytes, alignment));
        }
        long start = TypeInfo.roundUp(top, alignment);
        if (top == 0 || start + bytes > limit) {
            if (bytes > chunkBytes) {
                // A chunk of its own; the current one stays the current one.
                long own = newChunk(TypeInfo.roundUp(bytes, CHUNK_GRANULE)).address();
                allocatedBytes += bytes;
                return own;
            }
            Chunk chunk = newChunk(chunkBytes);
            start = chunk.address();
            limit = chunk.address() + chunk.bytes();
        }
        top = start + bytes;
        allocatedBytes += bytes;
        return start;
    }

    /**
     * Hands out 8 bytes that hold {@code value}.
     *
     * @param value the value
     * @return their address
     */
    public long allocateLong(long value) {
        long address = allocate(Long.BYTES, Long.BYTES);
        Memory.putLong(address, value);
        return address;
    }

    private Chunk newChunk(long bytes) {
        if (closed) {
            throw new IllegalStateException("arena is closed: bytes=" + bytes);
        }
        long address = source.reserve(bytes);
        if (address != PageSource.REFUSED && !source.commit(address, bytes)) {
            source.release(address, bytes);
            address = PageSource.REFUSED;
        }
        if (address == PageSource.REFUSED) {
            throw new OutOfMemoryError(
                    String.format(
                            Locale.ROOT,
                            "arena is out of memory: chunkBytes=%d allocatedBytes=%d chunks=%d",
                            bytes,
                            allocatedBytes,
                            chunks.size()));
        }
        Chunk chunk = new Chunk(address, bytes);
        chunks.add(chunk);
        return chunk;
    }

    /** Takes everything back, but keeps the first chunk for what comes next. */
    public void reset() {
        if (chunks.isEmpty()) {
            return;
        }
        Chunk first = chunks.getFirst();
        for (Chunk chunk : chunks.subList(1, chunks.size())) {
            source.release(chunk.address(), chunk.bytes());
        }
        chunks.subList(1, chunks.size()).clear();
        Memory.fill(first.address(), first.bytes(), (byte) 0);
        top = first.address();
        limit = first.address() + first.bytes();
        allocatedBytes = 0;
    }

    /** Takes everything back and gives all chunks to the system; the arena may be used again. */
    public void clear() {
        for (Chunk chunk : chunks) {
            source.release(chunk.address(), chunk.bytes());
        }
        chunks.clear();
        top = 0;
        limit = 0;
        allocatedBytes = 0;
    }

    /** {@return bytes handed out since the last reset or clear} */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /** {@return bytes of all chunks} */
    public long chunkBytes() {
        return chunks.stream().mapToLong(Chunk::bytes).sum();
    }

    @Override
    public void close() {
        clear();
        closed = true;
    }
}
