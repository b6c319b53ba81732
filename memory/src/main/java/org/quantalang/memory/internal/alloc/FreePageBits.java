package org.quantalang.memory.internal.alloc;

/**
 * Which pages are free: a bit each, and above the bits a tree that leads to the lowest run of a
 * wanted length in as many steps as the tree is high.
 *
 * <pre>
 *  node 1                        all pages
 *       2, 3                     the lower half of them, the upper half
 *       ...
 *       leaves .. 2 leaves - 1   words of 64 bits each
 * </pre>
 *
 * <p>A node knows how many free pages its range starts with, how many it ends with, and the longest
 * run in it; two halves give the same of the whole. The Go runtime finds its pages so
 * (mpagealloc.go).
 *
 * <p>Confined: the pool calls under its lock. Pages are numbers here, from 0.
 */
final class FreePageBits {
    /** What {@link #lowestRun} answers when no run is long enough. */
    static final long NONE = -1;

    private static final int FIRST_LEAVES = 4;

    private long[] words = new long[FIRST_LEAVES];

    // By node. There are as many leaves as words, a power of two; node 0 is not used.
    private int[] head = new int[2 * FIRST_LEAVES];
    private int[] tail = new int[2 * FIRST_LEAVES];
    private int[] longest = new int[2 * FIRST_LEAVES];

    /** Nodes looked at so far: what searches and changes cost, for tests. */
    long looks;

    boolean isFree(long page) {
        long word = page >>> 6;
        return word < words.length && ((words[(int) word] >>> page) & 1) != 0;
    }

    /** Marks pages as free. On OutOfMemoryError nothing has changed. */
    void add(long page, long pages) {
        long last = (page + pages - 1) >>> 6;
        if (last >= words.length) {
            grow(Math.toIntExact(last));
        }
        mark(page, pages, true);
    }

    /** Marks pages as not free that were. */
    void remove(long page, long pages) {
        mark(page, pages, false);
    }

    /** The lowest page that starts so many free ones; {@link #NONE} if none does. */
    long lowestRun(long pages) {
        looks++;
        if (longest[1] < pages) {
            return NONE;
        }
        // The node has such a run, and it is the lowest node of its height that has.
        int node = 1;
        long first = 0;
        long width = 64L * words.length;
        while (node < words.length) {
            looks++;
            node <<= 1;
            width >>>= 1;
            if (longest[node] < pages) {
                if (tail[node] + head[node + 1] >= pages) {
                    return first + width - tail[node];
                }
                node++;
                first += width;
            }
        }
        long starts = starts(words[node - words.length], (int) pages);
        return first + Long.numberOfTrailingZeros(starts);
    }

    /** The bits of a word from which so many ones start. */
    private static long starts(long word, int ones) {
        long starts = word;
        int known = 1;
        while (known < ones) {
            int more = Math.min(known, ones - known);
            starts &= starts >>> more;
            known += more;
        }
        return starts;
    }

    private void mark(long page, long pages, boolean free) {
        long end = page + pages;
        int first = (int) (page >>> 6);
        int last = (int) ((end - 1) >>> 6);
        for (int word = first; word <= last; word++) {
            long mask = word == first ? -1L << page : -1L;
            if (word == last) {
                mask &= -1L >>> -end;
            }
            words[word] = free ? words[word] | mask : words[word] & ~mask;
        }
        changed(first, last);
    }

    /** Brings the nodes above some words up to date, as far up as anything changes. */
    private void changed(int firstWord, int lastWord) {
        boolean changed = false;
        for (int word = firstWord; word <= lastWord; word++) {
            changed |= summarizeWord(word);
        }
        int first = words.length + firstWord;
        int last = words.length + lastWord;
        for (int half = 64; changed && first > 1; half <<= 1) {
            first >>>= 1;
            last >>>= 1;
            changed = false;
            for (int node = first; node <= last; node++) {
                changed |= summarize(node, half);
            }
        }
    }

    private boolean summarizeWord(int index) {
        long word = words[index];
        int most = 0;
        for (long rest = word; rest != 0; rest &= rest << 1) {
            most++;
        }
        return set(
                words.length + index,
                Long.numberOfTrailingZeros(~word),
                Long.numberOfLeadingZeros(~word),
                most);
    }

    /** From the two nodes below, each of so many pages. */
    private boolean summarize(int node, int half) {
        int low = 2 * node;
        int high = low + 1;
        int across = tail[low] + head[high];
        return set(
                node,
                head[low] == half ? half + head[high] : head[low],
                tail[high] == half ? half + tail[low] : tail[high],
                Math.max(across, Math.max(longest[low], longest[high])));
    }

    private boolean set(int node, int newHead, int newTail, int newLongest) {
        looks++;
        if (head[node] == newHead && tail[node] == newTail && longest[node] == newLongest) {
            return false;
        }
        head[node] = newHead;
        tail[node] = newTail;
        longest[node] = newLongest;
        return true;
    }

    private void grow(int word) {
        int leaves = Math.multiplyExact(Integer.highestOneBit(word), 2);
        long[] newWords = new long[leaves];
        int[] newHead = new int[2 * leaves];
        int[] newTail = new int[2 * leaves];
        int[] newLongest = new int[2 * leaves];
        int used = words.length;
        System.arraycopy(words, 0, newWords, 0, used);
        words = newWords;
        head = newHead;
        tail = newTail;
        longest = newLongest;
        changed(0, used - 1);
    }
}
