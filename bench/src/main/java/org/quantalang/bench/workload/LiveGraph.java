package org.quantalang.bench.workload;

import org.quantalang.memory.ConfinedHeap;

/**
 * A ring of nodes with two random edges each; the returned table holds a reference to every one.
 */
final class LiveGraph {
    private LiveGraph() {}

    static long[] build(ConfinedHeap heap, int live, MinimalStandard random) {
        long[] table = new long[live];
        for (int i = 0; i < live; i++) {
            table[i] = Node.create(heap, i);
        }
        for (int i = 0; i < live; i++) {
            Node.share(heap, table[i], Node.A, table[(i + 1) % live]);
            Node.share(heap, table[i], Node.B, table[(int) random.next(live)]);
            Node.share(heap, table[i], Node.C, table[(int) random.next(live)]);
        }
        return table;
    }
}
