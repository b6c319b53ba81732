import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * W1, W6 and W7 by the C engine of {@code ../c} word for word, in Java on the Foreign Function &
 * Memory API: what a heap in Java can hope for. All its addresses are constants to the JIT, there is
 * one heap, types are numbers, and it trusts every address, as the C engine does.
 *
 * <p>Accesses are those that cost least: one segment that spans the address space, each address
 * masked so that its check folds away.
 */
public final class CEngine {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final long MASK = (1L << 47) - 1;

    // ---- blocks.h

    private static final int PAGE_SHIFT = 16;
    private static final long PAGE_BYTES = 1L << PAGE_SHIFT;
    private static final int CARVE_BYTES = 4096;
    private static final int CLASSES = 257; // of 16 bytes each: as many as these workloads need

    /** Of a page's entry: free, used, used_full, carved, block_bytes, size_class, next, prev. */
    private static final int ENTRY_SHIFT = 6;

    private static final long USED = 8;
    private static final long USED_FULL = 12;
    private static final long CARVED = 16;
    private static final long BLOCK_BYTES = 20;
    private static final long SIZE_CLASS = 24;
    private static final long NEXT = 32;
    private static final long PREV = 40;

    private static final long RANGE_BYTES = 512 << 20; // chain takes 480 MB of them
    private static final long BASE = aligned(RANGE_BYTES + PAGE_BYTES, PAGE_BYTES);
    private static final long TABLE = aligned(RANGE_BYTES >>> PAGE_SHIFT << ENTRY_SHIFT, 64);
    private static final long TABLE_BIAS = TABLE - (BASE >>> PAGE_SHIFT << ENTRY_SHIFT);
    private static final long CURRENT = aligned(CLASSES * 8, 64);
    private static final long NO_PAGE = aligned(64, 64);

    private static long rangeNext = BASE;
    private static long pool;

    // ---- objects.h

    private static final long WORD_B = 8;
    private static final long PAYLOAD = 16;
    private static final long ONE_STRONG = 1L << 36;
    private static final long HELD = 0x3ffL << 26 | 1 << 18 | 1 << 23;
    private static final long ACYCLIC = 1L << 19;
    private static final long PURPLE = 2L << 16;
    private static final long TYPE_MASK = 0xffff;

    /** Of each: the header of a fresh object, then the number of its slots. */
    private static final long TYPES = aligned(16 * 4, 64);

    private static final int BYTES_TYPE = 1;
    private static final int NODE_TYPE = 2;
    private static final int TREE_TYPE = 3;

    // ---- workloads.c

    private static final int SIZES = 4096;
    private static final long PAYLOAD_BYTES = aligned(SIZES * 4, 64);
    private static final int FIFO_WINDOW = 10_000;
    private static final int LIFO_WINDOW = 100;
    private static final long WINDOW = aligned(FIFO_WINDOW * 8, 64);

    private CEngine() {}

    private static long aligned(long bytes, long alignment) {
        return Arena.global().allocate(bytes, alignment).address();
    }

    private static long get(long address) {
        return ALL.get(JAVA_LONG_UNALIGNED, address & MASK);
    }

    private static long get(long base, long offset) {
        return ALL.get(JAVA_LONG_UNALIGNED, (base & MASK) + offset);
    }

