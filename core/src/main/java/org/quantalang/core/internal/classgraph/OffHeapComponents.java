package org.quantalang.core.internal.classgraph;

import java.util.HashMap;
import java.util.Map;

/**
 * Walks the off-heap graph once from every class and finds its strongly connected components:
 * Tarjan (SIAM Journal on Computing 1(2), 1972) with an explicit stack; the numbers he gives each
 * node are fields of the objects themselves.
 *
 * <p>Owner thread of the heap only.
 */
final class OffHeapComponents {
    private static final int DONE = Integer.MAX_VALUE;

    private final OffHeapGraph graph;
    private final Nodes path = new Nodes();
    private final Nodes open = new Nodes();
    private int[] positions = new int[1024];
    private int nextIndex = 1;

    private final Map<Long, Integer> referrers = new HashMap<>();
    private long references;
    private int components;
    private int largest;
    private long membersOfOtherClasses;

    private OffHeapComponents(OffHeapGraph graph) {
        this.graph = graph;
    }

    static OffHeapComponents of(OffHeapGraph graph) {
        var walk = new OffHeapComponents(graph);
        for (long type : graph.classes()) {
            if (graph.index(type) == 0) {
                walk.strongConnect(type);
            }
        }
        return walk;
    }

    /** Strong references between classes and members. */
    long references() {
        return references;
    }

    int components() {
        return components;
    }

    /** Nodes of the biggest component. */
    int largest() {
        return largest;
    }

    /** For each class, how many references lead to it. */
    Map<Long, Integer> referrers() {
        return referrers;
    }

    /**
     * Members whose weak reference does not lead to the class that lists them; 0 if all is well.
     */
    long membersOfOtherClasses() {
        return membersOfOtherClasses;
    }

    private void strongConnect(long start) {
        enter(start);
        while (!path.isEmpty()) {
            long node = path.top();
            int position = positions[path.size() - 1]++;
            long target = graph.target(node, position);
            if (target == 0) {
                continue;
            }
            if (target == -1) {
                leave();
                continue;
            }
            see(node, target);
            int index = graph.index(target);
            if (index == 0) {
                enter(target);
            } else if (graph.lowLink(target) != DONE) {
                graph.setLowLink(node, Math.min(graph.lowLink(node), index));
            }
        }
    }

    private void see(long node, long target) {
        references++;
        if (graph.isClass(target)) {
            referrers.merge(target, 1, Integer::sum);
        } else if (!graph.ownerIs(target, node)) {
            membersOfOtherClasses++;
        }
    }

    private void enter(long node) {
        graph.setIndex(node, nextIndex);
        graph.setLowLink(node, nextIndex);
        nextIndex++;
        path.push(node);
        open.push(node);
        if (path.size() > positions.length) {
            positions = java.util.Arrays.copyOf(positions, positions.length * 2);
        }
        positions[path.size() - 1] = 0;
    }

    private void leave() {
        long node = path.pop();
        int lowLink = graph.lowLink(node);
        if (lowLink == graph.index(node)) {
            closeComponent(node);
        }
        if (!path.isEmpty()) {
            long parent = path.top();
            graph.setLowLink(parent, Math.min(graph.lowLink(parent), lowLink));
        }
    }

    private void closeComponent(long first) {
        int size = 0;
        long node;
        do {
            node = open.pop();
            graph.setLowLink(node, DONE);
            size++;
        } while (node != first);
        components++;
        largest = Math.max(largest, size);
    }

    /** A stack of addresses. */
    private static final class Nodes {
        private long[] elements = new long[1024];
        private int size;

        void push(long node) {
            if (size == elements.length) {
                elements = java.util.Arrays.copyOf(elements, size * 2);
            }
            elements[size++] = node;
        }

        long pop() {
            return elements[--size];
        }

        long top() {
            return elements[size - 1];
        }

        int size() {
            return size;
        }

        boolean isEmpty() {
            return size == 0;
        }
    }
}