    private static void put(long address, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, address & MASK, value);
    }

    private static void put(long base, long offset, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, (base & MASK) + offset, value);
    }

    private static int getInt(long base, long offset) {
        return ALL.get(JAVA_INT_UNALIGNED, (base & MASK) + offset);
    }

    private static void putInt(long base, long offset, int value) {
        ALL.set(JAVA_INT_UNALIGNED, (base & MASK) + offset, value);
    }

    // ---- blocks

    private static long allocateBlock(long bytes) {
        long sizeClass = bytes + 15 >>> 4;
        long page = get(CURRENT + (sizeClass << 3));
        long block = get(page);
        if (block == 0) {
            return allocateSlow((int) sizeClass);
        }
        put(page, get(block));
        putInt(page, USED, getInt(page, USED) + 1);
        return block;
    }

    private static long allocateSlow(int sizeClass) {
        while (true) {
            long current = CURRENT + 8L * sizeClass;
            long page = get(current);
            if (get(page) != 0) {
                return allocateBlock(16L * sizeClass);
            }
            if (page == NO_PAGE) {
                addPage(sizeClass);
            } else if (getInt(page, CARVED) + getInt(page, BLOCK_BYTES) <= PAGE_BYTES) {
                carve(page);
            } else {
                long next = get(page, NEXT);
                put(current, next == 0 ? NO_PAGE : next);
                if (next != 0) {
                    put(next, PREV, 0);
                }
                putInt(page, USED_FULL, getInt(page, USED));
                putInt(page, USED, 1);
            }
        }
    }

    private static void addPage(int sizeClass) {
        long page = pool;
        if (page != 0) {
            pool = get(page, NEXT);
        } else {
            if (rangeNext + PAGE_BYTES > BASE + RANGE_BYTES) {
                throw new IllegalStateException("the heap's address range is used up");
            }
            page = TABLE_BIAS + (rangeNext >>> PAGE_SHIFT << ENTRY_SHIFT);
            rangeNext += PAGE_BYTES;
        }
        put(page, 0);
        putInt(page, USED, 0);
        putInt(page, USED_FULL, 0);
        putInt(page, CARVED, 0);
        putInt(page, SIZE_CLASS, sizeClass);
        putInt(page, BLOCK_BYTES, 16 * sizeClass);
        queueBehindHead(page);
    }

    private static void queueBehindHead(long page) {
        long current = CURRENT + 8L * getInt(page, SIZE_CLASS);
        long head = get(current);
        if (head == NO_PAGE) {
            put(page, NEXT, 0);
            put(page, PREV, 0);
            put(current, page);
            return;
        }
        long next = get(head, NEXT);
        put(page, NEXT, next);
        put(page, PREV, head);
        if (next != 0) {
            put(next, PREV, page);
        }
        put(head, NEXT, page);
    }

    private static void carve(long page) {
        long first = BASE + (page - TABLE >>> ENTRY_SHIFT << PAGE_SHIFT) + getInt(page, CARVED);
        int bytes = getInt(page, BLOCK_BYTES);
        int room = (int) (PAGE_BYTES - getInt(page, CARVED)) / bytes;
        int count = Math.min(Math.max(1, CARVE_BYTES / bytes), room);
        long at = first;
        for (int i = 1; i < count; i++, at += bytes) {
            put(at, at + bytes);
        }
        put(at, get(page));
        put(page, first);
        putInt(page, CARVED, getInt(page, CARVED) + count * bytes);
    }

    private static void freeBlock(long block) {
        long page = TABLE_BIAS + (block >>> PAGE_SHIFT << ENTRY_SHIFT);
        put(block, get(page));
        put(page, block);
        int used = getInt(page, USED) - 1;
        putInt(page, USED, used);
        if (used == 0) {
            pageIdle(page);
        }
    }

    private static void pageIdle(long page) {
        int full = getInt(page, USED_FULL);
        if (full != 0) {
            putInt(page, USED, full - 1);
            putInt(page, USED_FULL, 0);
            queueBehindHead(page);
        }
        if (getInt(page, USED) == 0 && get(CURRENT + 8L * getInt(page, SIZE_CLASS)) != page) {
            long next = get(page, NEXT);
            put(get(page, PREV), NEXT, next);
            if (next != 0) {
                put(next, PREV, get(page, PREV));
            }
            put(page, NEXT, pool);
            pool = page;
        }
    }

    // ---- objects

    private static void defineType(int type, int slots) {
        put(TYPES + 16L * type, ONE_STRONG | (slots == 0 ? ACYCLIC : 0) | type);
        put(TYPES + 16L * type + 8, slots);
    }

    private static long allocate(int type, long payloadBytes) {
        long object = allocateBlock(PAYLOAD + payloadBytes);
        put(object, get(TYPES + 16L * type));
        put(object, WORD_B, 0);
        return object;
    }

    private static void release(long object) {
        long before = get(object);
        long after = before - ONE_STRONG;
        if (after < ONE_STRONG) {
            lastReference(object, before);
            return;
        }
        put(object, after);
        if ((after & (PURPLE | ACYCLIC)) == 0) {
            throw new IllegalStateException("no workload here has cycles");
        }
    }

    private static void lastReference(long object, long before) {
        if (before < ONE_STRONG) {
            throw new IllegalStateException("release of a dead object");
        }
        if (slots(before) == 0 && (before & HELD) == 0) {
            freeBlock(object);
            return;
        }
        put(object, before - ONE_STRONG);
        takeApart(object);
    }

    private static long slots(long header) {
        return get(TYPES + ((header & TYPE_MASK) << 4) + 8);
    }

    private static void takeApart(long first) {
        long dead = first;
        put(first, WORD_B, 0);
        do {
            long object = dead;
            long header = get(object);
            dead = get(object, WORD_B);
            long slot = object + PAYLOAD;
            long end = slot + (slots(header) << 3);
            for (; slot != end; slot += 8) {
                long child = get(slot);
                if (child != 0) {
                    dead = drop(child, dead);
                }
            }
            if ((header & HELD) == 0) {
                freeBlock(object);
            }
        } while (dead != 0);
    }

    private static long drop(long object, long dead) {
        long after = get(object) - ONE_STRONG;
        if (after < 0) {
            return dead;
        }
        put(object, after);
        if (after < ONE_STRONG) {
            put(object, WORD_B, dead);
            return object;
        }
        return dead;
    }

    // ---- workloads

    private static long buildTree(int depth) {
        long node = allocate(TREE_TYPE, 16);
        put(node, PAYLOAD, 0);
        put(node, PAYLOAD + 8, 0);
        if (depth > 0) {
            put(node, PAYLOAD, buildTree(depth - 1));
            put(node, PAYLOAD + 8, buildTree(depth - 1));
        }
        return node;
    }

    private static long countNodes(long node) {
        long left = get(node, PAYLOAD);
        return left == 0 ? 1 : 1 + countNodes(left) + countNodes(get(node, PAYLOAD + 8));
    }

    private static long buildCountDrop(int depth) {
        long tree = buildTree(depth);
        long nodes = countNodes(tree);
        release(tree);
        return nodes;
    }

    private static long trees(int depth) {
        long nodes = buildCountDrop(depth + 1);
        long longLived = buildTree(depth);
        for (int each = 4; each <= depth; each += 2) {
            for (long i = 0; i < 1L << depth - each + 4; i++) {
                nodes += buildCountDrop(each);
            }
        }
        nodes += countNodes(longLived);
        release(longLived);
        return nodes;
    }

    private static long newBytes(long i) {
        long object = allocate(BYTES_TYPE, getInt(PAYLOAD_BYTES + ((i & SIZES - 1) << 2), 0));
        put(object, PAYLOAD, i);
        return object;
    }

    private static void lifo1(long count) {
        for (long i = 0; i < count; i++) {
            release(newBytes(i));
        }
    }

    private static void lifo100(long count) {
        long end = WINDOW + LIFO_WINDOW * 8;
        for (long i = 0; i < count; i += LIFO_WINDOW) {
            long number = i;
            for (long at = WINDOW; at != end; at += 8) {
                put(at, newBytes(number++));
            }
            for (long at = end; at != WINDOW; at -= 8) {
                release(get(at - 8));
            }
        }
    }

    private static void fifo(long count) {
        long end = WINDOW + FIFO_WINDOW * 8;
        for (long at = WINDOW; at != end; at += 8) {
            put(at, 0);
        }
        long at = WINDOW;
        for (long i = 0; i < count; i++) {
            long object = newBytes(i);
            long oldest = get(at);
            if (oldest != 0) {
                release(oldest);
            }
            put(at, object);
            at = at + 8 == end ? WINDOW : at + 8;
        }
        for (at = WINDOW; at != end; at += 8) {
            if (get(at) != 0) {
                release(get(at));
            }
        }
    }

    private static long chain(long length) {
        long head = 0;
        for (long i = 0; i < length; i++) {
            long node = allocate(NODE_TYPE, 32);
            put(node, PAYLOAD, head);
            put(node, PAYLOAD + 8, 0);
            put(node, PAYLOAD + 16, 0);
            put(node, PAYLOAD + 24, i);
            head = node;
        }
        release(head);
        return length;
    }

    private static long run(String[] arguments) {
        return switch (arguments[0]) {
            case "trees" -> trees(Integer.parseInt(arguments[1]));
            case "chain" -> chain(Long.parseLong(arguments[1]));
            case "alloc" -> {
                long count = Long.parseLong(arguments[2]);
                switch (arguments[1]) {
                    case "lifo1" -> lifo1(count);
                    case "lifo100" -> lifo100(count);
                    case "fifo" -> fifo(count);
                    default -> throw new IllegalArgumentException("no pattern " + arguments[1]);
                }
                yield 0;
            }
            default -> throw new IllegalArgumentException("no workload " + arguments[0]);
        };
    }

    private static long kilobytes(String field) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return 0;
    }

    public static void main(String[] arguments) throws IOException {
        for (int sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
            put(CURRENT + 8L * sizeClass, NO_PAGE);
        }
        defineType(BYTES_TYPE, 0);
        defineType(NODE_TYPE, 3);
        defineType(TREE_TYPE, 2);
        long random = 7;
        for (int i = 0; i < SIZES; i++) {
            random = random * 48271 % 2147483647;
            putInt(PAYLOAD_BYTES, 4L * i, (int) (32 + 16 * (random % 15)));
        }
        int repetitions = Integer.parseInt(arguments[arguments.length - 1]);
        for (int r = 0; r < repetitions; r++) {
            long start = System.nanoTime();
            long checksum = run(arguments);
            double millis = (System.nanoTime() - start) / 1e6;
            System.out.printf(
                    Locale.ROOT, "repetition=%d ms=%.3f checksum=%d%n", r, millis, checksum);
        }
        System.out.printf(
                "peakResidentBytes=%d heapResidentBytes=0%n", kilobytes("VmHWM") * 1024);
    }
}
